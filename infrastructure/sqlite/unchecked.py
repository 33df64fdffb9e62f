"""A SQLite file as it is: opened without creating or upgrading anything."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from typing_extensions import override

from plangate.application.errors import NotAStore, StoreError
from plangate.application.forks import renew_in_child
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.header import refuse_truncated, resolved
from plangate.infrastructure.sqlite.layout import layout_of
from plangate.infrastructure.sqlite.reading import READ_WRITE, ReadSource
from plangate.infrastructure.sqlite.rights import may_write
from plangate.infrastructure.sqlite.write_ahead import why_foreign

# The first is a heading; the second is what some versions say of a text index in a read-only file.
_NO_FLAW: Final = re.compile(r"\*\*\* in database|unable to validate .* readonly database")


class UncheckedFile(SqliteFile):
    """The file at `path`, whatever it holds; `how` is how SQLite opens it if not as it can."""

    def __init__(self, path: Path, how: str | None = None) -> None:
        self._path = path = resolved(path)
        with opening(path):
            self._source = ReadSource(path, how)
        self._open(self._source.path, self._source.pragmas, self._source.how)

    @override
    def _require_in_place(self) -> None:
        """The file is open for a short time only."""

    @override
    def _let_go(self) -> None:
        self._source.close()

    def layout(self) -> int:
        """The layout of its tables; 0 if it is empty. Raises `NotAStore` or `StoreTooNew`."""

        def layout(cursor: Any) -> int:
            return layout_of(cursor, self._path)

        return self.read(layout)

    def require_store(self) -> None:
        """Raise `NotAStore` or `StoreTooNew` unless this is a store that this version can read."""
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


class ReadOnlyFile(UncheckedFile):
    """A store that this process may read but not write, followed while others write it."""

    def __init__(self, path: Path) -> None:
        self._turn = Lock()
        renew_in_child(self._renew)
        super().__init__(path)
        try:
            self.require_store()
        except BaseException:
            self.close()
            raise

    def _renew(self) -> None:
        self._turn = Lock()

    @override
    def _require_in_place(self) -> None:
        with self._turn:
            if not self._source.is_current():
                with opening(self._path):
                    old, source = self._source, ReadSource(self._path, None)
                # Who reads meanwhile ends on the connections that it has.
                self._open(source.path, source.pragmas, source.how)
                self._source = source
                old.close()


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
    """Open the file without writing to it and without creating `-wal` or `-shm` files."""
    return UncheckedFile(path)


def open_beside_writers(path: Path) -> UncheckedFile:
    """Open the file to read one state of it for long while others write.

    The last connection to close removes SQLite's files beside it, for which it needs the
    right to write.
    """
    path = resolved(path)
    owns_log = may_write(path) and path.is_file() and why_foreign(path) is None
    return UncheckedFile(path, READ_WRITE if owns_log else None)
