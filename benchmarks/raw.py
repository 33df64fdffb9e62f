"""The limit: the same bytes written and read by plain `sqlite3`, with the same durability."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.measuring import timed

_TABLE: Final = """
CREATE TABLE stored_events (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL, state TEXT NOT NULL,
    UNIQUE (originator_id, originator_version))
"""
_INSERT: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    " VALUES (?, ?, ?, ?)"
)


class StoredRow(NamedTuple):
    """A row of an event."""

    plan_id: str
    version: int
    topic: str
    state: str


Command = Sequence[StoredRow]
"""The rows of one command."""


class Recorded:
    """What plangate records in a file, command by command."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._after = self.count()
        self.latest: Sequence[Command] = ()

    def count(self) -> int:
        """All events in the file."""
        with closing(sqlite3.connect(self._path)) as connection:
            last = connection.execute("SELECT max(notification_id) FROM stored_events")
            return int(last.fetchone()[0] or 0)

    def look(self) -> None:
        """Keep the commands recorded since the last look as the `latest`."""
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute(
                "SELECT originator_id, originator_version, topic, state,"
                " coalesce(json_extract(state, '$.meta.causation_id'),"
                " originator_id || '@' || originator_version)"
                " FROM stored_events WHERE notification_id > ? ORDER BY notification_id",
                (self._after,),
            ).fetchall()
        self._after += len(rows)
        self.latest = [
            [StoredRow(*row[:4]) for row in command]
            for _, command in groupby(rows, key=lambda row: row[4])
        ]


class RawLog:
    """Commits the rows of each command in a transaction that waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_TABLE)
        self.written = 0

    def write(self, commands: Iterable[Command]) -> None:
        """Write the rows as they are."""
        execute = self._connection.execute
        for command in commands:
            execute("BEGIN IMMEDIATE")
            for row in command:
                execute(_INSERT, row)
            execute("COMMIT")
            self.written += len(command)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def written_again(recorded: Recorded, log: RawLog, operations_of: int = 1) -> float:
    """The µs of an operation, of so many commands, whose rows are written as last recorded."""
    commands = recorded.latest
    return timed(lambda: log.write(commands), len(commands) // operations_of)


# --- reading: decoded by the fastest decoder there is, into values of a type for each event ---


class _Value(msgspec.Struct, gc=False):
    """The common part of all events."""


class _Scored(_Value, gc=False):
    task_id: str
    kind: str
    score: float
    mark_done: bool | None = None


class _Moved(_Value, gc=False):
    task_id: str
    old: str
    new: str
    cause: str


class _Meta(msgspec.Struct, gc=False):
    schema_version: int
    recorded_at: str
    causation_id: str | None = None


class _ScoredRecord(msgspec.Struct, gc=False):
    event: _Scored
    meta: _Meta


class _MovedRecord(msgspec.Struct, gc=False):
    event: _Moved
    meta: _Meta


_DECODE_SCORED: Final = msgspec.json.Decoder(_ScoredRecord).decode
_DECODE_MOVED: Final = msgspec.json.Decoder(_MovedRecord).decode
_DECODE_OTHER: Final = msgspec.json.Decoder().decode


@dataclass
class BareFold:
    """The least that a replay does: the newest score and status of each task."""

    scores: dict[str, float]
    status: dict[str, str]
    events: int = 0

    def add(self, topic: str, state: str | bytes) -> Any:
        """Decode an event and apply it; the decoded record."""
        self.events += 1
        if topic == "task-scored":
            scored = _DECODE_SCORED(state)
            self.scores[scored.event.task_id] = scored.event.score
            return scored
        if topic == "task-status-changed":
            moved = _DECODE_MOVED(state)
            self.status[moved.event.task_id] = moved.event.new
            return moved
        return _DECODE_OTHER(state)


def replayed(connection: sqlite3.Connection, plan_id: str | None = None) -> BareFold:
    """SELECT, decode and fold a plan's events, or all events of the log."""
    fold = BareFold({}, {})
    query = "SELECT topic, state FROM stored_events"
    where, parameters = "", tuple[str, ...]()
    if plan_id is not None:
        where, parameters = " WHERE originator_id = ? ORDER BY originator_version", (plan_id,)
    for topic, state in connection.execute(query + where, parameters):
        fold.add(topic, state)
    return fold
