"""Events in PostgreSQL: the store for many processes.

Writers take turns, so positions appear in commit order and without gaps, and a reader that
follows the log misses nothing. An acknowledged event is on disk, and on the synchronous
standby if there is one.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Composed, Identifier
from typing_extensions import override

from plangate.application.errors import CorruptEvent, StoreUnavailable
from plangate.infrastructure.eventsourcing_library import recorder_store
from plangate.infrastructure.postgres.connections import Connection, notices
from plangate.infrastructure.postgres.layout import EVENTS, KEY_OF_EVENT
from plangate.infrastructure.postgres.schema import BEGIN, Schema, roll_back

# An advisory lock rather than one on the table: it needs no right to change events, and
# writers and a vacuum do not wait for each other.
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
_PLANS: Final = SQL("SELECT originator_id FROM {events} WHERE ")
_WITH_KEY: Final = f"{KEY_OF_EVENT} = %s ORDER BY notification_id"


def events_in(schema: Schema) -> recorder_store.RecorderEventStore:
    """The event store in an open schema, which its views and ledger share."""
    return recorder_store.RecorderEventStore(
        _Log(schema),
        translated=schema.translated,
        close=schema.close,
        turn=schema.turn,
        scrub=lambda: schema.rewrite_tables([EVENTS]),
    )


class _Log(PostgresApplicationRecorder, recorder_store.Recorder):
    """The library's recorder on our own tables, without its retries.

    After a lost acknowledgement a retry would report a conflict with the stored event, and
    a command without an idempotency key would be executed twice.
    """

    datastore: Schema

    def __init__(self, datastore: Schema) -> None:
        super().__init__(datastore)
        events = Identifier(datastore.schema, EVENTS)
        self._lock = datastore.lock()
        templates = _INSERT, _INSERT_PLACED, _REWRITE, _SELECT, _NEWEST
        statements = (template.format(events=events) for template in templates)
        self._insert, self._insert_placed, self._rewrite, self._select, self._newest = statements
        self._with_key = Composed([_PLANS.format(events=events), SQL(_WITH_KEY)])

    @override
    def insert_events(
        self, stored_events: Sequence[StoredEvent], **_kwargs: Any
    ) -> Sequence[int] | None:
        with self._writing() as connection, connection.pipeline():  # one round trip
            self._begin(connection)
            self._append(connection, stored_events)
            connection.execute("COMMIT")
        return None

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        rows = [(e.id, e.originator_id, e.originator_version, e.topic, _text(e)) for e in placed]
        with self._writing() as connection:
            self._begin(connection)
            recorder_store.refuse_taken(self._newest_on(connection), placed)
            connection.execute(self._insert_placed, [*map(list, zip(*rows, strict=True))])
            self._notify_channel(connection.cursor())
            connection.execute("COMMIT")

    @override
    def insert_events_once(self, stored_events: Sequence[StoredEvent], key: str) -> bool:
        with self._writing() as connection:
            self._begin(connection)
            if self._plans_on(connection, key):
                return False
            self._append(connection, stored_events)
            connection.execute("COMMIT")
        return True

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        with self.datastore.get_connection() as connection:
            return self._plans_on(connection, key)

    def _plans_on(self, connection: Connection, key: str) -> Sequence[str]:
        in_json = json.dumps(key, ensure_ascii=False)[1:-1]
        cursor = connection.cursor(row_factory=tuple_row)
        cursor.execute(self._with_key, [in_json])
        return [plan_id for (plan_id,) in cursor.fetchall()]

    @override
    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        rows = [(e.state.decode(), e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as connection:
            self._begin(connection)
            with connection.cursor() as cursor:
                cursor.executemany(self._rewrite, rows)
            if then:
                self._append(connection, then)
            connection.execute("COMMIT")

    @override
    def plan_events(self, plan_id: str, after: int, until: int | None) -> Sequence[Notification]:
        where = SQL(
            "originator_id = %s AND originator_version > %s AND originator_version <= %s"
            " ORDER BY originator_version"
        )
        return self._notifications(
            where, [plan_id, after, recorder_store.NO_BOUND if until is None else until]
        )

    @override
    def log_events(self, after: int, limit: int, name: str | None = None) -> Sequence[Notification]:
        named = SQL("" if name is None else " AND topic = %s")
        where = SQL("notification_id > %s{} ORDER BY notification_id LIMIT %s").format(named)
        return self._notifications(where, [after, *([] if name is None else [name]), limit])

    @override
    def max_notification_id(self) -> int:
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
                with self.datastore.requiring_write_access():
                    yield connection
            finally:
                roll_back(connection)

    def _begin(self, connection: Connection) -> None:
        """Begin, unless this thread's turn has begun, and keep other writers out."""
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


def _text(event: StoredEvent) -> str:
    """The stored bytes as text; raises `CorruptEvent` where PostgreSQL cannot store them."""
    text = event.state.decode(errors="replace")
    if "\0" in text or text.encode() != event.state:
        raise CorruptEvent(
            str(event.originator_id),
            event.originator_version,
            "PostgreSQL cannot store its bytes as text",
        )
    return text


@contextmanager
def _confirmed(connection: Connection) -> Iterator[None]:
    """Raise `StoreUnavailable` where the synchronous standby did not confirm a commit.

    A server whose wait for the standby was cancelled only warns, and acknowledges.
    """
    with notices(connection) as received:
        yield
    for source, why in received:
        if source == "SyncRepWaitForLSN":
            raise StoreUnavailable(f"the standby did not confirm the command ({why})")
