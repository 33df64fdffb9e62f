"""Events in PostgreSQL: the store for many processes.

Writers take turns, so positions appear in commit order and without gaps, and a reader that
follows the log misses nothing. An acknowledged event is on disk, and on the synchronous
standby if there is one.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import psycopg
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier, Literal
from typing_extensions import override

from plangate.application.errors import ConcurrentChange
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.eventsourcing_library import recorder
from plangate.infrastructure.eventsourcing_library.joined_store import JoinedEventStore
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.postgres.connections import (
    ORDERLY,
    Connection,
    Query,
    T,
    confirmed,
    in_transaction,
    roll_back,
)
from plangate.infrastructure.postgres.group_append import GroupAppend
from plangate.infrastructure.postgres.layout import EVENTS, KEY_OF_EVENT
from plangate.infrastructure.postgres.notifications import Notifications, channel_of
from plangate.infrastructure.postgres.prepared_append import (
    Append,
    PreparedAppend,
    can_prepare,
    readable,
    stored_text,
)
from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.stored_events.codec import EventCodec

# An advisory lock rather than one on the table: it needs no right to change events, and
# writers and a vacuum do not wait for each other.
_TAKE_LOG: Final = SQL("""
SELECT pg_advisory_xact_lock({}, {}), set_config('synchronous_commit',
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
         ELSE current_setting('synchronous_commit') END, true)
""")
_INSERT: Final = SQL("""
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT (SELECT coalesce(max(notification_id), 0) FROM {events}) + place, plan, version, name, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS given (plan, version, name, state, place)
WHERE {follow}
RETURNING notification_id
""")
_INSERT_PLACED: Final = SQL("""
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[])
WHERE {follow}
""")
# Whether the first of the given events of each plan follow its newest one in the log, and
# that is the remembered one where it is given. One statement looks and inserts.
_FOLLOW: Final = SQL("""NOT EXISTS (
    SELECT FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[])
        AS first (plan, version, state_before, position_before)
    LEFT JOIN LATERAL (
        SELECT originator_version, state, notification_id FROM {events}
        WHERE originator_id = plan ORDER BY originator_version DESC LIMIT 1
    ) AS newest ON TRUE
    WHERE version <> coalesce(originator_version, 0) + 1
        OR newest.state <> state_before OR notification_id <> position_before
)""")
_REWRITE: Final = SQL("""
UPDATE {events} SET state = given.state
FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS given (plan, version, state)
WHERE originator_id = given.plan AND originator_version = given.version
""")
_NEWEST: Final = SQL("SELECT coalesce(max(notification_id), 0) FROM {events}")
_SELECT: Final = SQL(
    "SELECT notification_id, originator_id, originator_version, topic, state FROM {events} WHERE "
)
_OF_PLAN: Final = SQL(
    "originator_id = %s AND originator_version > %s AND originator_version <= %s"
    " ORDER BY originator_version"
)
_PLANS: Final = SQL("SELECT originator_id FROM {events} WHERE ")
_WITH_KEY: Final = f"{KEY_OF_EVENT} = %s ORDER BY notification_id"
_COMMIT: Final = SQL("COMMIT"), ()

Statement = tuple[Query, Sequence[Any]]
"""A statement, or several, and their values."""


def events_in(schema: Schema) -> RecorderEventStore:
    """The event store in an open schema, which its views and ledger share."""

    def within(connection: object, codec: EventCodec) -> JoinedEventStore:
        joined = schema.joined(connection)
        log, close = _JoinedLog(joined), joined.close
        return JoinedEventStore(log, translated=joined.translated, close=close, codec=codec)

    return RecorderEventStore(
        _Log(schema),
        translated=schema.translated,
        close=schema.close,
        turn=schema.turn,
        scrub=lambda: schema.rewrite_tables([EVENTS]),
        listen=partial(Notifications, schema),
        within=within,
    )


class _Log(PostgresApplicationRecorder, recorder.Recorder):
    """The library's recorder on our own tables, without its retries.

    After a lost acknowledgement a retry would report a conflict with the stored event, and
    a command without an idempotency key would be executed twice.
    """

    datastore: Schema

    def __init__(self, datastore: Schema) -> None:
        super().__init__(datastore)
        events = Identifier(datastore.schema, EVENTS)
        take_log = _TAKE_LOG.format(*map(Literal, datastore.lock()))
        follow = _FOLLOW.format(events=events)
        templates = _INSERT, _INSERT_PLACED, _REWRITE, _SELECT, _NEWEST
        statements = (template.format(events=events, follow=follow) for template in templates)
        self._insert, self._insert_placed, self._rewrite, self._select, self._newest = statements
        self._notify = SQL("NOTIFY {}").format(Identifier(channel_of(datastore.schema)))
        commit = SQL("{}; COMMIT").format(self._notify)
        prepared = PreparedAppend(events, datastore.begin(), take_log, commit)
        self._prepared = prepared if datastore.has_own_sessions else None
        self._group = GroupAppend(datastore, prepared, self._select)
        self._take_log: Statement = take_log, ()
        self._with_key = Composed([_PLANS.format(events=events), SQL(_WITH_KEY)])

    @override
    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        if self._prepared is None or unused_key is not None or not can_prepare(events):
            return self._write(lambda one: self._append(one, events, after, unused_key, _COMMIT))
        append, prepared = Append(events, after), self._prepared
        if not self.datastore.has_turn:
            self.datastore.refuse_to_wait()
            return self._group.execute(append)

        def append_in_turn(connection: Connection) -> int:
            [position] = prepared.execute(connection, [append])
            return _last_position(str(events[0].originator_id), [(position,)] if position else [])

        return self._write(append_in_turn)

    def _append(
        self,
        connection: Connection,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None,
        *then: Statement,
    ) -> int:
        """Append any events; in one round trip, unless a key is looked for."""
        if unused_key is not None:
            [*_, rows] = self._together(connection, self._take_log, self._having(unused_key))
            recorder.require_unused(unused_key, rows)
        appending = self._appending(events, after)
        answers = self._together(connection, self._take_log, appending, *then)
        return _last_position(str(events[0].originator_id), answers[-2 - len(then)])

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        rows = [
            (e.id, e.originator_id, e.originator_version, e.topic, stored_text(e)) for e in placed
        ]
        columns = [*map(list, zip(*rows, strict=True)), *_firsts(placed, None)]

        def insert(connection: Connection) -> None:
            [*_, [(newest,)]] = self._together(connection, self._take_log, (self._newest, ()))
            recorder.refuse_taken(newest, placed)
            if not connection.execute(self._insert_placed, columns).rowcount:
                raise ConcurrentChange(str(placed[0].originator_id))
            self._together(connection, (self._notify, ()), _COMMIT)

        self._write(insert)

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        return [plan_id for (plan_id,) in self.datastore.select(*self._having(key))]

    def _having(self, key: str) -> Statement:
        return self._with_key, [json.dumps(key, ensure_ascii=False)[1:-1]]

    @override
    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        rows = [(e.originator_id, e.originator_version, e.state.decode()) for e in rewritten]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]

        def rewrite(connection: Connection) -> int | None:
            position = None
            self._together(connection, self._take_log)
            if then:
                [positions, _] = self._together(connection, self._appending(then, after))
                position = _last_position(str(then[0].originator_id), positions)
            self._together(connection, (self._rewrite, columns), _COMMIT)
            return position

        return self._write(rewrite)

    @override
    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        last = recorder.NO_BOUND if until is None else until
        return self._entries(_OF_PLAN, [plan_id, after, last])

    @override
    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        named = SQL("" if name is None else " AND topic = %s")
        where = SQL("notification_id > %s{} ORDER BY notification_id LIMIT %s").format(named)
        return self._entries(where, [after, *([] if name is None else [name]), limit])

    @override
    def max_notification_id(self) -> int:
        [(newest,)] = self.datastore.select(self._newest, ())
        return int(newest)

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which commits, in one transaction: that of this thread's turn, or its own."""
        self.datastore.refuse_to_wait()

        def write(connection: Connection) -> T:
            try:
                with confirmed(connection):
                    return work(connection)
            except ORDERLY:
                roll_back(connection)
                raise

        return self.datastore.run(write)

    def _together(self, connection: Connection, *statements: Statement) -> list[list[Any]]:
        """Execute statements in one round trip, in the transaction that they or a turn began.

        The answer has the rows of each statement.
        """
        begin = [] if in_transaction(connection) else [self.datastore.begin()]
        text = SQL("; ").join([*begin, *(text for text, _ in statements)])
        values = [value for _, values in statements for value in values]
        cursor = psycopg.ClientCursor(connection, row_factory=tuple_row)
        cursor.execute(text, values)
        answers = [cursor.fetchall() if cursor.description else []]
        while cursor.nextset():
            answers.append(cursor.fetchall() if cursor.description else [])
        return answers

    def _appending(self, events: Sequence[StoredEvent], after: StoredEntry | None) -> Statement:
        """Append events: the answer has their positions, or none if nothing was inserted."""
        rows = [(e.originator_id, e.originator_version, e.topic, stored_text(e)) for e in events]
        columns = [*map(list, zip(*rows, strict=True)), *_firsts(events, after)]
        return SQL("{}; {}").format(self._insert, self._notify), columns

    def _entries(self, where: Query, values: Sequence[Any]) -> list[StoredEntry]:
        return [
            StoredEntry(plan_id, version, position, name, state.encode())
            for position, plan_id, version, name, state in self.datastore.select(
                SQL("{}{}").format(self._select, where), values
            )
        ]


class _JoinedLog(_Log):
    """The log inside a transaction of the caller, who commits it."""

    @override
    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        return self.datastore.run(lambda one: self._append(one, events, after, unused_key))


def _firsts(events: Sequence[StoredEvent], after: StoredEntry | None) -> list[list[Any]]:
    """The values of `_FOLLOW`: `after` comes before the first of all events."""
    firsts = recorder.first_of_each_plan(events)
    unknown = [None] * (len(firsts) - 1)
    return [
        [first.originator_id for first in firsts],
        [first.originator_version for first in firsts],
        [None if after is None else readable(after.state), *unknown],
        [None if after is None else after.position, *unknown],
    ]


def _last_position(plan_id: str, positions: Sequence[Any]) -> int:
    if not positions:
        raise ConcurrentChange(plan_id)
    newest: int = max(position for (position,) in positions)
    return newest
