"""Events in a SQLite file: the default store.

Each event has an explicit position, which is never given twice and which compacting the
file does not change.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from itertools import starmap
from typing import Any, Final, TypeVar

from eventsourcing.persistence import Notification, StoredEvent
from typing_extensions import override

from plangate.application.errors import ConcurrentChange
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.eventsourcing_library import recorder
from plangate.infrastructure.eventsourcing_library.joined_store import JoinedEventStore
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sqlite.errors import primary_code
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.joined_file import JoinedFile
from plangate.infrastructure.sqlite.layout import KEY_OF_EVENT
from plangate.infrastructure.stored_events.codec import EventCodec

T = TypeVar("T")

# Events are inserted only behind the newest one of their plan, so that no version is missing.
_FOLLOWS: Final = (
    " WHERE ? = 1 + coalesce("
    "(SELECT max(originator_version) FROM stored_events WHERE originator_id = ?), 0)"
)
_IS_REMEMBERED: Final = (
    " AND (? IS NULL OR EXISTS (SELECT 1 FROM stored_events"
    " WHERE originator_id = ? AND originator_version = ?"
    " AND state = CAST(? AS TEXT) AND notification_id = coalesce(?, notification_id)))"
)
_APPEND: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"  # noqa: S608
    " SELECT ?, column1, column2, CAST(column3 AS TEXT) FROM (VALUES %s)"
    f"{_FOLLOWS}{_IS_REMEMBERED}"
)
_AT_ONCE: Final = 16
"""How many events of a plan one statement appends; most commands have fewer."""

_INSERT_PLACED: Final = f"INSERT INTO stored_events SELECT ?, ?, ?, ?, CAST(? AS TEXT){_FOLLOWS}"
_REWRITE: Final = (
    "UPDATE stored_events SET state = CAST(? AS TEXT)"
    " WHERE originator_id = ? AND originator_version = ?"
)
_NEWEST: Final = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_SELECT: Final = (
    "SELECT originator_id, originator_version, notification_id, topic, CAST(state AS BLOB)"
    " FROM stored_events WHERE "
)
_SELECT_DAMAGED: Final = (
    "SELECT CAST(originator_id AS BLOB), originator_version, notification_id,"
    " CAST(topic AS BLOB), CAST(state AS BLOB) FROM stored_events WHERE "
)
_OF_PLAN: Final = (
    "originator_id = ? AND originator_version > ? AND originator_version <= ?"
    " ORDER BY originator_version"
)
_WITH_KEY: Final = (
    f"SELECT originator_id FROM stored_events WHERE {KEY_OF_EVENT} = ?"  # noqa: S608
    " ORDER BY notification_id"
)


def events_in(file: SqliteFile) -> RecorderEventStore:
    """The event store in an open file, which its views and ledger share."""

    def within(connection: object, codec: EventCodec) -> JoinedEventStore:
        joined = file.joined(connection)
        log, close = _Log(joined), joined.leave
        return JoinedEventStore(log, translated=joined.translated, close=close, codec=codec)

    return RecorderEventStore(
        _Log(file), close=file.close, scrub=file.scrub, changes=file.changes, within=within
    )


class _Log(recorder.Recorder):
    """The library's table of events, with explicit positions."""

    def __init__(self, file: SqliteFile | JoinedFile) -> None:
        self._file = file

    @override
    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        if unused_key is None and len(events) <= _AT_ONCE and _is_one_plan(events):
            return self._file.write_statement(partial(_append_at_once, events, after))

        def append(cursor: sqlite3.Cursor) -> int | None:
            if unused_key is not None:
                recorder.require_unused(unused_key, _plans_with(unused_key, cursor))
            return _append(events, after, cursor)

        return self._file.write(append)

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        def insert(cursor: sqlite3.Cursor) -> None:
            recorder.refuse_taken(_newest(cursor), placed)
            for event in placed:
                plan_id, version = event.originator_id, event.originator_version
                row = (event.id, plan_id, version, event.topic, event.state)
                _inserted(plan_id, cursor, _INSERT_PLACED, (*row, version, plan_id))

        self._file.write(insert)

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        return self._file.read(partial(_plans_with, key))

    @override
    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        rows = [(e.state, e.originator_id, e.originator_version) for e in rewritten]

        def rewrite(cursor: sqlite3.Cursor) -> int | None:
            position = _append(then, after, cursor)
            cursor.executemany(_REWRITE, rows)
            return position

        return self._file.write(rewrite)

    @override
    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        last = recorder.NO_BOUND if until is None else until
        return self._entries(_OF_PLAN, [plan_id, after, last])

    @override
    def folded(self, plan_id: str, fold: Callable[[Iterable[StoredEntry]], T]) -> T:
        def read(cursor: sqlite3.Cursor) -> T:
            parameters = [plan_id, 0, recorder.NO_BOUND]
            try:
                return fold(starmap(StoredEntry, cursor.execute(_SELECT + _OF_PLAN, parameters)))
            except sqlite3.OperationalError as error:
                if primary_code(error):
                    raise
            return fold(starmap(StoredEntry, _damaged_rows(_OF_PLAN, parameters, cursor)))

        return self._file.read(read)

    @override
    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        named = "" if name is None else " AND topic = ?"
        return self._entries(
            f"notification_id > ?{named} ORDER BY notification_id LIMIT ?",
            [after, *([] if name is None else [name]), limit],
        )

    @override
    def max_notification_id(self) -> int:
        return self._file.read(_newest)

    def _entries(self, where: str, parameters: list[Any]) -> list[StoredEntry]:
        return list(starmap(StoredEntry, self._file.read(partial(_rows, where, parameters))))


def _is_one_plan(events: Sequence[StoredEvent]) -> bool:
    return all(event.originator_id == events[0].originator_id for event in events)


def _append(
    events: Sequence[StoredEvent], after: StoredEntry | None, cursor: sqlite3.Cursor
) -> int | None:
    """Append events, the first one behind `after`, if given; return the last position."""
    position = None
    for event in events:
        position = _append_at_once([event], after, cursor)
        after = None
    return position


def _append_at_once(
    events: Sequence[StoredEvent],
    after: StoredEntry | None,
    database: sqlite3.Cursor | sqlite3.Connection,
) -> int | None:
    """Append events of one plan in one statement; return the last position."""
    plan_id, first = events[0].originator_id, events[0].originator_version
    state, position = (None, None) if after is None else (after.state, after.position)
    values: list[Any] = [plan_id]
    for event in events:
        values += (event.originator_version, event.topic, event.state)
    values += (first, plan_id, state, plan_id, first - 1, state, position)
    return _inserted(plan_id, database, _append_statement(len(events)), values).lastrowid


@cache
def _append_statement(events: int) -> str:
    return _APPEND % ", ".join(["(?, ?, ?)"] * events)


def _inserted(
    plan_id: object,
    database: sqlite3.Cursor | sqlite3.Connection,
    statement: str,
    values: Sequence[Any],
) -> sqlite3.Cursor:
    """Insert events of one plan; raises `ConcurrentChange` unless they follow its newest one."""
    try:
        cursor = database.execute(statement, values)
    except sqlite3.IntegrityError:
        raise ConcurrentChange(str(plan_id)) from None
    if not cursor.rowcount:
        raise ConcurrentChange(str(plan_id))
    return cursor


def _plans_with(key: str, cursor: Cursor) -> list[str]:
    return [plan_id for (plan_id,) in all_rows(cursor, _WITH_KEY, (key,))]


def _newest(cursor: Cursor) -> int:
    cursor.execute(_NEWEST)
    return int(cursor.fetchone()[0])


def _rows(where: str, parameters: list[Any], cursor: Cursor) -> list[Any]:
    """All rows; damaged text is marked, so that its event alone cannot be read."""
    try:
        return all_rows(cursor, _SELECT + where, parameters)
    except sqlite3.OperationalError as error:
        if primary_code(error):
            raise
        return _damaged_rows(where, parameters, cursor)


def _damaged_rows(where: str, parameters: list[Any], cursor: Cursor) -> list[Any]:
    """All rows, where Python could not decode a text. For every text it takes a third longer."""
    return [
        (plan_id.decode(errors="replace"), version, position, topic.decode(errors="replace"), state)
        for plan_id, version, position, topic, state in all_rows(
            cursor, _SELECT_DAMAGED + where, parameters
        )
    ]
