"""Appending events of one plan in one round trip, by statements that the server has prepared.

Parsing and planning such a statement takes the server longer than executing it. Prepared
statements belong to a session, so a lent connection and one behind a pooler have none.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.pq import Escaping
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from plangate.application.errors import CorruptEvent
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.postgres.connections import (
    Connection,
    Query,
    in_transaction,
    prepare,
)

AT_ONCE: Final = 16
"""How many events one statement appends; most commands have fewer."""

# The events follow the newest one of their plan, and that is the remembered one where it is
# given. One statement looks and inserts.
_APPEND: Final = """
INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state)
SELECT (SELECT coalesce(max(notification_id), 0) FROM {events}) + place,
    $1, $2 - 1 + place, name, state
FROM (VALUES {rows}) AS given (place, name, state)
WHERE $2 = 1 + coalesce((SELECT max(originator_version) FROM {events} WHERE originator_id = $1), 0)
    AND ($3 IS NULL OR EXISTS (
        SELECT FROM {events} WHERE originator_id = $1 AND originator_version = $2 - 1
            AND state = $3 AND notification_id = coalesce($4, notification_id)
    ))
RETURNING notification_id
"""


class PreparedAppend:
    """The statements that append so many events of one plan, and commit them."""

    def __init__(self, events: Identifier, begin: Query, take_log: Query, end: Query) -> None:
        """`begin` is left out within a transaction; `end` commits it."""
        self._events = events
        self._begin, self._take_log, self._end = (
            part.as_bytes(None) for part in (begin, take_log, end)
        )

    def is_possible(self, connection: Connection, events: Sequence[StoredEvent]) -> bool:
        """Whether events can be appended so; the statement is prepared where it is not yet."""
        number, plan_id = len(events), events[0].originator_id
        if number > AT_ONCE or any(event.originator_id != plan_id for event in events):
            return False
        return prepare(connection, _name(number), lambda: self._statement(number))

    def execute(
        self,
        connection: Connection,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> list[Any]:
        """The positions of the events, none where they do not follow what is in the log."""
        first = events[0]
        known = (None, None) if after is None else (readable(after.state), after.position)
        values: list[Any] = [first.originator_id, first.originator_version, *known]
        for event in events:
            values += event.topic, stored_text(event)
        quoted = Escaping(connection.pgconn).escape_literal
        arguments = b", ".join(_literal(value, quoted) for value in values)
        append = b"EXECUTE %b (%b)" % (_name(len(events)).encode(), arguments)
        begin = [] if in_transaction(connection) else [self._begin]
        cursor = psycopg.ClientCursor(connection, row_factory=tuple_row)
        cursor.execute(b"; ".join([*begin, self._take_log, append, self._end]))
        for _ in (*begin, self._take_log):
            cursor.nextset()
        return cursor.fetchall()

    def _statement(self, number: int) -> Composed:
        rows = [f"({n}, ${2 * n + 3}, ${2 * n + 4})" for n in range(1, number + 1)]
        types = ["text", "bigint", "text", "bigint", *["text", "text"] * number]
        return SQL("({}) AS {}").format(
            SQL(", ".join(types)),
            SQL(_APPEND).format(events=self._events, rows=SQL(", ".join(rows))),
        )


def stored_text(event: StoredEvent) -> str:
    """The stored bytes as text; raises `CorruptEvent` where PostgreSQL cannot store them."""
    text = readable(event.state)
    if "\0" in text or text.encode() != event.state:
        raise CorruptEvent(
            str(event.originator_id),
            event.originator_version,
            "PostgreSQL cannot store its bytes as text",
        )
    return text


def readable(state: bytes) -> str:
    """Stored bytes as text; what cannot be read as UTF-8 is replaced."""
    return state.decode(errors="replace")


def _name(number: int) -> str:
    return f"plangate_append_{number}"


def _literal(value: str | int | None, quoted: Callable[[bytes], Any]) -> bytes:
    if value is None:
        return b"NULL"
    return b"%d" % value if isinstance(value, int) else bytes(quoted(value.encode()))
