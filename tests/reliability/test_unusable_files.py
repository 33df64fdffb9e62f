"""Files that are not stores, or may not be written, are refused and left unchanged."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import NotAStore, StoreError, StoreTooNew
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.servers.processes import drop_rights


def _database(*statements: str) -> Callable[[Path], None]:
    """A SQLite database of another application."""

    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return make


def _store_cut_to(size: int | None) -> Callable[[Path], None]:
    """A plangate store of which only the first bytes are left; None for half."""

    def make(path: Path) -> None:
        _store(path)
        os.truncate(path, path.stat().st_size // 2 if size is None else size)

    return make


def _store(path: Path) -> None:
    with connect(path) as registry:
        for number in range(20):
            registry.create("Ship it " * 50, [{"title": "Build"}], plan_id=f"p{number}")


FOREIGN = {
    "a text": lambda path: path.write_text("Dear diary\n" * 500),
    "a picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "two letters": lambda path: path.write_bytes(b"Hi"),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "another's tables": _database("CREATE TABLE notes (note TEXT)"),
    "another's tables in WAL mode": _database(
        "PRAGMA journal_mode = WAL", "CREATE TABLE notes (note TEXT)"
    ),
    "another's application id": _database("PRAGMA application_id = 7"),
    "another's user version": _database("PRAGMA user_version = 7"),
    "a store cut in the header": _store_cut_to(50),
    "a store cut after a sector": _store_cut_to(512),
    "a store cut after a page": _store_cut_to(4096),
    "a store cut in half": _store_cut_to(None),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_a_whole_store_is_refused_and_left_alone(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "plans.db")
    before = _bytes_in(tmp_path)

    with pytest.raises(NotAStore, match=r"plans\.db"):
        connect(tmp_path / "plans.db")

    assert _bytes_in(tmp_path) == before


def test_a_store_of_a_newer_plangate_is_refused_and_left_alone(tmp_path: Path) -> None:
    _store(tmp_path / "plans.db")
    _database(f"PRAGMA user_version = {LAYOUT_VERSION + 1}")(tmp_path / "plans.db")
    before = _bytes_in(tmp_path)

    with pytest.raises(StoreTooNew, match=f"layout {LAYOUT_VERSION + 1}"):
        connect(tmp_path / "plans.db")

    assert _bytes_in(tmp_path) == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAStore, match="a folder"):
        connect(tmp_path)


def test_a_file_that_may_only_be_read_is_read_and_never_written(shared_folder: Path) -> None:
    assert _as_nobody(shared_folder / "plans.db") == [
        "opened",
        "read p0",
        "StoreReadOnly",
        "StoreReadOnly",
        "read p0",
    ]


def test_a_file_in_a_folder_that_may_only_be_read_is_read(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)

    assert _as_nobody(shared_folder / "plans.db") == [
        "opened",
        "read p0",
        "StoreReadOnly",
        "StoreReadOnly",
        "read p0",
    ]


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder with a store in it, at a place where everybody may go."""
    folder = Path(tempfile.mkdtemp())
    _store(folder / "plans.db")
    (folder / "plans.db").chmod(0o444)
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def _as_nobody(database: Path) -> list[str]:
    """What a process without rights sees of a store."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(_look_and_touch, database, theirs)
        assert ours.poll(PATIENCE)
        seen: list[str] = ours.recv()
        alone.finish()
    return seen


def _look_and_touch(database: Path, answer: Connection) -> None:
    drop_rights()
    seen = []
    try:
        with connect(database) as registry:
            seen.append("opened")
            uses = (registry.get_status, registry.next_task, registry.delete, registry.get)
            seen += [_outcome(use) for use in uses]
    except StoreError as error:
        seen.append(type(error).__name__)
    answer.send(seen)


def _outcome(use: Callable[[str], Any]) -> str:
    try:
        return f"read {use('p0').plan_id}"
    except StoreError as error:
        return type(error).__name__


def _bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
