"""The header of a SQLite file, and whether the file is complete.

SQLite does not notice that a file was truncated inside its last page, and reads zeros for
the rest. The format is described at https://www.sqlite.org/fileformat.html.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

from plangate.application.errors import NotAStore
from plangate.infrastructure.sqlite.file_bytes import bytes_of

APPLICATION_ID: Final = 0x504C4754
"""`PLGT`, in the file's header: this is a plangate store and nothing else."""

_MAGIC: Final = b"SQLite format 3\0"
_PAGE_SIZES: Final = {2**power for power in range(9, 17)}
_WRITE_AHEAD: Final = 2


@dataclass(frozen=True)
class Header:
    """The first hundred bytes of a file, whatever they hold."""

    LENGTH: ClassVar[int] = 100

    data: bytes

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read them from a file; raises `OSError`."""
        with bytes_of(path) as file:
            return cls(file.read(0, cls.LENGTH))

    @property
    def page_size(self) -> int:
        """Bytes in a page; 0 if this is not a SQLite header."""
        size = self._number(16, 2)
        size = 65_536 if size == 1 else size
        is_header = len(self.data) == self.LENGTH and self.data.startswith(_MAGIC)
        return size if is_header and size in _PAGE_SIZES else 0

    @property
    def length(self) -> int:
        """The minimum length of the file in bytes; 0 if the header does not give it."""
        is_valid = self._number(24, 4) == self._number(92, 4)
        return self.page_size * self._number(28, 4) if is_valid else 0

    @property
    def first_free_page(self) -> int:
        """The first page of the list of unused pages; 0 if there are none."""
        return self._number(32, 4)

    @property
    def changes(self) -> int:
        """The change counter, which a log need not raise with every transaction."""
        return self._number(24, 4)

    @property
    def state(self) -> bytes:
        """The part of the header that changes."""
        return self.data[24:]

    @property
    def layout(self) -> int:
        """The version of plangate's tables, in the file's `user_version`."""
        return self._number(60, 4)

    @property
    def is_of_plangate(self) -> bool:
        """Whether plangate has laid out the file."""
        return self._number(68, 4) == APPLICATION_ID

    @property
    def writes_ahead(self) -> bool:
        """Whether the file uses a write-ahead log."""
        return self._number(18, 1) == _WRITE_AHEAD

    def _number(self, offset: int, length: int) -> int:
        return int.from_bytes(self.data[offset : offset + length], "big")


def truncated_length(path: Path) -> int | None:
    """The length of a truncated file; None for a complete file or one in use.

    While a file is in use, its end may be in the write-ahead log. Raises `OSError`.
    """
    length = Header.of(path).length
    if path.stat().st_size >= length or in_use(path):
        return None
    size = path.stat().st_size  # once more: it may have been closed just now
    return size if size < length else None


def refuse_truncated(path: Path) -> None:
    """Raise `NotAStore` for a truncated file."""
    try:
        size = truncated_length(path)
    except OSError:  # missing or unreadable: opening it reports that
        return
    if size is not None:
        raise NotAStore(f"{path} is damaged (it was truncated, and ends at byte {size})")


def refuse_hard_links(path: Path) -> None:
    """Raise `NotAStore` for a file with several names: each would have a log of its own."""
    if path.is_file() and (names := path.stat().st_nlink) > 1:
        raise NotAStore(
            f"{path} has {names} names (hard links), and each would get a write-ahead log of its"
            " own; remove the other names, or use a copy made by `plangate store backup`"
        )


def in_use(path: Path) -> bool:
    """Whether a process has the file open, or ended without closing it."""
    return any(beside(path, suffix).exists() for suffix in ("-wal", "-journal"))


def beside(path: Path, suffix: str) -> Path:
    """A file that SQLite creates beside a database: `-wal`, `-shm` or `-journal`."""
    return path.with_name(path.name + suffix)


def resolved(path: Path) -> Path:
    """The one path of a file, without symbolic links: SQLite's files lie beside that one.

    Raises `NotAStore` for a link that leads to itself.
    """
    try:
        return path.resolve()
    except RuntimeError as circle:
        raise NotAStore(f"{path} is a symbolic link that leads to itself") from circle
