"""Appending what several threads record at once in one transaction, in one round trip.

A conflict is a statement that inserts nothing, so it undoes no other. Where the thread that
sent them for all was interrupted, or lost its connection, no other one knows whether they were
committed. It then sends its own again, alone: as they follow one version of their plan, they
cannot be recorded twice. The server executes both, in either order, one after the other.
"""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed

from plangate.application.errors import ConcurrentChange, StoreUnavailable
from plangate.infrastructure.eventsourcing_library.recorder import has_salt
from plangate.infrastructure.postgres.connections import (
    ORDERLY,
    Connection,
    confirmed,
    in_transaction,
    roll_back,
)
from plangate.infrastructure.postgres.prepared_append import Append, PreparedAppend
from plangate.infrastructure.postgres.schema import Schema
from plangate.infrastructure.sql.group_commit import GroupCommit, Waiting

_RECORDED: Final = SQL(
    "{}originator_id = %s AND originator_version BETWEEN %s AND %s ORDER BY originator_version"
)


class GroupAppend:
    """The appends of all threads, each answered when it is committed."""

    def __init__(self, schema: Schema, prepared: PreparedAppend, select: Composed) -> None:
        """`select` is the query of whole events, up to its conditions."""
        self._schema = schema
        self._prepared = prepared
        self._recorded = _RECORDED.format(select)
        self._group = GroupCommit(schema.run, self._commit)

    def execute(self, append: Append) -> int:
        """Append events; the last position."""
        position: int = self._group.execute(append)
        return position

    def _commit(self, connection: Connection, group: Sequence[Waiting[Append]]) -> None:
        try:
            with confirmed(connection):
                found = self._prepared.execute(connection, [one.work for one in group])
        except ORDERLY as error:
            roll_back(connection)
            alone = len(group) == 1 or not isinstance(error, psycopg.Error)
            # An operational error is the server's, and any of them would have met it.
            if alone or isinstance(error, psycopg.OperationalError) or in_transaction(connection):
                raise
            for other in group[1:]:
                other.is_in_doubt = False
            self._commit(connection, group[:1])
            return
        committed: list[None] = []
        if found == [None] and group[0].is_in_doubt:
            found = [self._recorded_before(connection, group[0].work)]
        for one, position in zip(group, found, strict=True):
            conflict = ConcurrentChange(str(one.work.events[0].originator_id))
            one.done(conflict if position is None else position, committed)
        committed.append(None)

    def _recorded_before(self, connection: Connection, append: Append) -> int | None:
        """The last position of events that this very command recorded; None for a conflict.

        Raises `StoreUnavailable` where another command can have recorded the same, or where
        what is recorded may have been erased since.
        """
        first, last = append.events[0], append.events[-1]
        cursor = connection.cursor(row_factory=tuple_row)
        versions = first.originator_version, last.originator_version
        cursor.execute(self._recorded, (first.originator_id, *versions))
        rows = cursor.fetchall()
        if not rows:
            return None
        found = [(name, state) for *_, name, state in rows]
        if found == list(append.rows) and any(map(has_salt, append.events)):
            return int(rows[-1][0])
        raise StoreUnavailable(
            f"{self._schema.name} did not answer; whether the command was recorded is unknown"
        )
