"""How a file is opened by those who only read it, without a trace in it or beside it.

SQLite needs its two files beside a store to read what is in the write-ahead log. Where it
may not create them, the store and its log are copied into a temporary folder.
"""

import os
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from plangate.application.errors import NotAStore
from plangate.infrastructure.sqlite.facts import file_uri
from plangate.infrastructure.sqlite.file_bytes import HeldFile, bytes_of
from plangate.infrastructure.sqlite.header import beside, in_use
from plangate.infrastructure.sqlite.write_ahead import why_foreign

IMMUTABLE: Final = "immutable=1"
READ_ONLY: Final = "mode=ro"
READ_WRITE: Final = "mode=rw"

_State = tuple[tuple[int, int, int] | None, ...]


class ReadSource:
    """The file that is read for the one at `path`, until `close`.

    That is the file itself: without its log where there is none, or another file's. Or it
    is a copy, where SQLite could not read the log otherwise. Raises `NotAStore`, or OSError.
    """

    def __init__(self, path: Path, how: str | None) -> None:
        if not path.is_file():
            raise NotAStore(f"there is no file {path}")
        self._original: Final = path
        self._state = _state(path)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.path: Path = path
        self.pragmas: Mapping[str, str | int] = {"query_only": "ON"}
        self.how: str = how or _how(path)
        if self.how == READ_WRITE:
            self.pragmas = {}
        self._held = HeldFile(path, logging=self.how != IMMUTABLE)
        try:
            if self.how == READ_ONLY and not _can_read_log(path):
                self._copy()
        except BaseException:
            self.close()
            raise

    def is_current(self) -> bool:
        """Whether the file is still read as its writers have it."""
        state = _state(self._original)
        return state == self._state or (
            self.how == READ_ONLY and state[0] is not None and state[0][0] == self._inode
        )

    @property
    def _inode(self) -> int:
        return self._held.key.inode

    def _copy(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="plangate-")
        self.path, self.how = Path(self._folder.name, "plans.db"), READ_WRITE
        for source, target in (
            (self._original, self.path),
            (beside(self._original, "-wal"), beside(self.path, "-wal")),
        ):
            if source.exists():
                with bytes_of(source) as file:
                    file.copy_into(target)

    def close(self) -> None:
        """Let go of it, after SQLite has closed it; closing twice is harmless."""
        self._held.close()
        if self._folder is not None:
            self._folder.cleanup()


def _how(path: Path) -> str:
    return READ_ONLY if in_use(path) and why_foreign(path) is None else IMMUTABLE


def _can_read_log(path: Path) -> bool:
    """Whether SQLite can read the file with its log, without creating a file beside it."""
    if beside(path, "-wal").exists() and not beside(path, "-shm").exists():
        return False
    try:
        with closing(sqlite3.connect(file_uri(path, READ_ONLY), uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        cause = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return cause not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
    except sqlite3.DatabaseError:  # who reads it reports that
        return True
    return True


def _state(path: Path) -> _State:
    """What changes when a process writes the file or its log."""
    return tuple(_version(each) for each in (path, beside(path, "-wal")))


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  (much faster, and asked for every transaction)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
