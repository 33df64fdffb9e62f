"""The file of a store as it lies there: opened without making or upgrading anything."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plangate.application.errors import NotAStore, StoreError
from plangate.infrastructure.sqlite.file import Datastore, SqliteFile
from plangate.infrastructure.sqlite.header import in_use, refuse_cut
from plangate.infrastructure.sqlite.layout import layout_of

_AS_IF_NEVER_CHANGED: Final = "immutable=1"
_READ_ONLY: Final = "mode=ro"
_LIKE_ANYBODY: Final = "mode=rw"

# The first is a heading; the second is what some SQLites say of a text index they may not write to.
_NO_FLAW: Final = re.compile(r"\*\*\* in database|unable to validate .* readonly database")


class FileAsItLies(SqliteFile):
    """The file at `path`, whatever is in it."""

    def __init__(self, path: Path, how: str) -> None:
        self._path = path
        self.datastore = Datastore(path, {}, how)

    def layout(self) -> int:
        """The version of its tables; 0 if it is empty.

        Raises `NotAStore` for what is no store, `StoreTooNew` for one of a newer plangate.
        """
        with self.translated(None), self.datastore.get_connection(commit=False) as connection:
            return layout_of(connection.cursor().sqlite_cursor, self._path)

    def require_store(self) -> None:
        """Raise `NotAStore` or `StoreTooNew` unless this is a store that can be read."""
        if not self._path.is_file():
            raise NotAStore(f"there is no file {self._path}")
        refuse_cut(self._path)
        if not self.layout():
            raise NotAStore(f"{self._path} is empty, and no store")

    def flaws(self, most: int) -> Sequence[str]:
        """What SQLite finds wrong with pages and indexes, each in a line; empty if all is well."""
        said: list[str] = []
        try:
            with self.reading() as cursor:
                cursor.connection.text_factory = lambda raw: raw.decode(errors="replace")
                for (text,) in cursor.execute(f"PRAGMA integrity_check({most})"):
                    said += text.splitlines()
        except StoreError as error:  # it names pages first, and then may stumble over them
            said.append(str(error))
        return [line for line in said if line != "ok" and not _NO_FLAW.match(line)]


def looked_at(path: Path) -> FileAsItLies:
    """The file for somebody who leaves no trace in it or beside it.

    As long as nobody has it open, SQLite is told that nobody ever will: it would
    else lay its log and an index of that beside the file. See `in_use`.
    """
    return FileAsItLies(path, _READ_ONLY if in_use(path) else _AS_IF_NEVER_CHANGED)


def beside_writers(path: Path) -> FileAsItLies:
    """The file for somebody who reads one state of it for long, while others write.

    Files that SQLite lays beside it are cleared away by whoever leaves last, and
    only who may write can do that.
    """
    may_write = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return FileAsItLies(path, _LIKE_ANYBODY) if may_write else looked_at(path)
