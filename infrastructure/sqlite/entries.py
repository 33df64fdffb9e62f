"""Rows of the log as entries, each made when it is read.

A plan's history may be long. Kept as entries, Python's garbage collector would look at all of
them again and again; of rows of plain values it looks at none.
"""

from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any, overload

from typing_extensions import override

from plangate.application.recorded_event import StoredEntry


class Entries(Sequence[StoredEntry]):
    """The entries in some rows, which have the columns of an entry in its order."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @override
    def __iter__(self) -> Iterator[StoredEntry]:
        return starmap(StoredEntry, self._rows)

    @overload
    def __getitem__(self, index: int) -> StoredEntry: ...
    @overload
    def __getitem__(self, index: slice) -> "Entries": ...
    @override
    def __getitem__(self, index: int | slice) -> "StoredEntry | Entries":
        if isinstance(index, slice):
            return Entries(self._rows[index])
        return StoredEntry(*self._rows[index])
