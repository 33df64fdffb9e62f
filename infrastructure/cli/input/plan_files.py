"""Plan, revision and configuration files: YAML or JSON, with errors that name the location."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from plangate.application.drafts import PlanDraft, RevisionDraft
from plangate.application.evidence.findings_config import FindingsConfig
from plangate.application.importing.foreign import LocatedProblem
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.cli.input.options import STDIN
from plangate.infrastructure.plan_formats.markup import (
    Malformed,
    SourceLocation,
    read_json,
    read_yaml,
    text_of,
)

MAX_BYTES: Final = 16 * 1024 * 1024

_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class FileProblem(LocatedProblem):
    """One thing wrong with a file, and its location, counted from 1."""

    file: str

    def __str__(self) -> str:
        what = f"{self.field}: {self.message}" if self.field else self.message
        return f"{self.file}:{self.line}:{self.column}: {what}"


class InvalidFile(InvalidInput):
    """A file cannot be read, or its content is not valid."""


@dataclass(frozen=True, slots=True)
class Document(Generic[_Content]):
    """The content of a file, and the location of each of its fields."""

    content: _Content
    name: str
    locations: Mapping[str, SourceLocation]

    @contextmanager
    def located(self) -> Iterator[None]:
        """Name the location in the file of whatever is refused inside the `with` block."""
        try:
            yield
        except InvalidInput as refused:
            raise InvalidFile(in_order(map(self._locate, refused.problems))) from None

    def _locate(self, problem: Problem) -> FileProblem:
        """The problem with the location of its field, or of what should hold the field."""
        field, message = problem.field, problem.message
        while field not in self.locations:
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        location = self.locations[field]
        if field == problem.field and message == "must be text" and location.source is not None:
            quoted = f'; put it in quotes: "{location.source}"'
            message += quoted if location.source else ", but is empty"
        return FileProblem(problem.field, message, location.line, location.column, self.name)

    def as_plan(self) -> "Document[PlanDraft]":
        """The document as a plan file; raises `InvalidFile`."""
        with self.located():
            return Document(validate(PlanDraft, self.content), self.name, self.locations)


def read_plan_file(path: Path) -> Document[PlanDraft]:
    """The plan in the file at `path`, or on standard input for `-`; raises `InvalidFile`."""
    return _read(path).as_plan()


def read_revision_file(path: Path) -> Document[Sequence[Mapping[str, Any]]]:
    """The changes in a file: a list of them, or an object that has it as `changes`.

    Raises `InvalidFile`.
    """
    document = _read(path)
    if isinstance(document.content, list):
        locations = {f"changes{field}": at for field, at in document.locations.items()}
        locations[""] = document.locations[""]
        content = {"changes": document.content}
        document = replace(document, content=content, locations=locations)
    with document.located():
        draft = validate(RevisionDraft, document.content)
    changes = [change.model_dump(exclude_unset=True) for change in draft.changes]
    return replace(document, content=changes)


def read_findings_config(path: Path) -> FindingsConfig:
    """The findings configuration in a file; raises `InvalidFile`."""
    document = _read(path)
    with document.located():
        content = {} if document.content is None else document.content
        return validate(FindingsConfig, content)


def _read(path: Path) -> Document[Any]:
    """The file as JSON where it is named or looks so; otherwise as YAML."""
    with malformed_at(path):
        text = read_text(path)
        is_json = path.suffix == ".json" or (path == STDIN and text.lstrip().startswith("{"))
        content, locations = (read_json if is_json else read_yaml)(text)
        return Document(content, name_of(path), locations)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of the file; those without a location come first."""

    def location(problem: Problem) -> tuple[int, int]:
        return (problem.line, problem.column) if isinstance(problem, FileProblem) else (0, 0)

    return sorted(problems, key=location)


@contextmanager
def malformed_at(path: Path) -> Iterator[None]:
    """Raise `InvalidFile`, with the location, where a file cannot be read."""
    try:
        yield
    except Malformed as error:
        problem = FileProblem("", str(error), error.line, error.column, name_of(path))
        raise InvalidFile([problem]) from None


def name_of(path: Path) -> str:
    """What messages call a file."""
    return "stdin" if path == STDIN else str(path)


def read_text(path: Path) -> str:
    """The text of a file, or of standard input; raises `Malformed`."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Malformed(f"is larger than {MAX_BYTES} bytes", 1, 1)
    return text_of(content)
