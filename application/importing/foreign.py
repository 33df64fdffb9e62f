"""What importers share: the data of another tool, and a dry run of the commands it becomes.

What is not carried over, and what is wrong, is noted with its JSON pointer in the
source. Nothing is recorded here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from plangate.application.importing.older_imports import FormerPlan
from plangate.application.json_pointers import json_pointer
from plangate.application.models import Model
from plangate.application.results import Result
from plangate.application.validation import problems_at, validate
from plangate.domain.commands import CreatePlan, PlanCommand
from plangate.domain.decisions import grant
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.event_bounds import require_size
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_TITLE, Identifier, Prose

_Model = TypeVar("_Model", bound=BaseModel)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ForeignId = Annotated[Identifier, BeforeValidator(_as_text)]
"""An id of another tool, which may be a whole number there."""

ForeignTitle = Annotated[Prose, Field(max_length=MAX_TITLE)]
"""A title of another tool, which may be blank there."""


class ForeignModel(Model):
    """Data of another tool. Unknown fields are in `model_extra`."""

    model_config = ConfigDict(frozen=True, extra="allow")


@dataclass(frozen=True, slots=True)
class LocatedProblem(Problem):
    """A problem, and its line and column in a text, counted from 1."""

    line: int
    column: int


class NotCarried(Result):
    """A value that is not carried over as it is: where it is, what it is, and why not.

    `ours` is the value that replaces it, if any. `line` and `column` count from 1, where the
    source is text.
    """

    pointer: str
    line: int | None = None
    column: int | None = None
    theirs: Any = None
    ours: Any = None
    why: str

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """A problem that keeps a value out."""
        line, column = (getattr(problem, name, None) for name in ("line", "column"))
        return cls(pointer=problem.field, line=line, column=column, why=problem.message)

    @property
    def problem(self) -> Problem:
        """What is wrong with the value, where nothing can be read without it."""
        if self.line is None or self.column is None:
            return Problem(self.pointer, self.why)
        return LocatedProblem(self.pointer, self.why, self.line, self.column)


@dataclass(frozen=True, slots=True)
class ForeignPlan:
    """A plan of another tool: the commands that make it here, and what is not carried over.

    `plan` is what they make; without `commands` there is nothing to make. `former` is what an
    earlier version made of the source, where it read it by other rules.
    """

    plan: Plan
    commands: Sequence[PlanCommand]
    not_carried: Sequence[NotCarried]
    former: FormerPlan | None = None


class DryRun:
    """Makes a plan of another tool in memory, to collect the commands that the store will accept.

    `pointer` is where the plan is in the source.
    """

    def __init__(self, plan_id: str, pointer: str, now: datetime) -> None:
        self.plan = Plan(plan_id)
        self.pointer = pointer
        self._now = now
        self._commands: list[PlanCommand] = []
        self._not_carried: list[NotCarried] = []

    def create(self, fields: Mapping[str, object]) -> None:
        """Create the plan; raises `InvalidInput`."""
        try:
            self.handle(validate(CreatePlan, fields))
        except InvalidInput as refused:
            problems = [Problem(self.pointer, str(problem)) for problem in refused.problems]
            raise InvalidInput(problems) from None

    def handle(self, command: PlanCommand) -> None:
        """Decide a command, and remember it if it has events."""
        events, after = grant(self.plan, command, self._now)
        require_size(events)
        self.plan = after
        if events:
            self._commands.append(command)

    def omit(self, at: str, why: str, theirs: Any = None, ours: Any = None) -> None:
        """Note that a value, `at` a pointer in the plan, is not carried over, or is `ours`."""
        pointer = self.pointer + at
        self._not_carried.append(NotCarried(pointer=pointer, theirs=theirs, ours=ours, why=why))

    def result(self) -> ForeignPlan:
        """The plan as collected; one without tasks is not made here."""
        if not self.plan.order:
            self.omit("/tasks", "a plan without tasks is none here")
        return ForeignPlan(self.plan, self._commands, self._not_carried)


def parse(model: type[_Model], value: object, pointer: str) -> _Model:
    """The other tool's data as a model; raises `InvalidInput` with JSON pointers."""
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        found = problems_at(refused)
        problems = [Problem(pointer + json_pointer(*path), what) for path, what in found]
        raise InvalidInput(problems) from None


def refuse_duplicates(ids: Iterable[tuple[str, str]]) -> None:
    """Raise `InvalidInput` at the JSON pointer of the first id that occurred before."""
    seen = set()
    for used, pointer in ids:
        if used in seen:
            raise InvalidInput([Problem(pointer, f"{used!r} is used twice")])
        seen.add(used)
