"""A SQLite file as it is: opened without creating or upgrading anything."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from plangate.application.errors import NotAStore, StoreError
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.header import in_use, refuse_truncated
from plangate.infrastructure.sqlite.layout import layout_of

_IMMUTABLE: Final = "immutable=1"
_READ_ONLY: Final = "mode=ro"
_READ_WRITE: Final = "mode=rw"

# The first is a heading; the second is what some versions say of a text index in a read-only file.
_NO_FLAW: Final = re.compile(r"\*\*\* in database|unable to validate .* readonly database")


class UncheckedFile(SqliteFile):
    """The file at `path`, whatever it holds."""

    def __init__(self, path: Path, how: str) -> None:
        self._open(path, {}, how)

    def layout(self) -> int:
        """The layout of its tables; 0 if it is empty. Raises `NotAStore` or `StoreTooNew`."""

        def layout(cursor: Any) -> int:
            return layout_of(cursor, self._path)

        return self.read(layout)

    def require_store(self) -> None:
        """Raise `NotAStore` or `StoreTooNew` unless this is a store that this version can read."""
        if not self._path.is_file():
            raise NotAStore(f"there is no file {self._path}")
        refuse_truncated(self._path)
        if not self.layout():
            raise NotAStore(f"{self._path} is empty, and not a store")

    def flaws(self, most: int) -> Sequence[str]:
        """The lines of SQLite's integrity check; empty if pages and indexes are sound."""
        lines: list[str] = []

        def check(cursor: Cursor) -> None:
            with lenient_text(cursor):
                for (text,) in cursor.execute(f"PRAGMA integrity_check({most})"):
                    lines.extend(text.splitlines())

        try:
            self.read(check)
        except StoreError as error:  # after naming pages, the check itself may fail on them
            lines.append(str(error))
        return [line for line in lines if line != "ok" and not _NO_FLAW.match(line)]


@contextmanager
def lenient_text(cursor: Any) -> Iterator[None]:
    """Read damaged texts too, inside the block."""
    connection = cursor.connection
    usual = connection.text_factory
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        yield
    finally:
        connection.text_factory = usual


def open_without_trace(path: Path) -> UncheckedFile:
    """Open the file without writing to it and without creating `-wal` or `-shm` files.

    While no other process has it open, the file is declared immutable to SQLite, which
    would create those files otherwise. See `in_use`.
    """
    return UncheckedFile(path, _READ_ONLY if in_use(path) else _IMMUTABLE)


def open_beside_writers(path: Path) -> UncheckedFile:
    """Open the file to read one state of it for long while others write.

    The last connection to close removes SQLite's files beside it, for which it needs the
    right to write.
    """
    may_write = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return UncheckedFile(path, _READ_WRITE) if may_write else open_without_trace(path)
