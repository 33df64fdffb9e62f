"""Translates errors of SQLite into `application.errors`."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from plangate.application import errors

_ERRORS: Final[Mapping[int, tuple[type[errors.StoreError], str]]] = {
    sqlite3.SQLITE_BUSY: (errors.StoreUnavailable, "is locked by another writer"),
    sqlite3.SQLITE_CANTOPEN: (errors.StoreUnavailable, "cannot be opened"),
    sqlite3.SQLITE_CORRUPT: (errors.NotAStore, "is damaged"),
    sqlite3.SQLITE_FULL: (errors.StoreFull, "has no space left on its disk"),
    sqlite3.SQLITE_IOERR: (errors.StoreUnavailable, "cannot be read or written"),
    sqlite3.SQLITE_NOTADB: (errors.NotAStore, "is not a SQLite database"),
    sqlite3.SQLITE_READONLY: (errors.StoreReadOnly, "can be read but not written"),
}


@contextmanager
def translated_for(path: Path) -> Iterator[None]:
    """Translate errors about the store at `path`."""
    try:
        yield
    except UnicodeDecodeError as error:  # in a message of SQLite about damage
        raise errors.NotAStore(f"{path} is damaged: a text in it is not UTF-8") from error
    except sqlite3.Error as error:
        kind, what = _ERRORS.get(primary_code(error), (errors.StoreUnavailable, "did not answer"))
        raise kind(f"{path} {what} ({error})") from error


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte of the extended one; 0 if there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
