"""Event stores opened on their own, without views and ledger."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg_pool import ConnectionPool

from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore, _row
from plangate.infrastructure.postgres import events as postgres
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.sqlite import events as sqlite
from plangate.infrastructure.sqlite.file import DURABLE, SqliteFile


def sqlite_event_store(
    path: Path, pragmas: Mapping[str, str | int] = DURABLE
) -> RecorderEventStore:
    """The events of a SQLite file."""
    return sqlite.events_in(SqliteFile(path, pragmas))


def postgres_event_store(
    source: str | ConnectionPool[Any], schema: str = "plangate"
) -> RecorderEventStore:
    """The events of a schema in PostgreSQL."""
    return postgres.events_in(open_schema(source, schema))


def plant(store: EventStore, events: Sequence[RecordedEvent | StoredEntry]) -> None:
    """Have events in a store in memory that need not follow each other, as after damage."""
    open_store: Any = store
    for event in events:
        rows = [_row(event)] if isinstance(event, StoredEntry) else open_store._stored([event])
        log = open_store._recorder
        log._stored_events.extend(log._placed(rows, len(log._stored_events)))
