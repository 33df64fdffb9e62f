"""A SQLite file from outside: whether it is complete and has no blank page.

SQLite reports some kinds of damage without the place; this finds it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from plangate.application.operations.observations import RESTORE, CheckResult, fine, problem
from plangate.application.operations.reports import Observation
from plangate.infrastructure.sqlite.file_bytes import bytes_of
from plangate.infrastructure.sqlite.header import Header, in_use, truncated_length

_NO_STORE: Final = f"if it never was a store, name another; if it was, {RESTORE}"
_LOCKED: Final = 2**30
"""The byte whose page holds SQLite's locks and nothing else."""


@dataclass(frozen=True)
class Outline:
    """The header and the length of the file at `path`."""

    path: Path
    size: int
    header: Header

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read them from a file; raises `OSError`."""
        return cls(path, path.stat().st_size, Header.of(path))

    def observations(self) -> Iterator[Observation]:
        """Whether the file is complete."""
        if not self.size:
            yield problem("file", "empty: 0 bytes", f"{self.path}, byte 0", RESTORE)
        elif not self.header.page_size:
            yield problem("file", "not a SQLite database", f"{self.path}, byte 0", _NO_STORE)
        elif in_use(self.path):
            yield fine("file", f"{self.path}: {self.size:,} bytes, in use")
        else:
            yield from self._whole()

    def _whole(self) -> Iterator[Observation]:
        size = truncated_length(self.path)
        if size is None:
            yield fine("file", f"{self.path}: {self.size:,} bytes, complete")
        else:
            place = f"{self.path}, byte {size:,}, page {size // self.header.page_size + 1:,}"
            found = f"truncated: {size:,} bytes of {self.header.length:,}"
            yield problem("file", found, place, RESTORE)
        result = CheckResult("pages", "no page is blank")
        result.add(
            problem("pages", "blank: only zeros", f"{self.path}, page {page:,}", RESTORE)
            for page in self._blank()
        )
        yield from result.observations()

    def _blank(self) -> Iterator[int]:
        """The pages in use that hold only zeros."""
        unused = {_LOCKED // self.header.page_size + 1} | self._free()
        zeros, page = bytes(self.header.page_size), 0
        size = self.header.page_size
        with bytes_of(self.path) as file:
            while content := file.read(page * size, size):
                page += 1
                if content == zeros and page not in unused:
                    yield page

    def _free(self) -> set[int]:
        free: set[int] = set()
        trunk = self.header.first_free_page
        size = self.header.page_size
        with bytes_of(self.path) as file:
            while trunk and trunk not in free:
                free.add(trunk)
                content = file.read((trunk - 1) * size, size)
                numbers = [
                    int.from_bytes(content[at : at + 4], "big") for at in range(0, len(content), 4)
                ]
                trunk, count = (*numbers[:2], 0, 0)[:2]
                free.update(numbers[2 : 2 + count])
        return free
