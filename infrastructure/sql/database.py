"""An SQL database, as the views and the ledger use it on every engine."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Cursor(Protocol):
    """The part of a cursor that is used here. Placeholders are written `?`."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, text: str, values: Sequence[Any] = ..., /) -> Any:
        """Execute one statement."""

    def executemany(self, text: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Execute one statement for each row of values."""

    def fetchone(self) -> Any:
        """The next row of the last statement's result, or None."""

    def fetchall(self) -> list[Any]:
        """All rows of the last statement's result."""


class Database(Protocol):
    """The transactions of a database.

    Each is one call, so that an exception from a signal handler cannot part a lock or a
    connection from the block that gives it back.
    """

    def read(self, work: Callable[[Cursor], T], /) -> T:
        """Do `work` in a transaction that sees one state of the database."""

    def write(self, work: Callable[[Cursor], T], /) -> T:
        """Do `work` in a transaction of which nothing remains if it raises an error."""

    def write_derived(self, work: Callable[[Cursor], T], /) -> T:
        """`write` for what follows from the log. After power loss it may be as it was before."""

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""


def all_rows(cursor: Cursor, query: str, values: Sequence[Any] = ()) -> list[Any]:
    """All rows that a query finds."""
    cursor.execute(query, values)
    return cursor.fetchall()
