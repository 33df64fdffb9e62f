"""What is read of another tool's plans: the commands that make each one here, tried in advance.

What does not come along is noted with its place in the source, as a JSON pointer, and
so is what is wrong with it. Nothing is recorded here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from plangate.application.validation import located
from plangate.domain.commands import PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_TITLE, Identifier, Prose

_Model = TypeVar("_Model", bound=BaseModel)
_Step = int | str


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ForeignId = Annotated[Identifier, BeforeValidator(_as_text)]
"""An id of another tool, which may be a whole number there."""

ForeignTitle = Annotated[Prose, Field(max_length=MAX_TITLE)]
"""A title of another tool, which may be blank there."""


class ForeignModel(BaseModel):
    """What another tool keeps. Whatever else it keeps is in `model_extra`."""

    model_config = ConfigDict(frozen=True, extra="allow")


class NotCarried(BaseModel):
    """Something that does not come along as it was: where it stands, what it says, and why not.

    `ours` is what stands here instead, if anything does.
    """

    model_config = ConfigDict(frozen=True)

    pointer: str
    theirs: Any = None
    ours: Any = None
    why: str


@dataclass(frozen=True, slots=True)
class ForeignPlan:
    """A plan of another tool: how it is made here, and what of it does not come along.

    `source` is what the other tool keeps; without `commands` there is nothing to make.
    """

    plan_id: str
    source: object
    commands: Sequence[PlanCommand]
    not_carried: Sequence[NotCarried]
    task_count: int = 0


class Rehearsal:
    """A plan that is made for trial: every command is granted here as it will be in the store."""

    def __init__(self, plan_id: str, place: str, now: datetime) -> None:
        self.plan = Plan(plan_id)
        self.commands: list[PlanCommand] = []
        self._place = place
        self._now = now

    def ask(self, command: PlanCommand) -> None:
        """Grant a command, and remember it if it brings anything about; raises `InvalidInput`."""
        try:
            events = decide(self.plan, command, self._now)
        except InvalidInput as refused:
            raise InvalidInput(
                [Problem(self._place, str(problem)) for problem in refused.problems]
            ) from None
        if events:
            self.plan = fold(self.plan, events)
            self.commands.append(command)


def understood(model: type[_Model], value: object, place: str) -> _Model:
    """`value` as a model of what the other tool keeps; raises `InvalidInput` with the places."""
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        problems = [Problem(place + pointer(*at), what) for at, what in located(refused)]
        raise InvalidInput(problems) from None


def refuse_twice(ids: Iterable[tuple[str, str]]) -> None:
    """Raise `InvalidInput` where an id, which stands at a place, was there before."""
    seen = set()
    for used, place in ids:
        if used in seen:
            raise InvalidInput([Problem(place, f"{used!r} is used twice")])
        seen.add(used)


def pointer(*steps: _Step) -> str:
    """A JSON pointer (RFC 6901) of these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
