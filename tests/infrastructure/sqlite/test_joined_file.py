"""Transactions on connections of Python's `sqlite3`."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import plangate
from plangate import ConcurrentChange, TransactionConflict
from tests.support.host import Host, in_a_thread, refuse_to_join, sqlite_host

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Host]:
    """A host on a SQLite file."""
    host = sqlite_host(tmp_path / "plans.db")
    with host.registry:
        host.registry.create("g", TASKS, plan_id="p")
        yield host


def test_a_connection_to_another_file_or_without_transaction_is_refused(
    sqlite: Host, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    plangate.backup(copy, tmp_path / "plans.db")
    for path in (":memory:", tmp_path / "other.db", copy):
        refuse_to_join(sqlite, sqlite3.connect(path), "leads to")
    refuse_to_join(
        sqlite, sqlite3.connect(tmp_path / "plans.db", isolation_level=None), "BEGIN one"
    )


def test_a_newer_layout_is_refused_and_the_lock_of_the_writer_given_back(
    sqlite: Host, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "plans.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    connection = sqlite.connect()
    with (
        pytest.raises(plangate.StoreTooNew, match="layout 99"),
        sqlite.registry.in_transaction(connection),
    ):
        pass
    assert not connection.in_transaction
    sqlite.insert(connection, "p")
    with (
        pytest.raises(plangate.StoreTooNew),
        sqlite.registry.in_transaction(connection),
    ):
        pass
    connection.commit()
    connection.close()

    assert sqlite.rows() == ["p"]


def test_a_connection_of_another_thread_is_refused(sqlite: Host, tmp_path: Path) -> None:
    connections: list[sqlite3.Connection] = []
    in_a_thread(lambda: connections.append(sqlite3.connect(tmp_path / "plans.db")))
    refuse_to_join(sqlite, connections[0], "same thread")


def test_a_connection_may_have_rows_and_texts_of_its_own_kind(sqlite: Host, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "plans.db")
    connection.row_factory = sqlite3.Row
    connection.text_factory = bytes
    with sqlite.registry.in_transaction(connection) as inside:
        assert inside.score_prompt("p", "a", 0.5).goal == "g"
        assert connection.execute("SELECT 'text'").fetchone()[0] == b"text"
    connection.commit()
    connection.close()

    assert sqlite.registry.get_status("p").version == 2


def test_a_transaction_that_read_before_another_writer_must_begin_again(sqlite: Host) -> None:
    connection = sqlite.connect()
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM host").fetchone()
    sqlite.registry.score_prompt("p", "a", 0.5)
    with (
        pytest.raises(TransactionConflict, match="roll it back") as conflict,
        sqlite.registry.in_transaction(connection),
    ):
        pass
    assert isinstance(conflict.value, ConcurrentChange)
    connection.rollback()
    with sqlite.registry.in_transaction(connection) as inside:
        assert inside.score_prompt("p", "a", 0.6).version == 3
    connection.commit()
    connection.close()
