"""Compare the recorded events of a command with those that were decided again."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple, Self

from plangate.application.results import Result
from plangate.domain.confidence import TOLERANCE
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Erasable


class EventPair(NamedTuple):
    """A recorded event and the one decided in its place; one of them is None if it has no match.

    `place_in_command` counts from 0; for a missing event it is that of the event before it.
    """

    place_in_command: int
    recorded: PlanEvent | None
    decided: PlanEvent | None


class EventFacts(Result):
    """An event's class name (`PlanCreated`, `TaskScored`, …), and its content."""

    event: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, event: PlanEvent | None) -> Self | None:
        """The facts of an event, if there is one, without empty fields."""
        if event is None:
            return None
        facts = event.model_dump(mode="json", exclude_none=True, exclude={"type"})
        return cls(event=type(event).__name__, facts=facts)


def differing(recorded: PlanEvent, decided: PlanEvent) -> tuple[str, ...]:
    """The fields in which two events of one kind differ.

    Numbers within the gate's tolerance are equal, and erased text equals any text.
    """
    if recorded.__dict__ == decided.__dict__:  # much faster than to compare the models
        return ()
    fields = type(recorded).model_fields
    return tuple(
        name
        for name in fields
        if not _equal(getattr(recorded, name), getattr(decided, name))
        and not (getattr(recorded, name) is None and _is_erasable(fields[name].metadata))
    )


def differences(recorded: Sequence[PlanEvent], decided: Sequence[PlanEvent]) -> Iterator[EventPair]:
    """The events of one command that differ, in order.

    An event that only one side has does not make the events after it differ.
    """
    if len(recorded) == len(decided) and not any(map(_differ, recorded, decided)):
        return
    matcher = SequenceMatcher(
        None, list(map(_subject, recorded)), list(map(_subject, decided)), autojunk=False
    )
    for _, begin, end, start, stop in matcher.get_opcodes():
        pairs = zip_longest(recorded[begin:end], decided[start:stop])
        for index, (one, other) in enumerate(pairs, begin):
            if one is None or other is None or _differ(one, other):
                yield EventPair(min(index, max(end - 1, 0)), one, other)


def _differ(recorded: PlanEvent, decided: PlanEvent) -> bool:
    return type(recorded) is not type(decided) or bool(differing(recorded, decided))


def _subject(event: PlanEvent) -> tuple[object, ...]:
    return type(event), getattr(event, "task_id", None), getattr(event, "kind", None)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE
    return one == other


def _is_erasable(metadata: Sequence[object]) -> bool:
    return any(isinstance(one, Erasable) for one in metadata)
