"""How a store in a SQLite file is: whether all of it is there, can be read, and is safe.

Nothing is made, upgraded or changed. A damaged file is looked at as far as that goes.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plangate.application.errors import StoreError, StoreTooNew
from plangate.application.operations.log_checks import (
    DamagedLog,
    EventLocation,
    check_entries,
    check_order,
)
from plangate.application.operations.observations import (
    MAX_LISTED,
    RESTORE,
    CheckResult,
    fine,
    guarded,
    problem,
    warning,
)
from plangate.application.operations.reports import Health, Observation
from plangate.application.operations.view_checks import check_views
from plangate.application.progress import Progress
from plangate.application.views.queries import ViewQueries
from plangate.infrastructure.sql.tables import TABLES
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import DURABLE, LAYOUT_VERSION
from plangate.infrastructure.sqlite.header import beside, in_use
from plangate.infrastructure.sqlite.outline import Outline
from plangate.infrastructure.sqlite.unchecked import (
    FileAsItLies,
    looked_at,
)
from plangate.infrastructure.sqlite.views import SqliteViewStore

_MIB: Final = 2**20
_LITTLE_SPACE: Final = 100 * _MIB
_LONG_LOG: Final = 64 * _MIB
_VIEWS_SINCE: Final = 2
"""The layout that brought the tables of the views."""

_PAGE: Final = re.compile(r"\bpage (\d+)", re.IGNORECASE)
_GIVEN: Final = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'stored_events'"
_NEWEST: Final = "SELECT max(notification_id) FROM stored_events"
_PLACES: Final = """
SELECT CAST(originator_id AS TEXT), coalesce(CAST(originator_version AS INTEGER), 0),
    notification_id
FROM stored_events ORDER BY originator_id, originator_version
"""


def examine_file(path: Path, progress: Progress) -> list[Observation]:
    """All that is found about the store in the file at `path`."""
    used = in_use(path)
    found = list(_looked_over(path, progress))
    if in_use(path) and not used:
        # Somebody opened it meanwhile, so that half of a change may have been seen.
        found = list(_looked_over(path, progress))
    return found


def _looked_over(path: Path, progress: Progress) -> Iterator[Observation]:
    if not path.is_file():
        what = "a folder, and no database file" if path.is_dir() else "there is no file"
        yield problem("file", what, str(path), "name another store, or let a command make this one")
        return
    try:
        outline = Outline.of(path)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        yield problem("file", found, str(path), "ask whom it belongs to for the right to read it")
        return
    yield from outline.observations()
    if not outline.size:
        return
    with closing(looked_at(path)) as file:
        known = _known(file, path)
        yield known
        if known.health is not Health.PROBLEM:
            yield _durability(outline)
            yield from _space(path)
            yield from _inside(file, path, progress)


def _known(file: FileAsItLies, path: Path) -> Observation:
    """Whether it is a store that this plangate can read."""
    try:
        layout = file.layout()
    except StoreTooNew as error:
        return problem("store", str(error), str(path), "upgrade plangate")
    except StoreError as error:
        return problem("store", str(error), str(path), RESTORE)
    if not layout:
        return problem("store", "an empty database, and no store yet", str(path), RESTORE)
    later = "" if layout == LAYOUT_VERSION else "; the next command brings it up to date"
    return fine("store", f"a plangate store of layout {layout}{later}")


def _durability(outline: Outline) -> Observation:
    if not outline.header.writes_ahead:
        found = "the file is not in write-ahead mode"
        return warning("durability", found, str(outline.path), "the next command switches it back")
    level = DURABLE["synchronous"]
    return fine("durability", f"write-ahead log; commands wait for the disk (synchronous={level})")


def _space(path: Path) -> Iterator[Observation]:
    free = shutil.disk_usage(path.parent).free
    log = beside(path, "-wal")
    length = log.stat().st_size if log.exists() else 0
    if free < max(_LITTLE_SPACE, path.stat().st_size):
        found = f"{_mib(free)} left on the disk"
        advice = "make room: no backup fits beside the store, and a full disk refuses all commands"
        yield warning("space", found, str(path.parent), advice)
    elif length > _LONG_LOG:
        found = f"the write-ahead log has grown to {_mib(length)}"
        advice = "somebody has been reading one state for long; it shrinks when they are done"
        yield warning("space", found, str(log), advice)
    else:
        yield fine("space", f"{_mib(free)} left on the disk; write-ahead log {_mib(length)}")


def _inside(file: FileAsItLies, path: Path, progress: Progress) -> Iterator[Observation]:
    store, last = events_in(file), _end(file)

    def reached(position: int) -> None:
        progress(position, 2 * last)

    log = DamagedLog(store, last, reached)
    yield from guarded("integrity", _integrity(file, path))
    yield from check_entries(log.entries(), store.format)
    yield from log.damaged.observations()
    yield from guarded("end", _whole_end(file))
    yield from guarded("histories", check_order(_in_order(file, last, progress)))
    if file.layout() >= _VIEWS_SINCE:
        yield from guarded("views", _views(file))


def _integrity(file: FileAsItLies, path: Path) -> Iterator[Observation]:
    flaws = file.flaws(MAX_LISTED)
    for flaw in flaws:
        page = _PAGE.search(flaw)
        place = f"{path}, page {page[1]}" if page else str(path)
        yield problem("integrity", flaw, place, RESTORE)
    if not flaws:
        yield fine("integrity", "SQLite finds every page and index sound")


def _end(file: FileAsItLies) -> int:
    """Where the log ends, also where its end is damaged."""
    return max(_asked(file, _NEWEST), _asked(file, _GIVEN))


def _asked(file: FileAsItLies, question: str) -> int:
    try:
        with file.reading() as cursor:
            return int(cursor.execute(question).fetchone()[0] or 0)
    except StoreError:
        return 0


def _whole_end(file: FileAsItLies) -> Iterator[Observation]:
    with file.reading() as cursor:
        given, newest = (cursor.execute(q).fetchone()[0] or 0 for q in (_GIVEN, _NEWEST))
    if newest < given:
        found = f"positions up to {given:,} were given, but the log ends at {newest:,}"
        yield problem("end", found, f"position {newest + 1:,}", RESTORE)
    else:
        yield fine("end", f"the log ends at the newest position that was given, {newest:,}")


def _in_order(file: FileAsItLies, last: int, progress: Progress) -> Iterator[EventLocation]:
    """Where each event is, by plan and version."""
    done = 0
    with file.reading() as cursor:
        cursor.connection.text_factory = lambda raw: raw.decode(errors="replace")
        cursor.execute(_PLACES)
        while rows := _fetched(cursor):
            yield from rows
            done += len(rows)
            progress(last + min(done, last), 2 * last)


def _fetched(cursor: sqlite3.Cursor) -> list[EventLocation]:
    return cursor.fetchmany(1_000)


def _views(file: FileAsItLies) -> Iterator[Observation]:
    store = SqliteViewStore(file)
    views = ViewQueries.on(events_in(file), store, lambda: datetime.now(UTC))
    yield from check_views(views.report())
    for view in {target.view for target in store.marks()} - TABLES.keys():
        found = f"there is a mark of a view {view!r}, which this plangate does not know"
        yield warning("views", found, "view_marks", "made by a newer plangate, or damaged")
    result = CheckResult("rows", "every row of the views can be read")
    result.add(
        problem("rows", "a row is damaged", view, f"plangate views rebuild {view}")
        for view in store.unreadable_rows()
    )
    yield from result.observations()


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
