"""Connections to a PostgreSQL server: where they come from, and what is asked of each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from operator import attrgetter, methodcaller
from typing import Any, Final, Protocol, TypeVar

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed

from plangate.application.errors import StoreUnavailable
from plangate.domain.errors import PlangateError
from plangate.infrastructure.sql.view_positions import Overtaken

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Query = SQL | Composed

ORDERLY: Final = (psycopg.Error, PersistenceError, PlangateError, Overtaken)
"""Errors after which a connection is known to be as psycopg describes it."""

_OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
_SERVER_PROCESS: Final = "SELECT pg_backend_pid()"

inherited: Final[list[Connection]] = []
"""Connections of the parent process, which a child neither uses nor closes."""

exhaust: Final[Callable[[Iterable[Any]], None]] = deque[Any](maxlen=0).extend
"""Takes all that an iterator gives, in one call of C code, and keeps nothing."""


class Connections(Protocol):
    """A source of connections, and its name in messages."""

    name: str

    local_settings: Composed | None
    """The statement that each transaction begins with, where no session has our settings."""

    settings: Mapping[str, str]
    """The server's settings that are asked for."""

    are_ours: bool
    """Whether plangate opened them, and no one else uses them."""

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on a connection in autocommit mode that no one else uses meanwhile."""

    def session(self) -> Connection | None:
        """A connection for the caller alone, which closes it; None behind a transaction pooler."""

    def has_lent(self, connection: Connection) -> bool:  # noqa: ARG002
        """Whether a connection that the caller uses is known to come from here."""
        return False

    def close(self) -> None:
        """Refuse work from now on. Work that runs ends, and then its connection is closed."""


def kept_session(connection: Connection) -> Connection | None:
    """The connection, if the server's session stays its own; else it is closed."""
    if keeps_its_session(connection):
        return connection
    connection.close()
    return None


def keeps_its_session(connection: Connection) -> bool:
    """Whether the server's process is the one that the connection was opened to.

    A pooler answers with a number of its own in place of it.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    return cursor.execute(_SERVER_PROCESS).fetchone() == (connection.info.backend_pid,)


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


@contextmanager
def confirmed(connection: Connection) -> Iterator[None]:
    """Raise `StoreUnavailable` where the synchronous standby did not confirm a commit.

    A server whose wait for the standby was cancelled only warns, and acknowledges.
    """
    with notices(connection) as received:
        yield
    for source, why in received:
        if source == "SyncRepWaitForLSN":
            raise StoreUnavailable(f"the standby did not confirm the command ({why})")


def in_transaction(connection: Connection) -> bool:
    """Whether a transaction is open on a connection."""
    return connection.info.transaction_status != TransactionStatus.IDLE


def roll_back(connection: Connection) -> None:
    """Roll back an open transaction, if the connection still can."""
    if connection.info.transaction_status in _OPEN:
        with suppress(psycopg.Error):
            connection.rollback()


def finishing(connections: Iterable[Connection]) -> Iterator[None]:
    """Closes the connections as it is exhausted, without a step of Python code."""
    return map(methodcaller("finish"), map(attrgetter("pgconn"), connections))
