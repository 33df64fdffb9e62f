"""What the first bytes of a SQLite file say of it, and whether all of it is there.

SQLite itself takes a file that was cut inside its last page for a whole one, and reads
zeros where the rest should be. The format is that of https://www.sqlite.org/fileformat.html.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from plangate.application.errors import NotAStore

_MAGIC: Final = b"SQLite format 3\0"
_LENGTH: Final = 100
_PAGE_SIZES: Final = {2**power for power in range(9, 17)}
_WRITE_AHEAD: Final = 2


@dataclass(frozen=True)
class Header:
    """The first hundred bytes of a file, whatever they are."""

    data: bytes

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read them; raises `OSError` where that is not possible."""
        with path.open("rb") as file:
            return cls(file.read(_LENGTH))

    @property
    def page_size(self) -> int:
        """Bytes in a page; 0 where this is no header."""
        size = self._number(16, 2)
        size = 65_536 if size == 1 else size
        known = len(self.data) == _LENGTH and self.data.startswith(_MAGIC) and size in _PAGE_SIZES
        return size if known else 0

    @property
    def length(self) -> int:
        """Bytes that the file should have at least; 0 where it does not say so."""
        says_so = self._number(24, 4) == self._number(92, 4)
        return self.page_size * self._number(28, 4) if says_so else 0

    @property
    def first_free_page(self) -> int:
        """The page that the list of unused pages begins with; 0 if there are none."""
        return self._number(32, 4)

    @property
    def writes_ahead(self) -> bool:
        """Whether the file is one with a write-ahead log."""
        return self._number(18, 1) == _WRITE_AHEAD

    def _number(self, place: int, length: int) -> int:
        return int.from_bytes(self.data[place : place + length], "big")


def cut_to(path: Path) -> int | None:
    """The length of a file that lacks its end; None if it is whole, or nobody can tell.

    In use, its end may stand in the log beside it. Raises `OSError`.
    """
    length = Header.of(path).length
    if path.stat().st_size >= length or in_use(path):
        return None
    size = path.stat().st_size  # once more: its last user may have left just now
    return size if size < length else None


def refuse_cut(path: Path) -> None:
    """Raise `NotAStore` for a file that lacks its end."""
    try:
        size = cut_to(path)
    except OSError:  # there is none, or none for us: who opens it will say so
        return
    if size is not None:
        raise NotAStore(f"{path} is damaged (it was cut, and ends at byte {size})")


def in_use(path: Path) -> bool:
    """Whether somebody has the file open, or left it without closing it."""
    return any(beside(path, what).exists() for what in ("-wal", "-journal"))


def beside(path: Path, what: str) -> Path:
    """A file that SQLite lays beside a database: `-wal`, `-shm` or `-journal`."""
    return path.with_name(path.name + what)
