"""A plan's history folded into what a command needs, and kept for the next one.

A `Stream` is a value, so keeping it needs no copying. Events of other processes are
read before each question, together with the last known one: nothing is answered from events
that are no longer in the log. A command may be decided on a stream as it is remembered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, NamedTuple, Self

from rpds import HashTrieMap

from plangate.application.errors import LogWentBack
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.forks import renew_in_child
from plangate.application.plan_cache import PlanCache
from plangate.application.plan_log import is_erased, not_next
from plangate.application.recorded_event import RecordedEvent, StoredEntry, is_same
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanCreated, PlanErased
from plangate.domain.evolve import apply
from plangate.domain.plan import Plan
from plangate.domain.plan_draft import PlanDraft

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
    """A plan, and the receipts by which repeated commands on it are recognised.

    `last` is its newest event as stored, by which others in its place are noticed.
    """

    plan: Plan
    receipts: "HashTrieMap[str, Receipt]" = HashTrieMap()  # noqa: RUF009  (it never changes)
    latest_key: str | None = None
    last: StoredEntry | None = None

    def followed_by(self, entries: Iterable[StoredEntry], stored_as: EventFormat) -> Self:
        """The stream after more events; raises `CorruptEvent` where one is missing."""
        last = self.last
        draft, plan_id, version = PlanDraft(self.plan), self.plan.plan_id, self.plan.version
        receipts, latest = self.receipts, self.latest_key
        for entry, event, command in stored_as.read_to_fold(entries):
            version, kind = version + 1, type(event)
            if entry.version != version or (version == 1) != (kind is PlanCreated):
                raise not_next(plan_id, version, entry.version, entry.position)
            apply(draft, event)
            if kind is PlanErased:
                receipts = _without_digests(receipts)
            if command.idempotency_key is not None:
                latest = command.idempotency_key
                receipt = Receipt(command.arguments_digest, version, version)
                receipts = receipts.insert(latest, receipt)
            elif latest is not None and command.causation_id is not None:
                receipt = receipts[latest]
                if command.causation_id == event_id(plan_id, receipt.first):
                    receipt = Receipt(receipt.arguments_digest, receipt.first, version)
                    receipts = receipts.insert(latest, receipt)
            last = entry
        return self if last is self.last else type(self)(draft.frozen(), receipts, latest, last)

    def led_to(
        self, plan: Plan, command: Sequence[RecordedEvent], last: StoredEntry | None
    ) -> Self:
        """The stream after the events of a command, which were decided on it and led to `plan`."""
        first, receipts = command[0].envelope, self.receipts
        if isinstance(command[0].event, PlanErased):
            receipts = _without_digests(receipts)
        key = first.idempotency_key
        if key is None:
            return type(self)(plan, receipts, self.latest_key, last)
        receipt = Receipt(first.arguments_digest, first.version, plan.version)
        return type(self)(plan, receipts.insert(key, receipt), key, last)


class _Kept(NamedTuple):
    """A stream, and the `changes` of the store as of which it is current, if that is known."""

    stream: Stream
    changes: object = None


class StreamCache:
    """The streams of a store, the recently used ones kept; safe to share between threads."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._begin()
        renew_in_child(self._begin)

    def _begin(self) -> None:
        self._lock = Lock()
        self._kept = PlanCache[_Kept](KEPT_STREAMS)
        self._replayed = Stream(Plan(""))

    def remembered(self, plan_id: str) -> Stream | None:
        """The stream as it was known last, if it was; others may have recorded more since."""
        with self._lock:
            kept = self._kept.get(plan_id)
        return None if kept is None else kept.stream

    def current(self, plan_id: str) -> Stream:
        """The stream with everything that is recorded by now.

        Raises `LogWentBack`, and forgets all plans, where known events are gone.
        """
        changes = self._store.changes()
        with self._lock:
            kept = self._kept.get(plan_id) or _Kept(Stream(Plan(plan_id)))
        if changes is not None and kept.changes == changes:
            return kept.stream
        stream, stored_as = kept.stream, self._store.format
        if stream.last is None:
            read = self._store.folded(plan_id, lambda all_: stream.followed_by(all_, stored_as))
            return self.keep(read, changes)
        known, newer = self._newer(stream)
        return self.keep(known.followed_by(newer, stored_as), changes)

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
        stream, entries = self._newer(stream, until=receipt.last)
        of_command = [entry for entry in entries if entry.version >= receipt.first]
        stored_as = self._store.format
        before = stream.followed_by(entries[: len(entries) - len(of_command)], stored_as)
        events = [stored_as.decode(entry) for entry in of_command]
        stream = before.followed_by(of_command, stored_as)
        with self._lock:
            self._replayed = stream
        return before.plan, stream.plan, events

    def keep(self, stream: Stream, changes: object = None) -> Stream:
        """Remember a stream for its next use, unless a newer one is known.

        It has all that was recorded before the store gave `changes`.
        """
        plan = stream.plan
        if stream.last is None:
            return stream
        with self._lock:
            kept = self._kept.get(plan.plan_id)
            if kept is None or kept.stream.plan.version <= plan.version:
                self._kept.keep(plan.plan_id, _Kept(stream, changes))
        return stream

    def _newer(
        self, known: Stream, until: int | None = None
    ) -> tuple[Stream, Sequence[StoredEntry]]:
        """The stream, if its last event is still in the log, and the entries behind that.

        Where text was erased since, all entries are read again.
        """
        plan, last = known.plan, known.last
        if last is None:
            return known, self._store.read_stored(plan.plan_id, until=until)
        found = self._store.read_stored(plan.plan_id, after=plan.version - 1, until=until)
        if found and is_same(found[0], last):
            placed = known if last.position is not None else replace(known, last=found[0])
            return placed, found[1:]
        if not found or not is_erased(self._store, last, found[0]):
            self._begin_again()
            end = self._store.last_position()
            raise LogWentBack(plan.plan_id, plan.version, last.position, end)
        return Stream(Plan(plan.plan_id)), self._store.read_stored(plan.plan_id, until=until)

    def _begin_again(self) -> None:
        with self._lock:
            self._kept = PlanCache[_Kept](KEPT_STREAMS)
            self._replayed = Stream(Plan(""))


def _without_digests(receipts: "HashTrieMap[str, Receipt]") -> "HashTrieMap[str, Receipt]":
    """Receipts after an erasure: from a digest, the arguments could be guessed."""
    kept = {key: Receipt(None, known.first, known.last) for key, known in receipts.items()}
    return HashTrieMap(kept)
