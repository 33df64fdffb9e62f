"""Files of other tools as the command line names them: read, with the location of each problem."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from plangate.application.importing.foreign import LocatedProblem
from plangate.application.importing.results import PlanFormat
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.cli.input.options import STDIN
from plangate.infrastructure.cli.input.plan_files import (
    FileProblem,
    InvalidFile,
    in_order,
    malformed_at,
    name_of,
    read_text,
)
from plangate.infrastructure.plan_formats.reading import ReadPlans, read_folder, read_plans

_BUNDLE: Final = b'"plangate-bundle"'
_LOOKED_AT: Final = 200
_GZIP: Final = b"\x1f\x8b"
"""How a bundle begins; nothing else that is imported is packed."""


def is_bundle(path: Path) -> bool:
    """Whether a file, or standard input, begins as a bundle does."""
    if path.is_dir():
        return False
    if path == STDIN:
        beginning = _beginning_of_stdin()
    else:
        with path.open("rb") as stream:
            beginning = stream.read(_LOOKED_AT)
    return beginning.startswith(_GZIP) or _BUNDLE in beginning


def _beginning_of_stdin() -> bytes:
    """The first bytes of standard input, which can be read again."""
    stream = sys.stdin.buffer
    if isinstance(stream, BufferedReader):
        return stream.peek(_LOOKED_AT)[:_LOOKED_AT]
    beginning = stream.read(_LOOKED_AT)
    stream.seek(0)
    return beginning


def read_source(
    path: Path, kind: PlanFormat | None, otherwise: PlanFormat = PlanFormat.TASKMASTER
) -> ReadPlans:
    """The plans in a file, a folder of Backlog.md, or on standard input; raises `InvalidFile`.

    `otherwise` is the format of JSON and YAML in which nothing says whose it is.
    """
    if path.is_dir():
        return read_folder(path)
    name = None if path == STDIN else str(path.absolute())
    with malformed_at(path):
        return read_plans(read_text(path), kind=kind, name=name, otherwise=otherwise)


def source_of(path: Path, store: str) -> str | None:
    """The path by which a file is recognised: relative to the folder of the store."""
    if path == STDIN:
        return None
    folder = Path(store).absolute().parent if "://" not in store and store[-1:] != ":" else None
    return os.path.relpath(path.absolute(), folder) if folder else str(path.absolute())


@contextmanager
def located(path: Path, read: ReadPlans) -> Iterator[None]:
    """Name the location in the file of whatever is refused inside the `with` block."""
    try:
        yield
    except InvalidInput as refused:
        problems = (_located(path, read, one) for one in refused.problems)
        raise InvalidFile(in_order(problems)) from None


def _located(path: Path, read: ReadPlans, problem: Problem) -> Problem:
    """The problem with the location of its field; it may know its line itself."""
    at = read.locate(problem.field)
    if isinstance(problem, LocatedProblem):
        at = problem.line, problem.column
    return (
        problem if at is None else FileProblem(problem.field, problem.message, *at, name_of(path))
    )
