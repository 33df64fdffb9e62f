"""Copies of a whole store as one SQLite file, taken while others write, and verified."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from plangate.application.errors import NotAStore
from plangate.application.progress import Progress
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sqlite.errors import translated_for
from plangate.infrastructure.sqlite.facts import name_copy
from plangate.infrastructure.sqlite.file_note import SUFFIX, sync
from plangate.infrastructure.sqlite.header import beside
from plangate.infrastructure.sqlite.unchecked import open_beside_writers, open_without_trace

_PAGES_AT_A_TIME: Final = 256
_BESIDE: Final = ("-wal", "-shm", "-journal", SUFFIX)
_EXTENT: Final = """
SELECT count(*), count(*) FILTER (WHERE originator_version = 1), coalesce(max(notification_id), 0)
FROM stored_events
"""


@dataclass(frozen=True)
class Extent:
    """The extent of a store: how many events and plans it holds, and its last position."""

    events: int
    plans: int
    position: int


def copy_file(path: Path, into: Path, progress: Progress) -> Extent:
    """Copy one state of the store at `path`, and return its extent.

    Neither this nor a writer waits for the other. Raises `NotAStore` or `StoreTooNew` for a
    file that is not a store of this version.
    """
    with closing(open_beside_writers(path)) as source:
        source.require_store()

        def pages_copied(_status: int, remaining: int, total: int) -> None:
            progress(total - remaining, total)

        def copy_state(state: Any) -> Extent:
            extent = _extent(state)
            with translated_for(into), closing(sqlite3.connect(into)) as copy:
                # A partial copy is discarded, and `new_file` syncs a complete one.
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                state.connection.backup(copy, pages=_PAGES_AT_A_TIME, progress=pages_copied)
            return extent

        extent = source.read(copy_state)
        with translated_for(into):
            name_copy(into)
    return extent


def verified_extent(path: Path) -> Extent:
    """The extent of a store, after a check of all its pages and indexes.

    Raises `NotAStore` for a damaged file, and as `copy_file` does.
    """
    with closing(open_without_trace(path)) as file:
        file.require_store()
        flaws = file.flaws(most=1)
        if flaws:
            raise NotAStore(f"{path} is damaged ({flaws[0]})")
        return file.read(_extent)


def _extent(cursor: Cursor) -> Extent:
    return Extent(*all_rows(cursor, _EXTENT)[0])


def require_extent(path: Path, expected: Extent) -> None:
    """Raise `NotAStore` unless a copy is undamaged and has the extent of its source."""
    found = verified_extent(path)
    if found != expected:
        raise NotAStore(
            f"{path} holds {found.events} events up to position {found.position} instead of"
            f" {expected.events} up to {expected.position}"
        )


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file to write, which appears at `path` when the block ends, complete and on disk.

    After an error it does not appear. Raises `InvalidInput` where `path` exists, and
    `StoreForbidden` where it may not be made.
    """
    if not path.parent.is_dir():
        raise InvalidInput([Problem("file", f"the folder {path.parent} does not exist")])
    _refuse_taken(path)
    partial = path.with_name(f"{path.name}.{token_hex(4)}.partial")
    with translated_for(path):
        partial.touch(exist_ok=False)
    try:
        partial.chmod(0o600)
        yield partial
        sync(partial)
        _move(partial, path)
        sync(path.parent)
    finally:
        for left in (partial, *(beside(partial, what) for what in _BESIDE)):
            left.unlink(missing_ok=True)


def _move(partial: Path, path: Path) -> None:
    """Give a file its name. A link never replaces a file that another process creates now."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        _refuse_taken(path)
    except OSError:  # a file system without links
        _refuse_taken(path)
        partial.rename(path)


def _refuse_taken(path: Path) -> None:
    # SQLite would take a log that another store left for the new file's.
    for there in (path, beside(path, "-wal"), beside(path, "-journal")):
        if os.path.lexists(there):
            raise InvalidInput([Problem("file", f"{there} exists already, and is left as it is")])
