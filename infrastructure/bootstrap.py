"""Puts a registry together. The only place that knows all the adapters."""

import atexit
import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from plangate.application.errors import NotAStore, StoreError, StoreNotEmpty
from plangate.application.event_store import EventStore
from plangate.application.ledger.ledger import Ledger
from plangate.application.ledger.ledger_store import LedgerStore
from plangate.application.operations.copying import copy_plans, is_prefix
from plangate.application.operations.log_checks import check_log
from plangate.application.operations.reports import BackupReport, Checkup, RestoreReport
from plangate.application.progress import Progress, no_progress
from plangate.application.registry import PlanRegistry
from plangate.application.views.view_store import ViewStore
from plangate.infrastructure.calibration.calibrator import ScipyCalibrator
from plangate.infrastructure.eventsourcing_library.other_engines import other_engine_event_store
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.signing_key import KeyFile
from plangate.infrastructure.sqlite.backup import (
    Extent,
    copy_file,
    new_file,
    proved,
    require_same,
)
from plangate.infrastructure.sqlite.checkup import examine_file
from plangate.infrastructure.sqlite.events import events_in as events_in_file
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.ledger import SqliteLedgerStore
from plangate.infrastructure.sqlite.unchecked import looked_at
from plangate.infrastructure.sqlite.views import SqliteViewStore, memory_view_store
from plangate.infrastructure.versions import versions

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    Named = str | ConnectionPool[Any]
    ViewTables = Named | os.PathLike[str]

ACCEPTED: Final = (
    "a path, sqlite:///relative/path, sqlite:////absolute/path, postgresql://…, engine:, or memory:"
)
_MEMORY: Final = "memory:"
_ENGINE: Final = "engine:"
_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgres://")

_Stores = tuple[EventStore, ViewStore, LedgerStore]


def connect(target: "ViewTables | None" = None, *, schema: str | None = None) -> PlanRegistry:
    """A registry on the store that `target` names; without one, on the configured store.

    `target` is a path to a SQLite file (made if it is not there), `sqlite:///…`
    with such a path, any `postgresql://` URL that libpq understands, an open psycopg
    `ConnectionPool`, `engine:` for the one that `PERSISTENCE_MODULE` names, or
    `memory:`. In PostgreSQL, `schema` holds the tables (made if they are not there);
    it is `PLANGATE_SCHEMA` or else `plangate`. Raises a `StoreError` where there can
    be none.
    """
    events, views, leaves = _stores(_meant(target), schema)
    return PlanRegistry(
        events,
        views=views,
        ledger=Ledger(events, leaves, KeyFile(Settings().ledger_key)),
        clock=_now,
        new_id=_new_id,
        calibrator=ScipyCalibrator(),
    )


def connect_to_existing(target: str) -> PlanRegistry:
    """As `connect`, but where there is no file none is made: that raises `NotAStore`."""
    path = _file_of(target)
    if path is not None and not path.exists():
        raise NotAStore(f"there is no file {path}")
    return connect(target)


def migrate(target: "ViewTables | None" = None, *, schema: str | None = None) -> None:
    """Make or upgrade the store, as `connect` does, so that who uses it needs no right to."""
    connect(target, schema=schema).close()


def backup(
    path: str | os.PathLike[str],
    target: "ViewTables | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> BackupReport:
    """Write the store that `target` names, as it is now, into a new SQLite file at `path`.

    Writers go on meanwhile. The file appears when it is whole, checked and on disk; it
    is a store itself. Of a SQLite file all pages are copied, of another store all
    plans. Raises `InvalidInput` where something is at `path` already.
    """
    path, target = Path(path), _meant(target)
    file = _file_of(target)
    with new_file(path) as partial:
        if file is not None:
            expected = copy_file(file, partial, progress)
        else:
            with connect(target, schema=schema) as source, connect(partial) as copy:
                report = source.bundles.copy_to(copy, progress=progress)
            expected = Extent(report.checked, report.plans, report.position)
        require_same(proved(partial), expected, partial)
        size = partial.stat().st_size
    return BackupReport(file=str(path), bytes=size, **asdict(expected))


def restore_backup(
    path: str | os.PathLike[str],
    target: "ViewTables | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> RestoreReport:
    """Bring a backup back, as the store that `target` names.

    The backup is checked before, and what came of it after. Raises `NotAStore` for a
    file that is no whole backup, `StoreNotEmpty` where plans are; a restoring of this
    very backup that was cut short is gone on with.
    """
    path, target = Path(path), _meant(target)
    file = _file_of(target)
    expected = proved(path)
    if file is not None and not file.exists():
        with new_file(file) as partial:
            copy_file(path, partial, progress)
            require_same(proved(partial), expected, partial)
        return RestoreReport(file=str(path), positions_kept=True, **asdict(expected))
    events, views, _ = _stores(target, schema)
    with closing(views), closing(events), closing(looked_at(path)) as lying:
        backed_up = events_in_file(lying)
        if not is_prefix(events, backed_up):
            raise StoreNotEmpty(str(file or "the target"), events.last_position())
        report = copy_plans(backed_up, events, progress)
    return RestoreReport(file=str(path), positions_kept=report.positions_kept, **asdict(expected))


def doctor(
    target: "ViewTables | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> Checkup:
    """How the store that `target` names is: what is found about it, and where.

    Nothing is made, upgraded or changed; a file may be damaged or read-only. Raises
    `NotAStore` only for what names no store.
    """
    target = _meant(target)
    file = _file_of(target)
    name, found = str(file), [versions()]
    if file is not None:
        found += examine_file(file, progress)
    elif isinstance(target, str) and not target.startswith(_POSTGRES):
        events, views, _ = _stores(target, schema)
        with closing(views), closing(events):
            name = target
            found += check_log(events, progress)
    else:
        with _extra():
            from plangate.infrastructure.postgres.checkup import (  # noqa: PLC0415
                examine_schema,
            )
        name, more = examine_schema(target, schema or Settings().pg_schema, progress)
        found += more
    return Checkup.of(name, found)


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


def _meant(target: "ViewTables | None") -> "Named":
    """The store that is named, or else the configured one."""
    if target is not None:
        return os.fspath(target) if isinstance(target, os.PathLike) else target
    settings = Settings()
    if settings.db is None and settings.persistence_module:
        return _ENGINE
    return settings.target()


def _stores(target: "Named", schema: str | None) -> _Stores:
    path = _file_of(target)
    if path is not None:
        return _in_one_file(path)
    if target == _MEMORY:
        return memory_event_store(), memory_view_store(), MemoryLedgerStore()
    if target == _ENGINE:  # which holds events alone: each process keeps the rest itself
        return other_engine_event_store(os.environ), memory_view_store(), MemoryLedgerStore()
    return _in_one_schema(target, schema or Settings().pg_schema)


def _file_of(target: "Named") -> Path | None:
    """The SQLite file that a target names, None for other stores; else raises `NotAStore`."""
    if not isinstance(target, str) or target in {_MEMORY, _ENGINE} or target.startswith(_POSTGRES):
        return None
    if "://" in target and not target.startswith(_SQLITE):
        scheme = target.partition("://")[0]
        raise NotAStore(f"no store is known for {scheme}:// addresses; accepted: {ACCEPTED}")
    if not target or "\0" in target:
        raise NotAStore(f"{target!r} names no store; accepted: {ACCEPTED}")
    return Path(target.removeprefix(_SQLITE))


def _in_one_file(path: Path) -> _Stores:
    file = SqliteFile(path)
    return events_in_file(file), SqliteViewStore(file), SqliteLedgerStore(file)


def _in_one_schema(source: "str | ConnectionPool[Any]", schema: str) -> _Stores:
    with _extra():
        from plangate.infrastructure.postgres.events import events_in  # noqa: PLC0415
        from plangate.infrastructure.postgres.ledger import (  # noqa: PLC0415
            PostgresLedgerStore,
        )
        from plangate.infrastructure.postgres.schema import (  # noqa: PLC0415
            open_schema,
        )
        from plangate.infrastructure.postgres.views import (  # noqa: PLC0415
            PostgresViewStore,
        )
    opened = open_schema(source, schema)
    return events_in(opened), PostgresViewStore(opened), PostgresLedgerStore(opened)


@contextmanager
def _extra() -> Iterator[None]:
    """Says what to install where PostgreSQL's part cannot be imported."""
    try:
        yield
    except ImportError as missing:
        raise StoreError(
            f"PostgreSQL needs psycopg: pip install 'plangate[postgres]' ({missing})"
        ) from missing


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(digits: int) -> str:
    return secrets.token_hex(digits // 2)
