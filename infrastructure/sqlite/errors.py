"""Translates errors of SQLite into `application.errors`."""

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from plangate.application import errors
from plangate.infrastructure.sqlite.rights import missing_right

_ERRORS: Final[Mapping[int, tuple[type[errors.StoreError], str]]] = {
    sqlite3.SQLITE_AUTH: (errors.StoreForbidden, "may not be used by this user"),
    sqlite3.SQLITE_BUSY: (errors.StoreUnavailable, "is locked by another writer"),
    sqlite3.SQLITE_CANTOPEN: (errors.StoreUnavailable, "cannot be opened"),
    sqlite3.SQLITE_CORRUPT: (errors.NotAStore, "is damaged"),
    sqlite3.SQLITE_FULL: (errors.StoreFull, "has no space left on its disk"),
    sqlite3.SQLITE_IOERR: (errors.StoreUnavailable, "cannot be read or written"),
    sqlite3.SQLITE_NOTADB: (errors.NotAStore, "is not a SQLite database"),
    sqlite3.SQLITE_PERM: (errors.StoreForbidden, "may not be used by this user"),
    sqlite3.SQLITE_READONLY: (errors.StoreReadOnly, "can be read but not written"),
}
_PERHAPS_FORBIDDEN: Final = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
"""What SQLite answers to a missing right, and to other causes."""

_ALTERED: Final = ("no such table: ", "no such column: ")
"""The messages about a table or a column that should be there."""

_SYSTEM_ERRORS: Final[Mapping[int, tuple[type[errors.StoreError], str]]] = {
    errno.ENOSPC: (errors.StoreFull, "has no space left on its disk"),
    errno.EDQUOT: (errors.StoreFull, "has no space left on its disk"),
    errno.EROFS: (errors.StoreReadOnly, "can be read but not written"),
}


@contextmanager
def translated_for(path: Path) -> Iterator[None]:
    """Translate errors about the store at `path`."""
    try:
        yield
    except UnicodeDecodeError as error:  # in a message of SQLite about damage
        raise errors.NotAStore(f"{path} is damaged: a text in it is not UTF-8") from error
    except PermissionError as error:
        raise _forbidden(path, missing_right(path) or str(error)) from error
    except sqlite3.Error as error:
        code, right = primary_code(error), missing_right(path)
        if right is not None and code in _PERHAPS_FORBIDDEN:
            raise _forbidden(path, right) from error
        kind, what = _ERRORS.get(code, (errors.StoreUnavailable, "did not answer"))
        if str(error).startswith(_ALTERED):
            kind, what = errors.NotAStore, "has other tables than plangate's"
        raise kind(f"{path} {what} ({error})") from error


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Translate the system's errors, and SQLite's, while the store at `path` is opened.

    Inside a transaction an OSError is another's: a TimeoutError from a signal handler, say.
    """
    try:
        with translated_for(path):
            yield
    except OSError as error:
        if error.errno is None:
            raise
        failed = (errors.StoreUnavailable, "cannot be opened")
        kind, what = _SYSTEM_ERRORS.get(error.errno, failed)
        raise kind(f"{path} {what} ({error})") from error


def _forbidden(path: Path, right: str) -> errors.StoreForbidden:
    return errors.StoreForbidden(f"this user may not use {path}: {right}")


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte of the extended one; 0 if there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
