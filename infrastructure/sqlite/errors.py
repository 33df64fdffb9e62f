"""Translates errors of SQLite and the library into `application.errors`."""

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from eventsourcing import persistence

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

_SYSTEM_ERRORS: Final[Mapping[int, tuple[type[errors.StoreError], str]]] = {
    errno.ENOSPC: (errors.StoreFull, "has no space left on its disk"),
    errno.EDQUOT: (errors.StoreFull, "has no space left on its disk"),
    errno.EROFS: (errors.StoreReadOnly, "can be read but not written"),
}


@contextmanager
def translated_for(path: Path, plan_id: str | None) -> Iterator[None]:
    """Translate errors about the store at `path`, and one plan or the whole log."""
    try:
        yield
    except persistence.IntegrityError:
        raise errors.ConcurrentChange(plan_id or "") from None
    except persistence.ConnectionPoolClosedError:
        raise errors.StoreUnavailable(f"the store {path} is closed") from None
    except persistence.ConnectionUnavailableError:
        raise errors.StoreUnavailable(f"{path} is busy; no connection was free in time") from None
    except UnicodeDecodeError as error:  # in a message of SQLite about damage
        raise errors.NotAStore(f"{path} is damaged: a text in it is not UTF-8") from error
    except (persistence.PersistenceError, sqlite3.Error) as error:
        cause = error if isinstance(error, sqlite3.Error) else error.__cause__
        kind, what = _ERRORS.get(primary_code(cause), (errors.StoreUnavailable, "did not answer"))
        raise kind(f"{path} {what} ({cause or error})") from error


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Translate the system's errors, and SQLite's, while the store at `path` is opened.

    Inside a transaction an OSError is another's: a TimeoutError from a signal handler, say.
    """
    try:
        with translated_for(path, None):
            yield
    except OSError as error:
        if error.errno is None:
            raise
        failed = (errors.StoreUnavailable, "cannot be opened")
        kind, what = _SYSTEM_ERRORS.get(error.errno, failed)
        raise kind(f"{path} {what} ({error})") from error


def primary_code(error: BaseException | None) -> int:
    """SQLite's primary result code: the low byte of the extended one; 0 if there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
