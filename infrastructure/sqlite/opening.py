"""What is done at a store's path before SQLite opens the file there to write.

A missing file is created, a write-ahead log of another file is set aside, and the file is
noted as the one that the next log is written for.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from plangate.application.errors import StoreUnavailable
from plangate.application.warnings import LogSetAside
from plangate.infrastructure.sqlite.facts import FILE_ID, facts_without_log, new_file_id
from plangate.infrastructure.sqlite.file_note import FileNote
from plangate.infrastructure.sqlite.header import Header, beside
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION, admits_us
from plangate.infrastructure.sqlite.write_ahead import noted_otherwise, why_foreign

SET_ASIDE = ".set-aside-"
"""In the name of a log that was found beside another file."""


def prepare(path: Path) -> str:
    """Make the file at `path` ready to be opened, and return the id that it is to have.

    Raises `StoreUnavailable`, or OSError.
    """
    with _one_at_a_time(path.parent):
        _create(path)
        header = Header.of(path)
        if header.data and not _is_known(header, path):
            note = FileNote.beside(path)
            is_noted = note is not None and note.inode == path.stat().st_ino
            return note.file_ids[0] if note and is_noted else new_file_id()
        why = why_foreign(path)
        if why is not None:
            _set_aside(beside(path, "-wal"), why)
            beside(path, "-shm").unlink(missing_ok=True)
        if beside(path, "-journal").exists() and (why := noted_otherwise(path)):
            _set_aside(beside(path, "-journal"), why)
        return _noted(path)


def _is_known(header: Header, path: Path) -> bool:
    """Whether the file is a store of this version; another application's is left alone."""
    return header.is_of_plangate and (
        header.layout <= LAYOUT_VERSION or admits_us(facts_without_log(path), header.layout)
    )


def _create(path: Path) -> None:
    """Create the file, for its owner alone; SQLite gives its own files the same rights."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)  # SQLite cannot have a lock on it yet


def _set_aside(log: Path, why: str) -> None:
    aside = log.with_name(f"{log.name}{SET_ASIDE}{token_hex(4)}")
    log.rename(aside)
    warnings.warn(LogSetAside(f"{log} was set aside as {aside.name}: {why}"), stacklevel=2)


def _noted(path: Path) -> str:
    """The file's id, noted beside it; a new one for a file that was copied or moved here."""
    own, inode = facts_without_log(path).get(FILE_ID), path.stat().st_ino
    note = FileNote.beside(path)
    if note and note.inode == inode and own in {None, *note.file_ids}:
        return note.file_ids[0]
    file_id = new_file_id()
    try:
        FileNote((file_id, *([own] if own else [])), inode).write_beside(path)
    except OSError as error:
        if note is not None:  # it would have the next log taken for another file's
            raise StoreUnavailable(f"{path}-id cannot be written ({error})") from error
        return own or file_id
    return file_id


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other processes from preparing a file in the same folder meanwhile."""
    try:
        import fcntl  # noqa: PLC0415  (not on every system)
    except ImportError:  # pragma: no cover
        yield
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # files in it can be opened all the same
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child forked meanwhile has it too
    finally:
        os.close(descriptor)
