"""Whether the write-ahead log beside a file is its own, found out before SQLite opens them.

SQLite replays any complete log that lies beside a file. After `mv backup.db plans.db` that
is the log of the file that was there before, and what comes out is neither of both. The
format is described at https://www.sqlite.org/fileformat.html#walformat.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from plangate.infrastructure.sqlite.facts import FILE_ID, facts_without_log, file_uri
from plangate.infrastructure.sqlite.file_bytes import FileBytes, bytes_of
from plangate.infrastructure.sqlite.file_note import FileNote
from plangate.infrastructure.sqlite.header import Header, beside

_MAGIC: Final = {0x377F0682, 0x377F0683}
_LOG_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_GAPS: Final = """
SELECT 1 FROM stored_events GROUP BY originator_id
HAVING count(*) <> max(originator_version) LIMIT 1
"""
_LACKING: Final = """
SELECT * FROM alone.stored_events WHERE originator_id NOT IN
    (SELECT originator_id FROM main.stored_events WHERE topic = 'plan-erased')
EXCEPT SELECT * FROM main.stored_events LIMIT 1
"""


def why_foreign(path: Path) -> str | None:
    """Why the log beside the file at `path` is not its own; None if it is, or there is none.

    In doubt it is its own: then no acknowledged command is lost. Raises OSError.
    """
    log = beside(path, "-wal")
    if not log.exists():
        return None
    first_pages = _first_pages(log)
    if first_pages is None:  # nothing is committed in it
        return None
    with bytes_of(path) as file:
        if not file.size:
            return "the file is empty, and the log continues one that is not"
        if file.is_open_elsewhere():  # SQLite uses both together
            return None
        return _why_foreign(file, path, log, first_pages)


def noted_otherwise(path: Path) -> str | None:
    """Whether the note beside a file names another one, and what that means for logs there."""
    own, note = facts_without_log(path).get(FILE_ID), FileNote.beside(path)
    if note and own and own not in note.file_ids:
        return "it was written for another file, which was at this path before"
    return None


def _why_foreign(file: FileBytes, path: Path, log: Path, first_pages: list[Header]) -> str | None:
    if why := noted_otherwise(path):
        return why
    if not _may_continue(Header(file.read(0, Header.LENGTH)), first_pages):
        return "it does not continue this state of the file"
    note = FileNote.beside(path)
    if note and note.inode == file.key.inode:
        return None
    return _why_unsound(file, log)


def _may_continue(header: Header, logged: list[Header]) -> bool:
    """Whether a log with these states of the file's header can continue that file.

    The file is as it was when the log began, or parts of the log were copied into it.
    """
    if not logged or any(header.state == one.state for one in logged):
        return True
    return logged[0].changes - header.changes in {0, 1}


def _first_pages(log: Path) -> list[Header] | None:
    """The file's header in each committed transaction that wrote it; None without any commit."""
    committed: list[Header] | None = None
    pending: list[Header] = []
    with bytes_of(log) as file:
        head = file.read(0, _LOG_HEADER)
        if len(head) < _LOG_HEADER or _number(head, 0) not in _MAGIC:
            return None
        page_size, salts = _number(head, 8), head[16:24]
        offset = _LOG_HEADER
        while len(frame := file.read(offset, _FRAME_HEADER)) == _FRAME_HEADER:
            if frame[8:16] != salts or offset + _FRAME_HEADER + page_size > file.size:
                break
            if _number(frame, 0) == 1:
                pending.append(Header(file.read(offset + _FRAME_HEADER, Header.LENGTH)))
            if _number(frame, 4):
                committed = [*(committed or []), *pending]
                pending = []
            offset += _FRAME_HEADER + page_size
    return committed


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "big")


def _why_unsound(file: FileBytes, log: Path) -> str | None:
    """Try both on copies: a log of another file leaves gaps, broken pages, or other events.

    A file that is unsound alone was being written from its log, and needs it.
    """
    with tempfile.TemporaryDirectory(prefix="plangate-") as folder:
        alone, both = Path(folder, "alone.db"), Path(folder, "both.db")
        file.copy_into(alone)
        file.copy_into(both)
        with bytes_of(log) as logged:
            logged.copy_into(beside(both, "-wal"))
        if not _is_sound(alone, "immutable=1"):
            return None
        if not _is_sound(both, "mode=rw"):
            return "together they make a damaged store, and the file alone is sound"
        if not _keeps_events(alone, both):
            return "together they lack events that are in the file"
    return None


def _is_sound(path: Path, how: str) -> bool:
    try:
        with closing(sqlite3.connect(file_uri(path, how), uri=True)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            return found == "ok" and connection.execute(_GAPS).fetchone() is None
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _keeps_events(alone: Path, both: Path) -> bool:
    with closing(sqlite3.connect(file_uri(both, "mode=rw"), uri=True)) as connection:
        connection.execute("ATTACH ? AS alone", (file_uri(alone, "immutable=1"),))
        return connection.execute(_LACKING).fetchone() is None
