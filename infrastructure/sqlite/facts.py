"""What a store says about itself: the id of the store, and that of the file it is in.

The store's id stays in every copy and backup of it. The file's is new in each, so that a
write-ahead log can be recognised as that of another copy.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Final
from urllib.parse import quote

STORE_ID: Final = "store_id"
FILE_ID: Final = "file_id"

STORE_FACTS: Final = (
    "CREATE TABLE store_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"INSERT INTO store_facts VALUES ('{STORE_ID}', lower(hex(randomblob(16))))",  # noqa: S608
)
"""The table of facts, and the id that a store gets with it."""

_READ: Final = "SELECT name, value FROM store_facts"
_WRITE: Final = "INSERT OR REPLACE INTO store_facts VALUES (?, ?)"


def new_file_id() -> str:
    """An id that no other file has."""
    return token_hex(16)


def file_uri(path: Path, how: str) -> str:
    """SQLite's URI for a file; `how` is its query part."""
    return f"file:{quote(str(path.absolute()))}?{how}"


def facts_in(cursor: sqlite3.Cursor) -> Mapping[str, str]:
    """The facts of a store; none before the layout that added them."""
    known = "SELECT 1 FROM sqlite_master WHERE name = 'store_facts'"
    return dict(cursor.execute(_READ)) if cursor.execute(known).fetchone() else {}


def facts_without_log(path: Path) -> Mapping[str, str]:
    """The facts in the file at `path` alone, whatever its log holds; none where it is damaged."""
    try:
        with closing(sqlite3.connect(file_uri(path, "immutable=1"), uri=True)) as connection:
            return facts_in(connection.cursor())
    except (sqlite3.Error, UnicodeDecodeError):
        return {}


def set_fact(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    """Record a fact, inside the caller's transaction."""
    cursor.execute(_WRITE, (name, value))


def set_file_id(cursor: sqlite3.Cursor, file_id: str) -> None:
    """Name the file, inside the caller's transaction."""
    set_fact(cursor, FILE_ID, file_id)


def name_copy(path: Path) -> None:
    """Give a new copy of a store an id of its own; a layout without facts has none."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        cursor = connection.cursor()
        if facts_in(cursor):
            set_file_id(cursor, new_file_id())
