"""A log that a test can alter behind everybody's back, and its ledger."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from plangate.application.errors import NotAStore
from plangate.application.event_store import EventFormat
from plangate.application.ledger.ledger import Ledger
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from tests.support.clocks import registry_on
from tests.support.ledgers import FixedKey


class AlteredLog(RecorderEventStore):
    """The entries of another log, as they are or as a test leaves them.

    `entries` are what reading the log gives, `filed` what reading a plan gives, where a
    test wants that to be something else. The log breaks off after `readable` positions.
    """

    def __init__(self, whole: RecorderEventStore) -> None:
        self.entries = list(whole.read_all_stored(limit=10_000))
        self.filed: list[StoredEntry] | None = None
        self.readable = 10**9
        self.unreadable_plans: set[str] = set()
        self.end: int | None = None
        self._codec = whole._codec

    @property
    def format(self) -> EventFormat:
        return self._codec

    def read(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[RecordedEvent]:
        found = self.read_stored(plan_id, after=after, until=until)
        return [self.format.decode(entry) for entry in found]

    def read_stored(
        self, plan_id: str, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEntry]:
        if plan_id in self.unreadable_plans:
            raise NotAStore("an index is damaged")
        return sorted(
            (
                e
                for e in (self.entries if self.filed is None else self.filed)
                if e.plan_id == plan_id
                and str(e.version).isdecimal()
                and after < e.version <= (until or 10**9)
            ),
            key=lambda e: e.version,
        )

    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        if after >= self.readable:
            raise NotAStore("a page is damaged")
        at_most = min(limit, self.readable - after)
        there = sorted(self.entries, key=lambda e: e.position or 0)
        return [e for e in there if (e.position or 0) > after][:at_most]

    def last_position(self) -> int:
        return self.end or max((e.position or 0 for e in self.entries), default=0)

    def at(self, position: int) -> StoredEntry:
        return next(e for e in self.entries if e.position == position)

    def put(self, position: int, /, **changes: object) -> None:
        """Alter the entry at a position."""
        place = self.entries.index(self.at(position))
        self.entries[place] = replace(self.entries[place], **changes)  # type: ignore[arg-type]

    def say(self, position: int, old: str, new: str) -> None:
        """Alter its bytes."""
        state = self.at(position).state
        assert old.encode() in state
        self.put(position, state=state.replace(old.encode(), new.encode()))


class Case:
    """A log of two plans and its ledger, which has taken it in."""

    def __init__(self) -> None:
        self.log = memory_event_store()
        self.leaves = MemoryLedgerStore()
        self.key = FixedKey()
        self.registry: PlanRegistry = registry_on(self.log)
        for plan_id in ("p", "q"):
            self.registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id=plan_id)
            self.registry.score_prompt(plan_id, "a", 0.8, rationale="clear")
            self.registry.score_output(plan_id, "a", 0.9, actor="judge")
        self.ledger = Ledger(self.log, self.leaves, self.key)

    def altered(self) -> AlteredLog:
        """The current log, to be altered."""
        return AlteredLog(self.log)

    def ledger_of(self, log: AlteredLog) -> Ledger:
        """The same ledger over another log."""
        return Ledger(log, self.leaves, self.key)


@pytest.fixture
def case() -> Case:
    return Case()
