"""What several threads record at once is one transaction, and each has its own answer."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from plangate.application.errors import StoreUnavailable
from plangate.application.event_store import EventStore
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sql.group_commit import Waiting
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.group_commit import Work
from tests.contracts.test_event_store import entry

THREADS = 12


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        yield file


@pytest.fixture
def store(file: SqliteFile) -> EventStore:
    return events_in(file)


@contextmanager
def _kept_waiting(file: SqliteFile, threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads whose commands wait for the writing connection until the block ends."""
    begun, over = Event(), Event()

    def hold(_: Cursor) -> None:
        begun.set()
        over.wait()

    with ThreadPoolExecutor(threads + 1) as pool:
        held = pool.submit(file.write, hold)
        begun.wait()
        try:
            yield pool
        finally:
            over.set()
        held.result()


def _wait_for(file: SqliteFile, waiting: int) -> None:
    while len(file._group._waiting) < waiting:
        pass


def _statements(file: SqliteFile) -> list[str]:
    """What the writing connection executes from now on."""
    executed: list[str] = []
    file._writer.use(lambda connection: connection.set_trace_callback(executed.append))
    return executed


def test_those_that_wait_are_committed_together(file: SqliteFile, store: EventStore) -> None:
    executed = _statements(file)
    with _kept_waiting(file, THREADS) as pool:
        answers = [pool.submit(store.append, [entry(f"p{n}", 1)]) for n in range(THREADS)]
        _wait_for(file, THREADS)
        executed.clear()
    positions = sorted(answer.result().position or 0 for answer in answers)
    assert positions == list(range(1, THREADS + 1))
    assert [statement for statement in executed if "COMMIT" in statement] == ["COMMIT"] * 2
    assert len(store.read_all(limit=100)) == THREADS


def test_a_conflict_undoes_its_own_command_alone(file: SqliteFile, store: EventStore) -> None:
    store.append([entry("p", 1)])
    with _kept_waiting(file, 4) as pool:
        answers: list[Future[object]] = []
        for plan_id, version in [("q", 1), ("p", 1), ("p", 2), ("r", 2)]:
            answers.append(pool.submit(store.append, [entry(plan_id, version)]))
            _wait_for(file, len(answers))
    failed = [type(answer.exception()).__name__ for answer in answers]
    assert failed == ["NoneType", "ConcurrentChange", "NoneType", "PredecessorMissing"]
    assert [e.envelope.event_id for e in store.read_all(limit=9)] == ["p@1", "q@1", "p@2"]


def test_what_a_failed_transaction_undid_is_done_again(file: SqliteFile, store: EventStore) -> None:
    """The first to commit for all is interrupted: it alone says so."""

    def interrupt(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE sqlite_sequence SET seq = 100")
        raise KeyboardInterrupt

    with _kept_waiting(file, 4) as pool:
        interrupted = pool.submit(file.write_statement, interrupt)
        _wait_for(file, 1)
        answers = [pool.submit(store.append, [entry(f"p{n}", 1)]) for n in range(3)]
        _wait_for(file, 4)
    assert isinstance(interrupted.exception(), KeyboardInterrupt)
    assert sorted(answer.result().position or 0 for answer in answers) == [1, 2, 3]


def test_what_was_given_up_is_not_recorded(file: SqliteFile, store: EventStore) -> None:
    done: list[object] = []
    given_up, waiting = Waiting[Work](done.append), Waiting[Work](done.append)
    given_up.withdrawn = True
    file._group._waiting.extend([given_up, waiting])
    store.append([entry("p", 1)])
    assert (len(done), waiting.is_committed, given_up.is_committed) == (1, True, False)


def test_nothing_is_left_of_what_a_closed_file_refuses(file: SqliteFile, store: EventStore) -> None:
    file.close()
    with pytest.raises(StoreUnavailable):
        store.append([entry("p", 1)])
    assert not file._group._waiting


def test_a_child_does_not_record_what_its_parent_waits_to_record(
    file: SqliteFile, store: EventStore
) -> None:
    with _kept_waiting(file, 1) as pool:
        answer = pool.submit(store.append, [entry("p", 1)])
        _wait_for(file, 1)
        group = file._group
        group._renew()  # what a fork does in the child, whose only thread is another one
        assert not group._waiting
    assert answer.result().position == 1
