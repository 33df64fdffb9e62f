"""Operates on whole stores: upgrades, backups and check-ups."""

import os
import sqlite3
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from plangate.application.errors import StoreNotEmpty
from plangate.application.operations.copying import copy_plans, is_prefix
from plangate.application.operations.observations import fine
from plangate.application.operations.reports import BackupReport, Checkup, RestoreReport
from plangate.application.progress import Progress, no_progress
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.addresses import (
    address_of,
    can_name_a_file,
    examine,
    file_at,
    open_stores,
)
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.sqlite import backup as sqlite_backup
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.header import resolved
from plangate.infrastructure.sqlite.unchecked import open_without_trace

if TYPE_CHECKING:
    from plangate.infrastructure.addresses import Target


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
            source, views, *_ = open_stores(address, schema)
            with closing(views), closing(source):
                copy, copied_views, *_ = open_stores(str(partial), None)
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
    path, address = _file(path), address_of(target, create=True)
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
        events, views, *_ = open_stores(address, schema)
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
