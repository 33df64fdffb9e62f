"""Two tellings of one command held side by side: what was recorded, and what was decided again."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple, Self

from plangate.application.results import Result
from plangate.domain.confidence import TOLERANCE
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Erasable


class EventPair(NamedTuple):
    """An event as recorded and as decided again; one is None where the other has no counterpart.

    `place` is that of the recorded event in its command, or of the one after which
    another is missing.
    """

    place: int
    recorded: PlanEvent | None
    decided: PlanEvent | None


class EventFacts(Result):
    """An event as facts: which it is (`PlanCreated`, `TaskScored`, …), and what it says."""

    event: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, event: PlanEvent) -> Self:
        """The facts of an event, without those that it does not state."""
        facts = event.model_dump(mode="json", exclude_none=True)
        return cls(event=type(event).__name__, facts=facts)


def differing(recorded: PlanEvent, decided: PlanEvent) -> tuple[str, ...]:
    """The fields in which two events of one kind differ.

    StateAt within the gate's tolerance are equal, and so are words that were erased
    since and any others.
    """
    if recorded == decided:
        return ()
    fields = type(recorded).model_fields
    return tuple(
        name
        for name in fields
        if not _equal(getattr(recorded, name), getattr(decided, name))
        and not (getattr(recorded, name) is None and _is_erasable(fields[name].metadata))
    )


def differences(recorded: Sequence[PlanEvent], decided: Sequence[PlanEvent]) -> Iterator[EventPair]:
    """The events of one command that are not the same in both tellings, in their order.

    An event that only one of them has does not make those behind it differ.
    """
    if len(recorded) == len(decided) and not any(map(_differ, recorded, decided)):
        return
    matcher = SequenceMatcher(
        None, list(map(_subject, recorded)), list(map(_subject, decided)), autojunk=False
    )
    for _, begin, end, start, stop in matcher.get_opcodes():
        pairs = zip_longest(recorded[begin:end], decided[start:stop])
        for place, (one, other) in enumerate(pairs, begin):
            if one is None or other is None or _differ(one, other):
                yield EventPair(min(place, max(end - 1, 0)), one, other)


def _differ(recorded: PlanEvent, decided: PlanEvent) -> bool:
    return type(recorded) is not type(decided) or bool(differing(recorded, decided))


def _subject(event: PlanEvent) -> tuple[object, ...]:
    return type(event), getattr(event, "task_id", None), getattr(event, "kind", None)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE
    return one == other


def _is_erasable(marks: Sequence[object]) -> bool:
    return any(isinstance(mark, Erasable) for mark in marks)
