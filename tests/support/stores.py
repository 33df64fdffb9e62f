"""Event stores opened on their own, without views and ledger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg_pool import ConnectionPool

from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore
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
