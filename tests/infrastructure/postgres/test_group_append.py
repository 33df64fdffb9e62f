"""What threads record at once in PostgreSQL is one transaction, and each has its own answer."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest

from plangate.application.errors import StoreError, StoreUnavailable
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.postgres.events import _Log
from tests.contracts.test_event_store import entry
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import PATIENCE
from tests.support.stores import postgres_event_store

WAITING_FOR_LOG = """
SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()
"""
UNKNOWN = "whether the command was recorded is unknown"
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM plangate.stored_events"


@pytest.fixture
def line(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    """The line to the server, which can be cut."""
    with CuttingProxy(postgres.port) as line:
        yield line


@pytest.fixture
def store(url: str) -> Iterator[RecorderEventStore]:
    with closing(postgres_event_store(url)) as store:
        yield store


@pytest.fixture
def far_store(
    postgres: PostgresServer, url: str, line: CuttingProxy
) -> Iterator[RecorderEventStore]:
    """A store at the other end of the line."""
    with closing(postgres_event_store(url.replace(str(postgres.port), str(line.port)))) as store:
        yield store


def unsalted(plan_id: str) -> RecordedEvent:
    """A score whose stored bytes another command can write too."""
    scored = entry(plan_id, 2)
    envelope = replace(scored.envelope, idempotency_key=None, arguments_digest=None)
    return replace(scored, envelope=envelope, event=scored.event.model_copy(update={"note": None}))


class Waiting:
    """Commands of threads, of which the first keeps the others waiting."""

    def __init__(self, store: RecorderEventStore, owner: psycopg.Connection) -> None:
        self._store = store
        self.owner = owner
        self._threads = ThreadPoolExecutor(9)
        log = store._recorder
        assert isinstance(log, _Log)
        self._group = log._group._group
        self.lock = log.datastore.lock()
        self.first = self.append(entry("first", 1))
        self.backend = self.waiting_backend()

    def append(self, *events: RecordedEvent) -> "Future[StoredEntry]":
        return self._threads.submit(self._store.append, events)

    def append_all(self, *events: RecordedEvent) -> "list[Future[StoredEntry]]":
        """Append each in a thread of its own, which waits before the next one does."""
        before = len(self._group._waiting)
        answers = []
        for number, event in enumerate(events, start=1):
            answers.append(self.append(event))
            while len(self._group._waiting) < before + number:
                pass
        return answers

    def waiting_backend(self) -> int:
        """The session that waits for the lock of the log."""
        while not (found := self.owner.execute(WAITING_FOR_LOG).fetchall()):
            pass
        return int(found[0][0])

    def end_backend(self, backend: int) -> None:
        self.owner.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])

    def release(self) -> None:
        self.owner.execute("SELECT pg_advisory_unlock(%s, %s)", self.lock)


@contextmanager
def waiting(store: RecorderEventStore, url: str) -> Iterator[Waiting]:
    log = store._recorder
    assert isinstance(log, _Log)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s, %s)", log.datastore.lock())
        held = Waiting(store, owner)
        yield held
        held.release()
        held._threads.shutdown()


def _failures(answers: "list[Future[StoredEntry]]") -> list[str]:
    return [type(one.exception(PATIENCE)).__name__ for one in answers]


def _recorded(store: EventStore) -> list[str]:
    return sorted(one.envelope.event_id for one in store.read_all(limit=99))


def test_those_that_wait_are_committed_together(store: RecorderEventStore, url: str) -> None:
    with waiting(store, url) as held:
        answers = held.append_all(*(entry(f"p{n}", 1) for n in range(6)))
        held.release()
        positions = [one.result(PATIENCE).position for one in (held.first, *answers)]
        assert held.owner.execute(TRANSACTIONS).fetchone() == (2,)
    assert positions == list(range(1, 8))


def test_a_conflict_undoes_its_own_command_alone(store: RecorderEventStore, url: str) -> None:
    store.append([entry("p", 1)])
    with waiting(store, url) as held:
        answers = held.append_all(entry("q", 1), entry("p", 1), entry("p", 2), entry("r", 2))
        held.release()
        assert _failures(answers) == [
            "NoneType",
            "ConcurrentChange",
            "NoneType",
            "PredecessorMissing",
        ]
        assert held.owner.execute(TRANSACTIONS).fetchone() == (3,)
    assert _recorded(store) == ["first@1", "p@1", "p@2", "q@1"]


def test_an_error_of_the_server_fails_its_own_command_alone(
    store: RecorderEventStore, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''not this one''; END';
            CREATE TRIGGER refuse BEFORE INSERT ON plangate.stored_events
                FOR EACH ROW WHEN (NEW.originator_id = 'bad') EXECUTE FUNCTION refuse()
        """)
    with waiting(store, url) as held:
        answers = held.append_all(entry("p", 1), entry("bad", 1), entry("q", 1), entry("r", 1))
        held.release()
        bad = answers.pop(1)
        assert _failures(answers) == ["NoneType"] * 3
        with pytest.raises(StoreError, match="not this one"):
            bad.result(PATIENCE)
    assert _recorded(store) == ["first@1", "p@1", "q@1", "r@1"]


def test_what_a_lost_connection_undid_is_done_again(store: RecorderEventStore, url: str) -> None:
    with waiting(store, url) as held:
        answers = held.append_all(*(entry(f"p{n}", 1) for n in range(4)))
        held.end_backend(held.backend)
        assert isinstance(held.first.exception(PATIENCE), StoreUnavailable)
        held.end_backend(held.waiting_backend())  # that of one which commits for all
        while not any(one.done() for one in answers):
            pass
        held.release()
        assert sorted(_failures(answers)) == ["NoneType"] * 3 + ["StoreUnavailable"]
    assert len(_recorded(store)) == 3


def test_each_finds_its_own_events_where_only_the_answer_was_lost(
    far_store: RecorderEventStore, url: str, line: CuttingProxy
) -> None:
    with waiting(far_store, url) as held:
        answers = held.append_all(*(entry(f"p{n}", 1) for n in range(4)))
        line.lose_the_answer_to(b"COMMIT\0")
        held.release()
        assert sorted(_failures(answers)) == ["NoneType"] * 3 + ["StoreUnavailable"]
        positions = {one.result().position for one in answers if not one.exception()}
        assert positions < {2, 3, 4, 5}
    assert _recorded(far_store) == ["first@1", "p0@1", "p1@1", "p2@1", "p3@1"]


def test_what_another_command_can_have_recorded_is_not_taken_for_ones_own(
    far_store: RecorderEventStore, url: str, line: CuttingProxy
) -> None:
    for plan_id in ("p", "q"):
        far_store.append([entry(plan_id, 1)])
    with waiting(far_store, url) as held:
        answers = held.append_all(unsalted("p"), unsalted("q"))
        line.lose_the_answer_to(b"COMMIT\0")
        held.release()
        assert _failures(answers) == ["StoreUnavailable"] * 2
        assert sum(UNKNOWN in str(one.exception()) for one in answers) == 1
    assert _recorded(far_store) == ["first@1", "p@1", "p@2", "q@1", "q@2"]


def test_what_is_not_recorded_is_a_conflict_and_what_may_be_is_unknown(
    store: RecorderEventStore, url: str
) -> None:
    with waiting(store, url) as held:
        answers = held.append_all(entry("p", 1), entry("q", 1), entry("r", 2))
        held.end_backend(held.backend)
        held.end_backend(held.waiting_backend())
        held.owner.execute("INSERT INTO plangate.stored_events VALUES (9, 'q', 1, 'n', 'erased')")
        held.release()
        failures = _failures(answers)
        assert failures == ["StoreUnavailable", "StoreUnavailable", "PredecessorMissing"]
        assert UNKNOWN in str(answers[1].exception())
