"""Translates errors of PostgreSQL and psycopg into `application.errors`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from re import search
from typing import Final

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from plangate.application import errors as ours

_NO_CONNECTION: Final = (ours.StoreUnavailable, "had no connection free in time")
_ERRORS: Final[Mapping[type[psycopg.Error], tuple[type[ours.StoreError], str]]] = {
    errors.DiskFull: (ours.StoreFull, "has no space left on its disk"),
    errors.ReadOnlySqlTransaction: (ours.StoreReadOnly, "can be read but not written"),
    errors.UndefinedTable: (ours.NotAStore, "has no plangate tables"),
    errors.UndefinedColumn: (ours.NotAStore, "has other tables than plangate's"),
    errors.DataCorrupted: (ours.NotAStore, "is damaged"),
    errors.IndexCorrupted: (ours.NotAStore, "is damaged"),
    errors.LockNotAvailable: (ours.StoreUnavailable, "is locked by another writer"),
    errors.QueryCanceled: (ours.StoreUnavailable, "did not answer in time"),
    PoolClosed: (ours.StoreUnavailable, "cannot be reached: the pool is closed"),
    PoolTimeout: _NO_CONNECTION,
    TooManyRequests: _NO_CONNECTION,
}
_REFUSES: Final = "refuses access to this user, who"
_AT_THE_DOOR: Final[Mapping[str, tuple[type[ours.StoreError], str]]] = {
    r"permission denied for database": (ours.StoreForbidden, f"{_REFUSES} may not CONNECT"),
    r'role ".*" does not exist': (ours.StoreForbidden, f"{_REFUSES} is not known there"),
    r'role ".*" is not permitted to log in': (ours.StoreForbidden, f"{_REFUSES} may not LOGIN"),
    r"authentication failed for user|no pg_hba\.conf entry|no password supplied": (
        ours.StoreForbidden,
        f"{_REFUSES} was not authenticated",
    ),
    r'database ".*" does not exist': (ours.NotAStore, "is not there: create the database first"),
}
"""What the server says, in English, as it refuses a connection: libpq gives no code for it."""

_CONFLICTS: Final = (
    errors.UniqueViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)


@contextmanager
def translated_for(
    name: str, plan_id: str | None, missing_right: Callable[[str], str | None]
) -> Iterator[None]:
    """Translate errors about the store `name`, and one plan or the whole log.

    `missing_right` finds what this user may not do, by the server's message.
    """
    try:
        yield
    except _CONFLICTS:
        raise ours.ConcurrentChange(plan_id or "") from None
    except UnicodeDecodeError as error:
        raise ours.NotAStore(f"{name} is damaged: a stored text is not UTF-8") from error
    except errors.InsufficientPrivilege as error:
        refusal = _in_one_line(error)
        what = missing_right(refusal) or "may not do this"
        raise ours.StoreForbidden(f"{name} {_REFUSES} {what} ({refusal})") from error
    except psycopg.Error as error:
        said = str(error) if error.sqlstate is None else ""
        refused = (_AT_THE_DOOR[one] for one in _AT_THE_DOOR if search(one, said))
        known = (_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS)
        kind, what = next(chain(refused, known), (ours.StoreUnavailable, "did not answer"))
        raise kind(f"{name} {what} ({_in_one_line(error)})") from error


def _in_one_line(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
