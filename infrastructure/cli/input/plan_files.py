"""Plan and revision files: YAML or JSON, with errors that name the place."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plangate.application.drafts import PlanDraft, RevisionDraft
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.cli.input.markup import Malformed, Place, read_json, read_yaml
from plangate.infrastructure.cli.input.options import STDIN

MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PlacedProblem(Problem):
    """One thing wrong with a file, and where it stands, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        what = f"{self.field}: {self.message}" if self.field else self.message
        return f"{self.file}:{self.line}:{self.column}: {what}"


class InvalidFile(InvalidInput):
    """A file cannot be read, or what it says is not acceptable."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What a file says, and where each part of it stands."""

    value: Any
    name: str
    places: Mapping[str, Place]

    def placed(self) -> AbstractContextManager[None]:
        """Let what is refused inside the `with` block name its place in the file."""
        return _placed(self.name, self.places)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it stands in a file."""

    draft: PlanDraft
    placed: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """The changes that a file asks for."""

    changes: Sequence[Mapping[str, Any]]
    placed: Callable[[], AbstractContextManager[None]]


def read_plan_file(path: Path) -> PlanFile:
    """The plan in the file at `path`, or on standard input for `-`; raises `InvalidFile`."""
    document = _read(path)
    with document.placed():
        return PlanFile(validate(PlanDraft, document.value), document.placed)


def read_revision_file(path: Path) -> RevisionFile:
    """The changes in a file: a list of them, or an object that has it as `changes`.

    Raises `InvalidFile`.
    """
    document = _read(path)
    if isinstance(document.value, list):
        places = {f"changes{place}": at for place, at in document.places.items()}
        document = _Document(
            {"changes": document.value}, document.name, {"": document.places[""], **places}
        )
    with document.placed():
        draft = validate(RevisionDraft, document.value)
    changes = [change.model_dump(exclude_unset=True) for change in draft.changes]
    return RevisionFile(changes, document.placed)


def read_foreign_file(path: Path) -> Any:
    """What another tool saved as JSON; raises `InvalidFile`."""
    try:
        return read_json(_text(_content(path)))[0]
    except Malformed as error:
        raise _unreadable(path, error) from None


def _read(path: Path) -> _Document:
    name = _name(path)
    try:
        text = _text(_content(path))
        is_json = path.suffix == ".json" or (path == STDIN and text.lstrip().startswith("{"))
        value, places = read_json(text) if is_json else read_yaml(text)
    except Malformed as error:
        raise _unreadable(path, error) from None
    return _Document(value, name, places)


def _unreadable(path: Path, error: Malformed) -> InvalidFile:
    name = _name(path)
    return InvalidFile([PlacedProblem("", str(error), name, error.line, error.column)])


def _name(path: Path) -> str:
    return "stdin" if path == STDIN else str(path)


def _content(path: Path) -> bytes:
    with nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Malformed(f"is larger than {MAX_BYTES} bytes", 1, 1)
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"is not UTF-8: byte 0x{content[error.start]:02X}"
        raise Malformed(what, line, column) from None


@contextmanager
def _placed(name: str, places: Mapping[str, Place]) -> Iterator[None]:
    try:
        yield
    except InvalidInput as refused:
        problems = [_with_place(problem, name, places) for problem in refused.problems]
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise InvalidFile(problems) from None


def _with_place(problem: Problem, name: str, places: Mapping[str, Place]) -> PlacedProblem:
    """The problem with the place of its field, or of what ought to hold the field."""
    around = problem.field
    while around not in places:
        around = around[: max(around.rfind("."), around.rfind("["), 0)]
    place, message = places[around], problem.message
    if around == problem.field and message == "must be text" and place.source is not None:
        bare = f'; put it in quotes: "{place.source}"'
        message += bare if place.source else ", and nothing stands here"
    return PlacedProblem(problem.field, message, name, place.line, place.column)
