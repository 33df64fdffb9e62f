"""A connection of the caller, inside the transaction that is open there.

Each piece of work is a savepoint: an error of the server undoes that much, and leaves the
transaction as it was. What only finds that another writer was first has changed nothing; it
keeps the lock of the log, which undoing a savepoint would give up.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import errors
from psycopg.pq import PipelineStatus, TransactionStatus
from typing_extensions import override

from plangate.application.errors import StoreUnavailable, TransactionConflict, TransactionRefused
from plangate.domain.errors import PlangateError
from plangate.infrastructure.postgres.connections import Connection, Connections, T

_CONFLICTS: Final = (
    errors.UniqueViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)


class JoinedConnection(Connections):
    """The one connection of a transaction of the caller."""

    local_settings = None
    are_ours = False
    settings: Mapping[str, str] = {}

    def __init__(self, name: str, connection: object) -> None:
        """Raises `TransactionRefused` for a connection that cannot be used."""
        self.name = name
        self.connection = _required(connection)
        self._left = False
        self._require_usable()
        if self._status() == TransactionStatus.IDLE and self.connection.autocommit:
            raise TransactionRefused(
                "the connection is in no transaction, and commits each statement by itself: use"
                " connection.transaction(), or atomic() in Django"
            )

    @property
    def is_open(self) -> bool:
        """Whether the transaction is still open."""
        return not self._left and self._status() in {
            TransactionStatus.ACTIVE,
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        }

    @override
    def run(self, work: Callable[[Connection], T]) -> T:
        if self.connection.broken and not self._left:
            raise StoreUnavailable(f"the connection to {self.name} was lost")
        if not self.is_open:
            raise TransactionRefused("the transaction is over: nothing more can be done in it")
        self._require_usable()
        with _conflicts():
            return self.first(work)

    def first(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a savepoint, in a transaction that psycopg begins if none is open."""
        connection = self.connection
        connection.execute("SAVEPOINT plangate")
        try:
            answer = work(connection)
        except BaseException as error:
            with suppress(psycopg.Error):
                if not isinstance(error, PlangateError):
                    connection.execute("ROLLBACK TO plangate")
                connection.execute("RELEASE plangate")
            raise
        connection.execute("RELEASE plangate")
        return answer

    @override
    def session(self) -> None:
        """None: a transaction does not listen."""

    @override
    def close(self) -> None:
        self._left = True

    def _status(self) -> TransactionStatus:
        return self.connection.info.transaction_status

    def _require_usable(self) -> None:
        connection, why = self.connection, None
        if connection.closed:
            why = "is closed"
        elif connection.pgconn.pipeline_status != PipelineStatus.OFF:
            why = "is in pipeline mode"
        elif self._status() == TransactionStatus.INERROR:
            why = "is in a transaction that failed: roll it back first"
        elif self._status() == TransactionStatus.ACTIVE:
            why = "is busy with another statement"
        elif connection.info.encoding != "utf-8":
            why = f"has the client encoding {connection.info.encoding}: plangate needs UTF8"
        if why is not None:
            raise TransactionRefused(f"the connection {why}")


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except _CONFLICTS as error:
        raise TransactionConflict("") from error


def _required(connection: object) -> Connection:
    if isinstance(connection, psycopg.Connection):
        return connection
    kind = type(connection)
    raise TransactionRefused(
        f"{kind.__module__}.{kind.__qualname__} is not an open connection of psycopg 3"
        " (psycopg.Connection); of SQLAlchemy pass connection.connection.driver_connection, of"
        " Django connection.connection"
    )
