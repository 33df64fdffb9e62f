"""One connection that failed spoils nothing for the commands after it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from eventsourcing.persistence import ConnectionUnavailableError

from plangate.application.errors import StoreReadOnly, StoreUnavailable
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.sqlite.file import Datastore
from tests.contracts.test_event_store import entry
from tests.support.stores import sqlite_event_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecorderEventStore]:
    (tmp_path / "here").mkdir()
    with closing(sqlite_event_store(tmp_path / "here" / "plans.db")) as store:
        store.append([entry("p", 1)])
        yield store


def test_a_writer_that_gets_no_connection_bars_no_later_writer(
    store: RecorderEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> NoReturn:
        raise ConnectionUnavailableError

    # The pool's only connection is out, so the writer needs a new one.
    with _datastore(store).get_connection(commit=False), monkeypatch.context() as patch:
        patch.setattr(_datastore(store).pool, "_create_connection", refuse)
        with pytest.raises(StoreUnavailable):
            store.append([entry("p", 2)])

    store.append([entry("p", 2)])

    assert len(store.read("p")) == 2


def test_a_connection_that_failed_is_not_used_again(store: RecorderEventStore) -> None:
    with _datastore(store).get_connection(commit=True) as connection:
        connection.cursor().execute("PRAGMA query_only = 1")
    with pytest.raises(StoreReadOnly):
        store.append([entry("p", 2)])

    store.append([entry("p", 2)])

    assert len(store.read("p")) == 2


def _datastore(store: RecorderEventStore) -> Datastore:
    datastore = store._recorder.datastore  # type: ignore[attr-defined]
    assert isinstance(datastore, Datastore)
    return datastore
