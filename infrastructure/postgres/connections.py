"""Connections to a PostgreSQL server: our own, or those of a pool that the caller passes.

Our own are opened by the call that needs one, so that the server's message is reported at
once, and the next command uses a server that is back. Names and messages hold no password.
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
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool
from typing_extensions import override

from plangate.application.errors import NotAStore, StoreUnavailable

Connection = psycopg.Connection[Any]

CONNECTIONS: Final = 10
"""The most connections that one registry opens."""

WAIT: Final = 30.0
"""Seconds to wait for a free one."""

_TIMEOUTS: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "fallback_application_name": "plangate",
}
"""Defaults by which no call waits forever for a server that is gone."""

_SESSION: Final = (
    "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=10s"
)
_UNAMBIGUOUS: Final = re.compile(r"[^/?@]*@?[^/?@]*(/[^/?@]*)?(\?.*)?", re.DOTALL)


class Connections(Protocol):
    """A source of connections, and its name in messages."""

    name: str

    def one(self) -> AbstractContextManager[Connection]:
        """A connection in autocommit mode, for the caller alone."""

    def close(self) -> None:
        """Close the connections that are our own."""


@contextmanager
def notices(connection: Connection) -> Iterator[list[tuple[str, str]]]:
    """The server's notices while the block runs: each source function, and its message."""
    received: list[tuple[str, str]] = []

    def keep(notice: Diagnostic) -> None:  # its fields are gone once the handler returns
        received.append((notice.source_function or "", notice.message_primary or ""))

    connection.add_notice_handler(keep)
    try:
        yield received
    finally:
        connection.remove_notice_handler(keep)


class OwnConnections(Connections):
    """Connections to the server at a libpq URL, kept for reuse."""

    def __init__(self, address: str) -> None:
        given = _parsed(address)
        self.name = _name(given)
        options = given.get("options") or os.environ.get("PGOPTIONS", "")
        ours = {"options": f"{_SESSION} {options}", "client_encoding": "utf8"}
        self._conninfo = make_conninfo("", **_TIMEOUTS | given | ours)
        self._vacancies = BoundedSemaphore(CONNECTIONS)
        self._lock = Lock()
        self._idle: list[Connection] = []
        self._closed = False

    @override
    @contextmanager
    def one(self) -> Iterator[Connection]:
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

    @override
    def close(self) -> None:
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


class PoolConnections(Connections):
    """The connections of a pool that the caller opened and will close."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        if not isinstance(pool, ConnectionPool):
            raise NotAStore(
                f"{type(pool).__name__} is not an address, a path or a psycopg ConnectionPool"
            )
        self.name = f"the PostgreSQL behind the pool {pool.name!r}"
        self._pool = pool
        self._closed = False

    @override
    @contextmanager
    def one(self) -> Iterator[Connection]:
        if self._closed:
            raise StoreUnavailable(f"the store on {self.name} is closed")
        with self._pool.connection() as connection:
            before = connection.autocommit
            connection.autocommit = True
            try:
                yield connection
            finally:
                with suppress(psycopg.Error):  # the pool discards a broken connection
                    connection.autocommit = before

    @override
    def close(self) -> None:
        self._closed = True


def _parsed(address: str) -> dict[str, Any]:
    """The parts of a libpq URL. Errors repeat none of them: any may be the password."""
    if not _UNAMBIGUOUS.fullmatch(address.partition("://")[2]):
        raise NotAStore(
            "the PostgreSQL address can be read in more than one way: "
            "in a user name, a password or a database write @ as %40, / as %2F and ? as %3F"
        )
    try:
        return conninfo_to_dict(address)
    except (psycopg.Error, UnicodeError):
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
    """Whether an idle connection is still usable.

    A server that closed it has sent something to read; only then is it queried.
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
