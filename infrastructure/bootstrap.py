"""Puts a registry together. The only place that knows all the adapters."""

import atexit
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from plangate.application.errors import NotAStore
from plangate.application.ports import EventStore, ViewStore
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.event_store.memory import memory_event_store
from plangate.infrastructure.event_store.sqlite import events_in
from plangate.infrastructure.event_store.sqlite_file import SqliteFile
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.view_store.sqlite import SqliteViewStore, memory_view_store

ACCEPTED: Final = "a path, sqlite:///relative/path, sqlite:////absolute/path, or memory:"
_MEMORY: Final = "memory:"
_SQLITE: Final = "sqlite:///"


def connect(target: str | os.PathLike[str] | None = None) -> PlanRegistry:
    """A registry on the store that `target` names; without one, on the configured store.

    `target` is a path to a SQLite file (made if it is not there), `sqlite:///…`
    with such a path, or `memory:`. Raises a `StoreError` where there can be none.
    """
    events, views = _stores(Settings().target() if target is None else os.fspath(target))
    return PlanRegistry(events, views=views, clock=_now, new_id=_new_id)


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


def _stores(target: str) -> tuple[EventStore, ViewStore]:
    if target == _MEMORY:
        return memory_event_store(), memory_view_store()
    if target.startswith(_SQLITE):
        return _in_one_file(Path(target.removeprefix(_SQLITE)))
    if "://" in target:
        scheme = target.partition("://")[0]
        raise NotAStore(f"no store is known for {scheme}:// addresses; accepted: {ACCEPTED}")
    if not target or "\0" in target:
        raise NotAStore(f"{target!r} names no store; accepted: {ACCEPTED}")
    return _in_one_file(Path(target))


def _in_one_file(path: Path) -> tuple[EventStore, ViewStore]:
    file = SqliteFile(path)
    return events_in(file), SqliteViewStore(file)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(digits: int) -> str:
    return secrets.token_hex(digits // 2)
