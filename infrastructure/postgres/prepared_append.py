"""Appending events of one plan in one round trip, by statements that the server has prepared.

Parsing and planning such a statement takes the server longer than executing it. Prepared
statements belong to a session, so a lent connection and one behind a pooler have none.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.pq import Escaping
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from plangate.application.errors import CorruptEvent
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.postgres.connections import Connection, Query, in_transaction
from plangate.infrastructure.postgres.own_connections import prepare

_AT_ONCE: Final = 16
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


class Append:
    """Events of one plan, which follow the remembered one, if it is given."""

    __slots__ = ("after", "events", "rows")

    def __init__(self, events: Sequence[StoredEvent], after: StoredEntry | None) -> None:
        """Raises `CorruptEvent` where PostgreSQL cannot store one as text."""
        self.events: Final = events
        self.after: Final = after
        self.rows: Final = [(event.topic, stored_text(event)) for event in events]


class PreparedAppend:
    """The statements that append so many events of one plan, and commit them."""

    def __init__(self, events: Identifier, begin: Query, take_log: Query, end: Query) -> None:
        """`begin` is left out within a transaction; `end` commits it."""
        self._events = events
        # A session may be used for several schemas. Of longer names PostgreSQL sees the beginning.
        self._name = f"plangate_append_{sha256(events.as_bytes(None)).hexdigest()[:32]}"
        self._begin, self._take_log, self._end = (
            part.as_bytes(None) for part in (begin, take_log, end)
        )

    def execute(self, connection: Connection, appends: Sequence[Append]) -> list[int | None]:
        """The last position of each; None where its events do not follow what is in the log."""
        numbers = {len(append.events) for append in appends}
        prepare(connection, {self._of(n): partial(self._statement, n) for n in numbers})
        quoted = Escaping(connection.pgconn).escape_literal
        begin = [] if in_transaction(connection) else [self._begin]
        executing = [_executing(self._of(len(one.events)), one, quoted) for one in appends]
        cursor = psycopg.ClientCursor(connection, row_factory=tuple_row)
        cursor.execute(b"; ".join([*begin, self._take_log, *executing, self._end]))
        for _ in begin:
            cursor.nextset()
        positions: list[int | None] = []
        for _ in appends:
            cursor.nextset()
            positions.append(max((position for (position,) in cursor.fetchall()), default=None))
        return positions

    def _of(self, number: int) -> str:
        """The name of the statement for so many events."""
        return f"{self._name}_{number}"

    def _statement(self, number: int) -> Composed:
        rows = [f"({n}, ${2 * n + 3}, ${2 * n + 4})" for n in range(1, number + 1)]
        types = ["text", "bigint", "text", "bigint", *["text", "text"] * number]
        return SQL("({}) AS {}").format(
            SQL(", ".join(types)),
            SQL(_APPEND).format(events=self._events, rows=SQL(", ".join(rows))),
        )


def can_prepare(events: Sequence[StoredEvent]) -> bool:
    """Whether one statement can append the events."""
    plan_id = events[0].originator_id
    return len(events) <= _AT_ONCE and all(event.originator_id == plan_id for event in events)


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


def _executing(name: str, append: Append, quoted: Callable[[bytes], Any]) -> bytes:
    first, after = append.events[0], append.after
    known = (None, None) if after is None else (readable(after.state), after.position)
    values: list[Any] = [first.originator_id, first.originator_version, *known]
    for row in append.rows:
        values += row
    arguments = b", ".join(_literal(value, quoted) for value in values)
    return b"EXECUTE %b (%b)" % (name.encode(), arguments)


def _literal(value: str | int | None, quoted: Callable[[bytes], Any]) -> bytes:
    if value is None:
        return b"NULL"
    return b"%d" % value if isinstance(value, int) else bytes(quoted(value.encode()))
