"""Puts a registry together. The only place that knows all the adapters."""

import atexit
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from plangate.application.errors import NotAStore, StoreError
from plangate.application.ports import EventStore, ViewStore
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.event_store.family import family_event_store
from plangate.infrastructure.event_store.memory import memory_event_store
from plangate.infrastructure.event_store.sqlite import events_in
from plangate.infrastructure.event_store.sqlite_file import SqliteFile
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.view_store.sqlite import SqliteViewStore, memory_view_store

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    Target = str | os.PathLike[str] | ConnectionPool[Any]

ACCEPTED: Final = (
    "a path, sqlite:///relative/path, sqlite:////absolute/path, postgresql://…, engine:, or memory:"
)
_MEMORY: Final = "memory:"
_ENGINE: Final = "engine:"
_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgres://")


def connect(target: "Target | None" = None, *, schema: str | None = None) -> PlanRegistry:
    """A registry on the store that `target` names; without one, on the configured store.

    `target` is a path to a SQLite file (made if it is not there), `sqlite:///…`
    with such a path, any `postgresql://` URL that libpq understands, an open psycopg
    `ConnectionPool`, `engine:` for the one that `PERSISTENCE_MODULE` names, or
    `memory:`. In PostgreSQL, `schema` holds the tables (made if they are not there);
    it is `PLANGATE_SCHEMA` or else `plangate`. Raises a `StoreError` where there can
    be none.
    """
    settings = Settings()
    schema = schema or settings.pg_schema
    if target is None:
        an_engine = settings.db is None and settings.persistence_module
        target = _ENGINE if an_engine else settings.target()
    events, views = _stores(target, schema)
    return PlanRegistry(events, views=views, clock=_now, new_id=_new_id)


def connect_to_existing(target: str) -> PlanRegistry:
    """As `connect`, but where there is no file none is made: that raises `NotAStore`."""
    path = _file_of(target)
    if path is not None and not path.exists():
        raise NotAStore(f"there is no file {path}")
    return connect(target)


def migrate(target: "Target | None" = None, *, schema: str | None = None) -> None:
    """Make or upgrade the store, as `connect` does, so that who uses it needs no right to."""
    connect(target, schema=schema).close()


_shared: PlanRegistry | None = None
_sharing: Final = Lock()


def get_registry() -> PlanRegistry:
    """The process-wide registry on the configured store, closed when the process ends."""
    global _shared  # noqa: PLW0603  (one a process is what this function is for)
    with _sharing:
        if _shared is None:
            _shared = connect()
            atexit.register(_shared.close)
        return _shared


def _stores(target: "Target", schema: str) -> tuple[EventStore, ViewStore]:
    if not isinstance(target, str | os.PathLike):
        return _in_one_schema(target, schema)
    target = os.fspath(target)
    path = _file_of(target)
    if path is not None:
        return _in_one_file(path)
    if target == _MEMORY:
        return memory_event_store(), memory_view_store()
    if target == _ENGINE:  # which holds events alone: each process keeps views of its own
        return family_event_store(os.environ), memory_view_store()
    return _in_one_schema(target, schema)


def _file_of(target: str) -> Path | None:
    """The SQLite file that a target names, None for other stores; else raises `NotAStore`."""
    if target in {_MEMORY, _ENGINE} or target.startswith(_POSTGRES):
        return None
    if "://" in target and not target.startswith(_SQLITE):
        scheme = target.partition("://")[0]
        raise NotAStore(f"no store is known for {scheme}:// addresses; accepted: {ACCEPTED}")
    if not target or "\0" in target:
        raise NotAStore(f"{target!r} names no store; accepted: {ACCEPTED}")
    return Path(target.removeprefix(_SQLITE))


def _in_one_file(path: Path) -> tuple[EventStore, ViewStore]:
    file = SqliteFile(path)
    return events_in(file), SqliteViewStore(file)


def _in_one_schema(
    source: "str | ConnectionPool[Any]", schema: str
) -> tuple[EventStore, ViewStore]:
    try:
        from plangate.infrastructure.event_store import postgres  # noqa: PLC0415  (an extra)
        from plangate.infrastructure.event_store.postgres_schema import (  # noqa: PLC0415
            open_schema,
        )
        from plangate.infrastructure.view_store.postgres import (  # noqa: PLC0415
            PostgresViewStore,
        )
    except ImportError as missing:
        raise StoreError(
            f"PostgreSQL needs psycopg: pip install 'plangate[postgres]' ({missing})"
        ) from missing
    opened = open_schema(source, schema)
    return postgres.events_in(opened), PostgresViewStore(opened)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(digits: int) -> str:
    return secrets.token_hex(digits // 2)
