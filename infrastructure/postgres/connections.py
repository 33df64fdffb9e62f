"""Connections to a PostgreSQL server: a few of our own, or those of a pool handed to us.

Our own are opened by the caller who needs one, so that what is wrong is told at
once and in the server's own words, and a server that comes back is used by the
next command. No password ever stands in a name or a message made here.
"""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from threading import BoundedSemaphore, Lock
from typing import Any, Final, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from plangate.application.errors import NotAStore, StoreUnavailable

Connection = psycopg.Connection[Any]

CONNECTIONS: Final = 10
"""How many connections one registry holds at most."""

WAIT: Final = 30.0
"""Seconds to wait for one of them."""

_PATIENT: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "fallback_application_name": "plangate",
}
"""So that no call waits for ever on a server that is gone. An address may say otherwise."""

_SESSION: Final = (
    "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=10s"
)
_UNAMBIGUOUS: Final = re.compile(r"[^/?@]*@?[^/?@]*(/[^/?@]*)?(\?.*)?", re.DOTALL)


class Connections(Protocol):
    """Where connections come from, and what the place is called in messages."""

    name: str

    def one(self) -> AbstractContextManager[Connection]:
        """A connection in autocommit mode, for one caller at a time."""
        ...

    def close(self) -> None:
        """Let go of what is ours."""
        ...


class OwnConnections:
    """Connections to the server at a libpq URL, kept and used again."""

    def __init__(self, address: str) -> None:
        given = _understood(address)
        self.name = _name(given)
        options = given.get("options") or os.environ.get("PGOPTIONS", "")
        said = _PATIENT | given | {"options": f"{_SESSION} {options}", "client_encoding": "utf8"}
        self._conninfo = make_conninfo("", **said)
        self._vacancies = BoundedSemaphore(CONNECTIONS)
        self._lock = Lock()
        self._idle: list[Connection] = []
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection that was there a moment ago, or a new one."""
        if not self._vacancies.acquire(timeout=WAIT):
            raise StoreUnavailable(f"all {CONNECTIONS} connections to {self.name} are busy")
        try:
            connection = self._idle_one() or psycopg.connect(self._conninfo, autocommit=True)
            try:
                yield connection
            finally:
                self._put_back(connection)
        finally:
            self._vacancies.release()

    def close(self) -> None:
        """Close every connection; those in use when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _idle_one(self) -> Connection | None:
        while True:
            with self._lock:
                if self._closed:
                    raise StoreUnavailable(f"the store on {self.name} is closed")
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if _answers(connection):
                return connection
            connection.close()

    def _put_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and connection.info.transaction_status == TransactionStatus.IDLE:
                self._idle.append(connection)
                return
        connection.close()


class LentConnections:
    """The connections of a pool that somebody else set up and will close."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        if not isinstance(pool, ConnectionPool):
            raise NotAStore(
                f"an {type(pool).__name__} is no address, path or psycopg ConnectionPool"
            )
        self.name = f"the PostgreSQL behind the pool {pool.name!r}"
        self._pool = pool
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """One of the pool's connections, for a while in autocommit mode."""
        if self._closed:
            raise StoreUnavailable(f"the store on {self.name} is closed")
        with self._pool.connection() as connection:
            before = connection.autocommit
            connection.autocommit = True
            try:
                yield connection
            finally:
                with suppress(psycopg.Error):  # what is broken, its pool throws away
                    connection.autocommit = before

    def close(self) -> None:
        """Use the pool no more."""
        self._closed = True


def _understood(address: str) -> dict[str, Any]:
    """What libpq reads in a URL. A refusal repeats nothing of it: any part may be a password."""
    if not _UNAMBIGUOUS.fullmatch(address.partition("://")[2]):
        raise NotAStore(
            "the PostgreSQL address can be read in more than one way: "
            "in a user name, a password or a database write @ as %40, / as %2F and ? as %3F"
        )
    try:
        return conninfo_to_dict(address)
    except psycopg.Error:
        raise NotAStore(
            "libpq does not understand the PostgreSQL address; "
            "it should look like postgresql://user:password@host:5432/database"
        ) from None


def _name(given: dict[str, Any]) -> str:
    database = given.get("dbname") or given.get("service") or given.get("user") or "of its user"
    host = given.get("host") or given.get("hostaddr") or "the local socket"
    port = f":{given['port']}" if given.get("port") else ""
    return f"the PostgreSQL database {database} on {host}{port}"


def _answers(connection: Connection) -> bool:
    """Whether an idle connection still serves.

    A server that ended it has said so, and there is something to read; only then
    is it asked.
    """
    if connection.closed:
        return False
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        if not selector.select(timeout=0):
            return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
