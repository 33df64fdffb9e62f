"""Events kept in PostgreSQL: the store for many processes.

Positions appear in commit order and without gaps: writers come one by one, so a
reader that follows the log misses nothing. What was acknowledged is on disk, and
on the synchronous standby where there is one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import ConnectionPool

from plangate.application.errors import CorruptEvent, StoreUnavailable
from plangate.infrastructure.eventsourcing_library.recorder_store import (
    RecorderEventStore,
    refuse_taken,
)
from plangate.infrastructure.postgres.connections import Connection
from plangate.infrastructure.postgres.layout import EVENTS
from plangate.infrastructure.postgres.schema import (
    BEGIN,
    SCHEMA,
    Schema,
    open_schema,
    roll_back,
)

# An advisory lock rather than one on the table: it needs no right to change events,
# and no vacuum has to wait for the writers, or they for a vacuum.
_TAKE_LOG: Final = """
SELECT pg_advisory_xact_lock(%s, %s), set_config('synchronous_commit',
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
         ELSE current_setting('synchronous_commit') END, true)
"""
_INSERT: Final = SQL("""
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT (SELECT coalesce(max(notification_id), 0) FROM {events}) + place, plan, version, name, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (plan, version, name, state, place)
""")
_INSERT_PLACED: Final = SQL("""
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[])
""")
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
    """The store in a schema of a database; raises what `open_schema` does."""
    return events_in(open_schema(source, schema))


def events_in(schema: Schema) -> RecorderEventStore:
    """The events of a schema that others use too."""
    return RecorderEventStore(
        _Log(schema),
        translated=schema.translated,
        close=schema.close,
        turn=schema.turn,
        scrub=lambda: schema.write_anew([EVENTS]),
    )


class _Log(PostgresApplicationRecorder):
    """The library's recorder on tables of our own.

    Nothing is tried again behind the caller's back. An event that was stored while
    its acknowledgement was lost would come back as a conflict, and a command without
    an idempotency key would be carried out twice.
    """

    datastore: Schema

    def __init__(self, datastore: Schema) -> None:
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
            connection.execute(self._insert_placed, [*map(list, zip(*rows, strict=True))])
            self._notify_channel(connection.cursor())
            connection.execute("COMMIT")

    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        """Change the stored bytes of events and record others, all or none."""
        rows = [(e.state.decode(), e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as connection:
            self._begin(connection)
            with connection.cursor() as cursor:
                cursor.executemany(self._rewrite, rows)
            if then:
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
                with self.datastore.refusing_who_may_not_write():
                    yield connection
            finally:
                roll_back(connection)

    def _begin(self, connection: Connection) -> None:
        """Begin, unless this thread's turn has begun already, and keep other writers out."""
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(BEGIN)
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
