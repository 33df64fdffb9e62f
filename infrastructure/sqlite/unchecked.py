"""A SQLite file as it is: opened without creating or upgrading anything."""

import re
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from typing_extensions import override

from plangate.application.errors import NotAStore, StoreError
from plangate.application.forks import renew_in_child
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.file import Datastore, SqliteFile
from plangate.infrastructure.sqlite.header import refuse_truncated, resolved
from plangate.infrastructure.sqlite.layout import layout_of
from plangate.infrastructure.sqlite.opening import may_write
from plangate.infrastructure.sqlite.reading import READ_WRITE, ReadSource
from plangate.infrastructure.sqlite.write_ahead import why_foreign

# The first is a heading; the second is what some versions say of a text index in a read-only file.
_NO_FLAW: Final = re.compile(r"\*\*\* in database|unable to validate .* readonly database")


class UncheckedFile(SqliteFile):
    """The file at `path`, whatever it holds; `how` is how SQLite opens it if not as it can."""

    def __init__(self, path: Path, how: str | None = None) -> None:
        self._path = path = resolved(path)
        with opening(path):
            self._source = source = ReadSource(path, how)
        self.datastore = Datastore(
            source.path, source.pragmas, source.how, require_in_place=self._require_current
        )

    def _require_current(self) -> None:
        """Called before each transaction; here the file is open for a short time."""

    def layout(self) -> int:
        """The layout of its tables; 0 if it is empty. Raises `NotAStore` or `StoreTooNew`."""
        with self.translated(None), self.datastore.get_connection(commit=False) as connection:
            return layout_of(connection.cursor().sqlite_cursor, self._path)

    def require_store(self) -> None:
        """Raise `NotAStore` or `StoreTooNew` unless this is a store that this version can read."""
        refuse_truncated(self._path)
        if not self.layout():
            raise NotAStore(f"{self._path} is empty, and not a store")

    def flaws(self, most: int) -> Sequence[str]:
        """The lines of SQLite's integrity check; empty if pages and indexes are sound."""
        lines: list[str] = []
        try:
            with self.reading() as cursor:
                cursor.connection.text_factory = lambda raw: raw.decode(errors="replace")
                for (text,) in cursor.execute(f"PRAGMA integrity_check({most})"):
                    lines += text.splitlines()
        except StoreError as error:  # after naming pages, the check itself may fail on them
            lines.append(str(error))
        return [line for line in lines if line != "ok" and not _NO_FLAW.match(line)]

    @override
    def close(self) -> None:
        self.datastore.close()
        self._source.close()


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
    def _require_current(self) -> None:
        with self._turn:
            if not self._source.is_current():
                with opening(self._path):
                    old, source = self._source, ReadSource(self._path, None)
                self.datastore.open_again(source.path, source.pragmas, source.how)
                self._source = source
                old.close()


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
