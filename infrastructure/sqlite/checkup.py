"""Examines a store in a SQLite file: whether it is complete, readable and durable.

Nothing is created, upgraded or changed. A damaged file is examined as far as possible.
"""

import glob
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from plangate.application.errors import StoreError, StoreTooNew
from plangate.application.operations import log_checks, observations
from plangate.application.operations.ledger_checks import check_ledger
from plangate.application.operations.observations import RESTORE, fine, guarded, problem, warning
from plangate.application.operations.reports import Health, Observation
from plangate.application.operations.view_checks import check_views
from plangate.application.progress import Progress
from plangate.application.views.queries import view_report
from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sql.tables import TABLES
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.facts import FILE_ID, STORE_ID, facts_in
from plangate.infrastructure.sqlite.file import DURABLE
from plangate.infrastructure.sqlite.header import beside, in_use, resolved
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION
from plangate.infrastructure.sqlite.ledger import SqliteLedgerStore
from plangate.infrastructure.sqlite.opening import SET_ASIDE
from plangate.infrastructure.sqlite.outline import Outline
from plangate.infrastructure.sqlite.rights import missing_right
from plangate.infrastructure.sqlite.unchecked import UncheckedFile, lenient_text, open_without_trace
from plangate.infrastructure.sqlite.views import SqliteViewStore
from plangate.infrastructure.sqlite.write_ahead import why_foreign

_GET_RIGHT: Final = "get the right to read it from its owner"
_MIB: Final = 2**20
_LITTLE_SPACE: Final = 100 * _MIB
_LONG_LOG: Final = 64 * _MIB
_VIEWS_SINCE: Final = 2
"""The layout that added the tables of the views."""

_LEDGER_SINCE: Final = 3
"""The layout that added the tables of the ledger."""

_PAGE: Final = re.compile(r"\bpage (\d+)", re.IGNORECASE)
_GIVEN: Final = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'stored_events'"
_NEWEST: Final = "SELECT max(notification_id) FROM stored_events"
_PLACES: Final = """
SELECT CAST(originator_id AS TEXT), coalesce(CAST(originator_version AS INTEGER), 0),
    notification_id
FROM stored_events ORDER BY originator_id, originator_version
"""


def examine_file(path: Path, progress: Progress) -> list[Observation]:
    """All observations about the store in the file at `path`."""
    right = missing_right(path)
    if right is not None and not os.access(path, os.R_OK):
        return [problem("file", f"cannot be read: {right}", str(path), _GET_RIGHT)]
    path = resolved(path)
    used = in_use(path)
    found = list(_examined(path, progress))
    if in_use(path) and not used:
        # Another process opened it meanwhile, and half of a change may have been read.
        found = list(_examined(path, progress))
    return found


def _examined(path: Path, progress: Progress) -> Iterator[Observation]:
    if not path.is_file():
        what = "a folder, not a database file" if path.is_dir() else "there is no file"
        yield problem("file", what, str(path), "name another store, or create this one")
        return
    try:
        outline = Outline.of(path)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        yield problem("file", found, str(path), _GET_RIGHT)
        return
    yield from outline.observations()
    if not outline.size:
        return
    with closing(open_without_trace(path)) as file:
        known = _known(file, path)
        yield known
        yield from _leftovers(path)
        if known.health is not Health.PROBLEM:
            yield from guarded("identity", _identity(file))
            yield _durability(outline)
            yield from _space(path)
            yield from _inside(file, path, progress)


def _known(file: UncheckedFile, path: Path) -> Observation:
    """Whether it is a store that this version can read."""
    try:
        layout = file.layout()
    except StoreError as error:
        advice = "upgrade plangate" if isinstance(error, StoreTooNew) else RESTORE
        return problem("store", str(error), str(path), advice)
    if not layout:
        return problem("store", "an empty database, not yet a store", str(path), RESTORE)
    later = "" if layout >= LAYOUT_VERSION else "; the next command upgrades it"
    return fine("store", f"a plangate store of layout {layout}{later}")


def _identity(file: UncheckedFile) -> Iterator[Observation]:
    """The ids of the store and of its file."""
    facts = file.read(facts_in)
    if facts:
        yield fine("identity", f"store {facts.get(STORE_ID)}, file {facts.get(FILE_ID)}")


def _leftovers(path: Path) -> Iterator[Observation]:
    """Logs of other files beside the store, and other names of its file."""
    log, names = beside(path, "-wal"), path.stat().st_nlink
    if why := why_foreign(path):
        advice = "the next command sets it aside; keep it if what is in it was not meant to go"
        yield problem(
            "leftover", f"the write-ahead log is not this file's: {why}", str(log), advice
        )
    for aside in sorted(path.parent.glob(f"{glob.escape(path.name)}-*{SET_ASIDE}*")):
        found = "a log of another file was set aside; commands recorded in it are not in this store"
        yield warning("leftover", found, str(aside), "delete it once nothing in it is missed")
    if names > 1:
        found = f"the file has {names} names (hard links), and is not opened to be written"
        yield warning("file", found, str(path), "remove the other names")


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
        advice = "free space: no backup fits beside the store, and a full disk stops commands"
        yield warning("space", found, str(path.parent), advice)
    elif length > _LONG_LOG:
        found = f"the write-ahead log has grown to {_mib(length)}"
        advice = "a connection has been reading one state for long; the log shrinks when it is done"
        yield warning("space", found, str(log), advice)
    else:
        yield fine("space", f"{_mib(free)} left on the disk; write-ahead log {_mib(length)}")


def _inside(file: UncheckedFile, path: Path, progress: Progress) -> Iterator[Observation]:
    # One of both is known even if the end of the log is damaged.
    store, last = events_in(file), max(_number(file, _NEWEST), _number(file, _GIVEN))
    log = log_checks.DamagedLog(store, last, lambda position: progress(position, 2 * last))
    yield from guarded("integrity", _integrity(file, path))
    yield from log_checks.check_entries(log.entries(), store.format)
    yield from log.damaged.observations()
    yield from guarded("end", _whole_end(file))
    yield from guarded("histories", _histories(file, last, progress))
    if file.layout() >= _VIEWS_SINCE:
        yield from guarded("views", _views(file))
    if file.layout() >= _LEDGER_SINCE:
        yield from guarded("ledger", check_ledger(SqliteLedgerStore(file)))


def _integrity(file: UncheckedFile, path: Path) -> Iterator[Observation]:
    flaws = file.flaws(observations.MAX_LISTED)
    for flaw in flaws:
        page = _PAGE.search(flaw)
        place = f"{path}, page {page[1]}" if page else str(path)
        yield problem("integrity", flaw, place, RESTORE)
    if not flaws:
        yield fine("integrity", "SQLite finds every page and index sound")


def _number(file: UncheckedFile, question: str) -> int:
    try:
        return file.read(partial(_asked, question))
    except StoreError:
        return 0


def _asked(question: str, cursor: Cursor) -> int:
    return int(all_rows(cursor, question)[0][0] or 0)


def _whole_end(file: UncheckedFile) -> Iterator[Observation]:
    given, newest = file.read(lambda cursor: [_asked(q, cursor) for q in (_GIVEN, _NEWEST)])
    if newest < given:
        found = f"positions up to {given:,} were assigned, but the log ends at {newest:,}"
        yield problem("end", found, f"position {newest + 1:,}", RESTORE)
    else:
        yield fine("end", f"the log ends at the newest position that was assigned, {newest:,}")


def _histories(file: UncheckedFile, last: int, progress: Progress) -> Iterator[Observation]:
    def check(cursor: Cursor) -> Sequence[Observation]:
        with lenient_text(cursor):
            return list(log_checks.check_order(_in_order(cursor, last, progress)))

    yield from file.read(check)


def _in_order(cursor: Any, last: int, progress: Progress) -> Iterator[log_checks.EventLocation]:
    """The position of each event, by plan and version."""
    done = 0
    cursor.execute(_PLACES)
    while rows := cursor.fetchmany(1_000):
        yield from rows
        done += len(rows)
        progress(last + min(done, last), 2 * last)


def _views(file: UncheckedFile) -> Iterator[Observation]:
    store = SqliteViewStore(file)
    yield from check_views(view_report(events_in(file), store))
    for view in {target.view for target in store.positions()} - TABLES.keys():
        found = f"there is a position of a view {view!r}, which this version does not know"
        yield warning("views", found, "view_marks", "written by a newer version, or damaged")
    result = observations.CheckResult("rows", "every row of the views can be read")
    result.add(
        problem("rows", "a row is damaged", view, f"plangate views rebuild {view}")
        for view in store.unreadable_rows()
    )
    yield from result.observations()


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
