"""An SQL database, as the views and the ledger use it on every engine."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


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
    """The transactions of a database."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """A transaction that sees one state of the database."""

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction of which nothing remains when it is left by an error."""

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
