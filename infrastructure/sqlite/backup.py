"""A copy of a whole store in one SQLite file, taken while others write, and proved."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

from plangate.application.errors import NotAStore
from plangate.application.progress import Progress
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.sqlite.errors import translated_for
from plangate.infrastructure.sqlite.header import beside
from plangate.infrastructure.sqlite.unchecked import (
    beside_writers,
    looked_at,
)

_PAGES_AT_A_TIME: Final = 256
_EXTENT: Final = """
SELECT count(*), count(*) FILTER (WHERE originator_version = 1), coalesce(max(notification_id), 0)
FROM stored_events
"""


@dataclass(frozen=True)
class Extent:
    """What a store holds: so many events, of so many plans, up to a position."""

    events: int
    plans: int
    position: int


def copy_file(path: Path, into: Path, progress: Progress) -> Extent:
    """Copy the store at `path` as it is at one moment; what it held then.

    Nobody waits: neither this for writers, nor they for this. Raises `NotAStore` or
    `StoreTooNew` where there is no store of ours.
    """
    with closing(beside_writers(path)) as source:
        source.require_store()
        with source.reading() as state:
            extent = Extent(*state.execute(_EXTENT).fetchone())

            def pages_copied(_status: int, remaining: int, total: int) -> None:
                progress(total - remaining, total)

            with translated_for(into, None), closing(sqlite3.connect(into)) as copy:
                # Half of a copy is thrown away, and the whole one is waited for on disk.
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                state.connection.backup(copy, pages=_PAGES_AT_A_TIME, progress=pages_copied)
    return extent


def proved(path: Path) -> Extent:
    """What a store holds, once every page and every index of it has been checked.

    Raises `NotAStore` for one that is damaged, and as `copy_file` does.
    """
    with closing(looked_at(path)) as file:
        file.require_store()
        flaws = file.flaws(most=1)
        if flaws:
            raise NotAStore(f"{path} is damaged ({flaws[0]})")
        with file.reading() as cursor:
            return Extent(*cursor.execute(_EXTENT).fetchone())


def require_same(found: Extent, expected: Extent, path: Path) -> None:
    """Raise `NotAStore` unless a copy holds what it should."""
    if found != expected:
        raise NotAStore(
            f"{path} holds {found.events} events up to position {found.position} instead of"
            f" {expected.events} up to {expected.position}"
        )


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file to write, that is at `path` whole and at once when the block is left, or never.

    By then it is on disk. Raises `InvalidInput` rather than take the place of anything.
    """
    if not path.parent.is_dir():
        raise InvalidInput([Problem("file", f"the folder {path.parent} does not exist")])
    _refuse_taken(path)
    partial = path.with_name(f"{path.name}.{token_hex(4)}.partial")
    partial.touch(mode=0o600, exist_ok=False)
    try:
        yield partial
        _wait_for_disk(partial)
        _put(partial, path)
        _wait_for_disk(path.parent)
    finally:
        for left in (partial, *(beside(partial, what) for what in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)


def _put(partial: Path, path: Path) -> None:
    """Give a file its name. A link takes nobody's place, whatever happens at the same time."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        _refuse_taken(path)
    except OSError:  # a file system without links
        _refuse_taken(path)
        partial.rename(path)


def _refuse_taken(path: Path) -> None:
    # A log that another store left would be taken for the new file's.
    for there in (path, beside(path, "-wal"), beside(path, "-journal")):
        if os.path.lexists(there):
            raise InvalidInput([Problem("file", f"{there} is there already, and is left as it is")])


def _wait_for_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
