"""A plan's history folded into what a command needs, and kept for the next one.

A `Stream` is a value, so keeping it needs no copying. Events of other processes are
read before each use; a version conflict therefore only means that one of them was
faster between reading and writing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Self

from rpds import HashTrieMap

from plangate.application.event_store import EventStore
from plangate.application.plan_cache import PlanCache
from plangate.application.plan_log import steps
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanErased
from plangate.domain.plan import Plan

KEPT_STREAMS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an idempotency key stands for: a command's arguments, and its events.

    Once the plan's text is erased, nothing is known of the arguments.
    """

    arguments_digest: str | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A plan, and the receipts by which repeated commands on it are recognised."""

    plan: Plan
    receipts: "HashTrieMap[str, Receipt]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    latest_key: str | None = None

    def followed_by(self, events: Iterable[RecordedEvent]) -> Self:
        """The stream after more events; raises `CorruptEvent` where one is missing."""
        plan, receipts, latest = self.plan, self.receipts, self.latest_key
        for _, recorded, plan in steps(self.plan, events):
            envelope = recorded.envelope
            if isinstance(recorded.event, PlanErased):
                receipts = _without_digests(receipts)
            if envelope.idempotency_key is not None:
                latest = envelope.idempotency_key
                receipt = Receipt(envelope.arguments_digest, plan.version, plan.version)
                receipts = receipts.insert(latest, receipt)
            elif latest is not None and envelope.causation_id is not None:
                receipt = receipts[latest]
                if envelope.causation_id == event_id(plan.plan_id, receipt.first):
                    receipt = Receipt(receipt.arguments_digest, receipt.first, plan.version)
                    receipts = receipts.insert(latest, receipt)
        return type(self)(plan, receipts, latest)

    def led_to(self, plan: Plan, command: Sequence[RecordedEvent]) -> Self:
        """The stream after the events of a command, which were decided on it and led to `plan`."""
        first, receipts = command[0].envelope, self.receipts
        if isinstance(command[0].event, PlanErased):
            receipts = _without_digests(receipts)
        key = first.idempotency_key
        if key is None:
            return type(self)(plan, receipts, self.latest_key)
        receipt = Receipt(first.arguments_digest, first.version, plan.version)
        return type(self)(plan, receipts.insert(key, receipt), key)


class StreamCache:
    """The streams of a store, the recently used ones kept; safe to share between threads."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._kept = PlanCache[Stream](KEPT_STREAMS)
        self._replayed = Stream(Plan(""))
        self._lock = Lock()

    def current(self, plan_id: str) -> Stream:
        """The stream with everything that is recorded by now."""
        with self._lock:
            kept = self._kept.get(plan_id) or Stream(Plan(plan_id))
        newer = self._store.read(plan_id, after=kept.plan.version)
        return self.keep(kept.followed_by(newer)) if newer else kept

    def as_recorded(
        self, current: Stream, receipt: Receipt
    ) -> tuple[Plan, Plan, Sequence[RecordedEvent]]:
        """The plan before and after a command, and that command's events.

        Commands are often repeated in their old order, as when a file is applied again, so
        each answer continues where the one before it ended; unless text that it knows
        has been erased since.
        """
        plan_id = current.plan.plan_id
        with self._lock:
            stream = self._replayed
        if (
            stream.plan.plan_id != plan_id
            or stream.plan.version >= receipt.first
            or stream.plan.erasures != current.plan.erasures
        ):
            stream = Stream(Plan(plan_id))
        events = self._store.read(plan_id, after=stream.plan.version, until=receipt.last)
        of_command = [e for e in events if e.envelope.version >= receipt.first]
        before = stream.followed_by(events[: len(events) - len(of_command)])
        stream = before.followed_by(of_command)
        with self._lock:
            self._replayed = stream
        return before.plan, stream.plan, of_command

    def keep(self, stream: Stream) -> Stream:
        """Remember a stream for its next use, unless a newer one is known."""
        plan = stream.plan
        with self._lock:
            kept = self._kept.get(plan.plan_id)
            if kept is None or kept.plan.version < plan.version:
                self._kept.keep(plan.plan_id, stream)
        return stream


def _without_digests(receipts: "HashTrieMap[str, Receipt]") -> "HashTrieMap[str, Receipt]":
    """Receipts after an erasure: from a digest, the arguments could be guessed."""
    kept = {key: Receipt(None, known.first, known.last) for key, known in receipts.items()}
    return HashTrieMap(kept)
