"""Events kept in PostgreSQL: the store for many processes.

Positions appear in commit order and without gaps: writers come one by one, so a
reader that follows the log misses nothing. What was acknowledged is on disk, and
on the synchronous standby where there is one.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import ConnectionPool

from plangate.application.errors import (
    CorruptEvent,
    NotAStore,
    StoreReadOnly,
    StoreUnavailable,
)
from plangate.infrastructure.event_store.postgres_connections import (
    Connection,
    Connections,
    LentConnections,
    OwnConnections,
)
from plangate.infrastructure.event_store.postgres_layout import (
    EVENTS,
    LOCKS,
    is_laid_out,
    lay_out,
)
from plangate.infrastructure.event_store.postgres_refusals import translated_for
from plangate.infrastructure.event_store.recorder_store import RecorderEventStore, refuse_taken

SCHEMA: Final = "plangate"
"""The schema that holds the tables unless another one is named."""

_LONGEST_NAME: Final = 63
"""Bytes. PostgreSQL cuts a longer name without a word."""

# Whatever a pool's connections are set to: each statement sees what was committed by then.
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"

# An advisory lock rather than one on the table: it needs no right to change events,
# and no vacuum has to wait for the writers, or they for a vacuum.
_TAKE_LOG: Final = """
SELECT pg_advisory_xact_lock(%s, %s), set_config('synchronous_commit',
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
         ELSE current_setting('synchronous_commit') END, true)
"""
_TAKE_PLAN: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
_INSERT: Final = SQL("""
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT (SELECT coalesce(max(notification_id), 0) FROM {events}) + place, plan, version, name, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (plan, version, name, state, place)
""")
_INSERT_PLACED: Final = SQL("INSERT INTO {events} VALUES (%s, %s, %s, %s, %s)")
_REWRITE: Final = SQL(
    "UPDATE {events} SET state = %s WHERE originator_id = %s AND originator_version = %s"
)
_NEWEST: Final = SQL("SELECT coalesce(max(notification_id), 0) FROM {events}")
_SELECT: Final = SQL(
    "SELECT notification_id, originator_id, originator_version, topic, state FROM {events} WHERE "
)


def postgres_event_store(
    source: str | ConnectionPool[Any], schema: str = SCHEMA
) -> RecorderEventStore:
    """The store in a schema of the database at a libpq URL, or behind a psycopg pool.

    The tables are made if they are not there. Raises `NotAStore` where something
    else is or none may be made, `StoreTooNew` for the tables of a newer plangate,
    `StoreUnavailable` where no server answers.
    """
    datastore = datastore_in(source, schema)
    try:
        with translated_for(datastore.name, None), datastore.get_connection() as connection:
            if not is_laid_out(connection, schema, datastore.name):
                _lay_out(connection, schema, datastore.name)
    except BaseException:
        datastore.close()
        raise
    return events_in(datastore)


def datastore_in(source: str | ConnectionPool[Any], schema: str) -> "Datastore":
    """The place of a store, whatever is there by now; raises `NotAStore` where none can be."""
    if not 0 < len(schema.encode()) <= _LONGEST_NAME or "\0" in schema or schema[:3] == "pg_":
        raise NotAStore(f"{schema!r} can be no PostgreSQL schema")
    return Datastore(_connections(source), schema)


def events_in(datastore: "Datastore") -> RecorderEventStore:
    """The events of a store whose tables are there."""

    @contextmanager
    def turn(plan_id: str) -> Iterator[None]:
        with translated_for(datastore.name, plan_id), datastore.turn(plan_id):
            yield

    return RecorderEventStore(
        _Log(datastore),
        translated=lambda plan_id: translated_for(datastore.name, plan_id),
        close=datastore.close,
        turn=turn,
        scrub=datastore.scrub,
    )


class Datastore(PostgresDatastore):
    """The library's datastore, on connections of our own choosing.

    The library's pool hides why there is no connection, and waits longer from one
    attempt to the next.
    """

    def __init__(self, connections: Connections, schema: str) -> None:
        super().__init__("", "", "", "", "", schema=schema, originator_id_type="text")
        self._connections = connections
        self._here = local()
        self.name = f"{connections.name} (schema {schema})"

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """The connection of this thread's turn, or else one in autocommit mode."""
        held: Connection | None = getattr(self._here, "turn", None)
        if held is not None:
            yield held
            return
        with self._connections.one() as connection:
            yield connection

    @contextmanager
    def turn(self, plan_id: str) -> Iterator[None]:
        """One transaction for all this thread does, waiting for others on the same plan."""
        with self._connections.one() as connection:
            try:
                with connection.pipeline():
                    connection.execute(_BEGIN)
                    connection.execute(_TAKE_PLAN, self.lock(plan_id))
                self._here.turn = connection
                yield
            finally:
                self._here.turn = None
                _roll_back(connection)

    def scrub(self) -> None:
        """Write the tables anew without their free space; it takes the right to, and time."""
        refused: list[str] = []

        def hear(notice: Diagnostic) -> None:
            refused.append(notice.message_primary or "")

        with self._connections.one() as connection:
            connection.add_notice_handler(hear)
            try:
                connection.execute("SET statement_timeout = 0")
                connection.execute(SQL("VACUUM (FULL) {}").format(Identifier(self.schema, EVENTS)))
            finally:
                connection.remove_notice_handler(hear)
                connection.execute("RESET statement_timeout")
        if refused:
            raise StoreReadOnly(f"{self.name} may still hold what was removed ({refused[0]})")

    def lock(self, plan_id: str = "") -> tuple[int, int]:
        """The advisory lock that stands for a plan, or for the whole log."""
        name = f"{self.schema}\n{plan_id}"
        return LOCKS, zlib.crc32(name.encode()) - 2**31

    def register_type_adapters(self) -> None:
        """The library's composite types are not used."""

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()


class _Log(PostgresApplicationRecorder):
    """The library's recorder on tables of our own.

    Nothing is tried again behind the caller's back. An event that was stored while
    its acknowledgement was lost would come back as a conflict, and a command without
    an idempotency key would be carried out twice.
    """

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        events = Identifier(datastore.schema, EVENTS)
        self._lock = datastore.lock()
        self._insert = _INSERT.format(events=events)
        self._insert_placed = _INSERT_PLACED.format(events=events)
        self._rewrite = _REWRITE.format(events=events)
        self._select = _SELECT.format(events=events)
        self._newest = _NEWEST.format(events=events)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **_kwargs: Any
    ) -> Sequence[int] | None:
        """Record events, all or none, in one exchange with the server."""
        with self._writing() as connection, connection.pipeline():
            self._begin(connection)
            self._append(connection, stored_events)
            connection.execute("COMMIT")
        return None

    def insert_placed(self, placed: Sequence[Notification]) -> None:
        """Record events at the positions they name, all or none."""
        rows = [(e.id, e.originator_id, e.originator_version, e.topic, _text(e)) for e in placed]
        with self._writing() as connection:
            self._begin(connection)
            refuse_taken(self._newest_on(connection), placed)
            with connection.cursor() as cursor:
                cursor.executemany(self._insert_placed, rows)
                self._notify_channel(cursor)
            connection.execute("COMMIT")

    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        """Change the stored bytes of events and record others, all or none."""
        rows = [(e.state.decode(), e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as connection:
            self._begin(connection)
            with connection.cursor() as cursor:
                cursor.executemany(self._rewrite, rows)
            self._append(connection, then)
            connection.execute("COMMIT")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """A plan's events, with their positions."""
        order = SQL("DESC" if desc else "ASC")
        return self._notifications(
            SQL(
                "originator_id = %s AND originator_version > %s AND originator_version <= %s"
                " ORDER BY originator_version {} LIMIT %s"
            ).format(order),
            [str(originator_id), gt or 0, _NO_BOUND if lte is None else lte, limit],
        )

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log's events, in commit order."""
        after = (start or 0) - (1 if inclusive_of_start else 0)
        among = SQL(" AND topic = ANY(%s)" if topics else "")
        return self._notifications(
            SQL(
                "notification_id > %s AND notification_id <= %s{} ORDER BY notification_id LIMIT %s"
            ).format(among),
            [after, _NO_BOUND if stop is None else stop, *([[*topics]] if topics else []), limit],
        )

    def max_notification_id(self) -> int:
        """The position of the newest event; 0 without any."""
        with self.datastore.get_connection() as connection:
            return self._newest_on(connection)

    def _newest_on(self, connection: Connection) -> int:
        newest = connection.cursor(row_factory=tuple_row).execute(self._newest).fetchone()
        return newest[0] if newest else 0

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A connection for one transaction, which is rolled back unless it is committed."""
        with self.datastore.get_connection() as connection, _confirmed(connection):
            try:
                yield connection
            except errors.InsufficientPrivilege as error:
                raise StoreReadOnly(
                    f"{self.datastore.name} can be read but not written by this user"
                ) from error
            finally:
                _roll_back(connection)

    def _begin(self, connection: Connection) -> None:
        """Begin, unless this thread's turn has begun already, and keep other writers out."""
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(_BEGIN)
        connection.execute(_TAKE_LOG, self._lock)

    def _append(self, connection: Connection, stored_events: Sequence[StoredEvent]) -> None:
        rows = [(e.originator_id, e.originator_version, e.topic, _text(e)) for e in stored_events]
        connection.execute(self._insert, [list(column) for column in zip(*rows, strict=True)])
        self._notify_channel(connection.cursor())

    def _notifications(self, where: Composable, parameters: list[Any]) -> list[Notification]:
        with self.datastore.get_connection() as connection:
            cursor = connection.cursor(row_factory=tuple_row)
            cursor.execute(self._select + where, parameters)
            return [
                Notification(plan_id, version, name, state.encode(), id=position)
                for position, plan_id, version, name, state in cursor.fetchall()
            ]


_NO_BOUND: Final = 2**63 - 1


def _text(event: StoredEvent) -> str:
    """The stored bytes as PostgreSQL keeps text; damaged ones it would not take."""
    text = event.state.decode(errors="replace")
    if "\0" in text or text.encode() != event.state:
        raise CorruptEvent(
            str(event.originator_id),
            event.originator_version,
            "its bytes are no text that PostgreSQL could keep",
        )
    return text


def _roll_back(connection: Connection) -> None:
    """End a transaction that is not over; a connection in any worse state is thrown away."""
    if connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        connection.rollback()


@contextmanager
def _confirmed(connection: Connection) -> Iterator[None]:
    """Refuse an acknowledgement that the synchronous standby had no part in.

    A server that is told to wait for its standby no longer only warns, and
    acknowledges all the same.
    """
    unconfirmed: list[str] = []

    def hear(notice: Diagnostic) -> None:
        if notice.source_function == "SyncRepWaitForLSN":
            unconfirmed.append(notice.message_primary or "")

    connection.add_notice_handler(hear)
    try:
        yield
    finally:
        connection.remove_notice_handler(hear)
    if unconfirmed:
        raise StoreUnavailable(f"the standby did not confirm the command ({unconfirmed[0]})")


def _connections(source: str | ConnectionPool[Any]) -> Connections:
    return OwnConnections(source) if isinstance(source, str) else LentConnections(source)


def _lay_out(connection: Connection, schema: str, name: str) -> None:
    try:
        lay_out(connection, schema, name)
    except errors.InsufficientPrivilege as error:
        raise NotAStore(
            f"{name} has no plangate tables, and this user may not make them;"
            " let one who may run `plangate migrate`"
        ) from error
