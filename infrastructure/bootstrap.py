"""Opens registries, and operates on whole stores. The composition root."""

import atexit
import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from threading import Lock
from typing import TYPE_CHECKING, Final

from plangate.application.errors import NotAStore, StoreNotEmpty
from plangate.application.ledger.ledger import Ledger
from plangate.application.operations.copying import copy_plans, is_prefix
from plangate.application.operations.observations import fine
from plangate.application.operations.reports import BackupReport, Checkup, RestoreReport
from plangate.application.progress import Progress, no_progress
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.addresses import (
    address_of,
    can_name_a_file,
    examine,
    file_at,
    open_stores,
    workers_for,
)
from plangate.infrastructure.calibration.calibrator import ScipyCalibrator
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.signing_key import KeyFile
from plangate.infrastructure.sqlite import backup as sqlite_backup
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.header import in_use, resolved
from plangate.infrastructure.sqlite.unchecked import open_without_trace

if TYPE_CHECKING:
    from plangate.infrastructure.addresses import Target


def connect(target: "Target | None" = None, *, schema: str | None = None) -> PlanRegistry:
    """Open a registry on the store that `target` names, or on the configured one.

    `target` is a path to a SQLite file (created if missing), `sqlite:///…` with such a
    path, any `postgresql://` URL that libpq understands, an open psycopg
    `ConnectionPool`, `engine:` for the engine that `PERSISTENCE_MODULE` names, or
    `memory:`. In PostgreSQL, `schema` holds the tables (created if missing); it
    defaults to `PLANGATE_SCHEMA`, then to `plangate`. Raises a `StoreError` where no
    store can be opened.
    """
    address = address_of(target)
    events, views, leaves = open_stores(address, schema)
    return PlanRegistry(
        events,
        views=views,
        ledger=Ledger(events, leaves, KeyFile(Settings().ledger_key)),
        clock=lambda: datetime.now(UTC),
        new_id=lambda digits: secrets.token_hex(digits // 2),
        calibrator=ScipyCalibrator(),
        workers=workers_for(address, schema),
    )


def connect_to_existing(target: "Target | None" = None) -> PlanRegistry:
    """Open a registry as `connect` does, but raise `NotAStore` where no file is, or an empty one.

    An empty file with a write-ahead log is one that another process is creating.
    """
    address = address_of(target)
    path = file_at(address)
    if path is not None:
        with opening(path):
            if not (path.exists() and (path.stat().st_size or in_use(resolved(path)))):
                raise NotAStore(f"there is no store at {path}")
    return connect(address)


def migrate(target: "Target | None" = None, *, schema: str | None = None) -> None:
    """Create or upgrade the tables, so that the service itself needs no DDL rights."""
    connect(target, schema=schema).close()


def backup(
    path: str | os.PathLike[str],
    target: "Target | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> BackupReport:
    """Write the store that `target` names, as it is now, into a new SQLite file at `path`.

    Writers continue meanwhile. The file appears once it is complete, verified and on disk;
    it is a store itself. From a SQLite file all pages are copied, from another store all
    plans. Raises `InvalidInput` if `path` exists already.
    """
    path, address = _file(path), address_of(target)
    file = file_at(address)
    with sqlite_backup.new_file(path) as partial:
        if file is not None:
            expected = sqlite_backup.copy_file(file, partial, progress)
        else:
            source, views, _ = open_stores(address, schema)
            with closing(views), closing(source):
                copy, copied_views, _ = open_stores(str(partial), None)
                with closing(copied_views), closing(copy):
                    report = copy_plans(source, copy, progress, bounded=False)
            expected = sqlite_backup.Extent(report.checked, report.plans, report.position)
        sqlite_backup.require_extent(partial, expected)
        size = partial.stat().st_size
    return BackupReport(file=str(path), bytes=size, **asdict(expected))


def restore_backup(
    path: str | os.PathLike[str],
    target: "Target | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> RestoreReport:
    """Restore a backup as the store that `target` names.

    The backup is verified before, and the store after. Raises `NotAStore` for a file that is
    not a complete backup, `StoreNotEmpty` where the store holds plans; an interrupted
    restore of the same backup is continued.
    """
    path, address = _file(path), address_of(target)
    file = file_at(address)
    expected = sqlite_backup.verified_extent(path)
    positions_kept = True
    if file is not None:
        with opening(file):
            file = resolved(file)
            is_new = not file.exists()
    if file is not None and is_new:
        with sqlite_backup.new_file(file) as partial:
            sqlite_backup.copy_file(path, partial, progress)
            sqlite_backup.require_extent(partial, expected)
    else:
        events, views, _ = open_stores(address, schema)
        with closing(views), closing(events), closing(open_without_trace(path)) as opened:
            backed_up = events_in(opened)
            if not is_prefix(events, backed_up):
                raise StoreNotEmpty(str(file or "the target"), events.last_position())
            positions_kept = copy_plans(backed_up, events, progress, bounded=False).positions_kept
    return RestoreReport(file=str(path), positions_kept=positions_kept, **asdict(expected))


def doctor(
    target: "Target | None" = None,
    *,
    schema: str | None = None,
    progress: Progress = no_progress,
) -> Checkup:
    """Examine the store that `target` names, and report what was found, and where.

    Nothing is created, upgraded or changed; a file may be damaged or read-only. Raises
    `NotAStore` only for a target that is not an address.
    """
    name, observations = examine(address_of(target), schema, progress)
    packages = [f"{one} {version(one)}" for one in ("plangate", "eventsourcing", "pydantic")]
    languages = [f"SQLite {sqlite3.sqlite_version}", f"Python {python_version()}"]
    versions = fine("versions", ", ".join([*packages, *languages]))
    return Checkup.of(name, [versions, *observations])


def _file(path: object) -> Path:
    """The path of a backup; raises `InvalidInput` for what no file can have."""
    named = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(named, str) or not can_name_a_file(named):
        raise InvalidInput([Problem("path", "must be the path of a file")])
    return Path(named)


_shared: PlanRegistry | None = None
_sharing: Final = Lock()


def get_registry() -> PlanRegistry:
    """The registry of this process on the configured store, closed when the process ends."""
    global _shared  # noqa: PLW0603  (one for the process is what this function is for)
    with _sharing:
        if _shared is None:
            _shared = connect()
            atexit.register(_shared.close)
        return _shared
