"""Fast reading of whole records, where nothing about them is unusual; else the models decide."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from plangate.application.uninterrupted import uninterrupted
from plangate.domain import events
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import stands_for
from plangate.infrastructure.stored_events.kinds import StoredKind
from plangate.infrastructure.stored_events.records import Meta
from plangate.infrastructure.stored_events.structs import struct_of


class FastKind(NamedTuple):
    """How records of one kind are decoded, where nothing is unusual about them."""

    decode: Callable[[bytes], Any]
    revive: Callable[[Any], Any]
    as_read: bool
    """Whether a plan is folded from what `decode` gives: it need not become an event."""
    versions: frozenset[int]

    @classmethod
    def of(cls, kind: StoredKind) -> "FastKind":
        """How the records of a kind are decoded."""
        as_read = kind.event in _FOLDED_AS_READ
        return cls(*_decoder(kind.event), as_read, kind.read_as_they_are)


_FOLDED_AS_READ: Final[frozenset[type[PlanEvent]]] = frozenset(
    {
        events.AttemptStarted,
        events.LeaseRenewed,
        events.OutcomeRecorded,
        events.ReplanTriggered,
        events.ScoreRetracted,
        events.ScoringFailed,
        events.TaskScored,
        events.TaskStatusChanged,
    }
)
"""Events that a plan has by the thousands; all their fields are plain values."""


_Decoder = tuple[Callable[[bytes], Any], Callable[[Any], Any]]


@cache
def _decoder(event: type[PlanEvent]) -> _Decoder:
    """What decodes the records of an event, and what makes the event of its struct."""
    return uninterrupted(lambda: _new_decoder(event))


def _new_decoder(event: type[PlanEvent]) -> _Decoder:
    struct, revive = struct_of(event)
    stands_for(struct, event)
    fields: list[Any] = [("event", struct), ("meta", struct_of(Meta)[0])]
    fields.append(("commitments", dict[str, str] | None, None))
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(record).decode, revive
