"""A right that is missing is named, and is neither a store that is busy nor one to be read only."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plangate.application.errors import StoreForbidden, StoreUnavailable
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.sqlite.errors import translated_for
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.reliability.rights import use_without_rights


@pytest.fixture
def store() -> Iterator[Path]:
    """A store that anyone may use, in a folder that anyone may use."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "plans.db"
    with connect(path) as registry:
        registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id="p")
    path.chmod(0o666)
    folder.chmod(0o777)
    yield path
    folder.chmod(0o777)
    shutil.rmtree(folder)


def used_without_rights(use: str, path: Path) -> tuple[str, str]:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(use_without_rights, use, path, theirs)
        assert ours.poll(PATIENCE)
        kind, why = ours.recv()
        alone.finish()
    return kind, why


def _unreadable(path: Path) -> str:
    path.chmod(0o200)
    return f"no right to read the file {path}"


def _unreadable_log(path: Path) -> str:
    log = Path(f"{path}-wal")
    log.touch()
    log.chmod(0)
    return f"no right to read the file {log}"


def _closed_folder(path: Path) -> str:
    path.parent.chmod(0)
    return f"no right to enter the folder {path.parent}"


def _folder_for_others(path: Path) -> str:
    path.unlink()
    path.parent.chmod(0o555)
    return f"no right to create files in the folder {path.parent}"


@pytest.mark.parametrize("use", ["read", "write"])
@pytest.mark.parametrize("take", [_unreadable, _unreadable_log, _closed_folder, _folder_for_others])
def test_the_missing_right_is_named(store: Path, use: str, take: Callable[[Path], str]) -> None:
    right = take(store)

    assert used_without_rights(use, store) == (
        "StoreForbidden",
        f"this user may not use {store}: {right}",
    )


def test_a_file_that_may_only_be_read_is_a_store_that_may_only_be_read(store: Path) -> None:
    store.chmod(0o444)

    assert used_without_rights("write", store)[0] == "StoreReadOnly"


def test_a_backup_into_a_folder_of_others_is_forbidden(store: Path) -> None:
    kept = store.parent / "kept"
    kept.mkdir()
    kept.chmod(0o555)

    assert used_without_rights("back up", store) == (
        "StoreForbidden",
        f"this user may not use {kept}/backup.db: no right to create files in the folder {kept}",
    )


def test_a_store_with_all_rights_is_used(store: Path) -> None:
    assert used_without_rights("write", store) == ("", "")


def test_what_lacks_no_right_is_to_be_tried_again(store: Path) -> None:
    lost = sqlite3.OperationalError("unable to open database file")
    lost.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN

    with pytest.raises(StoreUnavailable), translated_for(store):
        raise lost


@pytest.mark.parametrize("code", [sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH])
def test_what_sqlite_calls_forbidden_is_forbidden(store: Path, code: int) -> None:
    forbidden = sqlite3.OperationalError("access permission denied")
    forbidden.sqlite_errorcode = code

    with pytest.raises(StoreForbidden, match="may not be used"), translated_for(store):
        raise forbidden
