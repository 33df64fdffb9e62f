"""The note beside a store, `plans.db-id`: for which file the write-ahead log there is written.

It is on disk before the log is, and names the file by its id and its inode. Without a note
(an older plangate wrote the store, or only the file and its log were copied) the contents
decide; see `write_ahead`.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final, Self

from plangate.infrastructure.sqlite.header import beside

SUFFIX: Final = "-id"


@dataclass(frozen=True)
class FileNote:
    """A file: its ids, the newest first, and its inode.

    It has a second id until the first one is in the file itself.
    """

    file_ids: tuple[str, ...]
    inode: int

    @classmethod
    def beside(cls, path: Path) -> Self | None:
        """The note beside the file at `path`; None if there is none that can be read."""
        try:
            noted = json.loads(beside(path, SUFFIX).read_bytes())
            return cls(tuple(map(str, noted["file_ids"])), int(noted["inode"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_beside(self, path: Path) -> None:
        """Write it to disk, in place of an older one; raises OSError."""
        note = beside(path, SUFFIX)
        partial = note.with_name(f"{note.name}.{token_hex(4)}.partial")
        text = json.dumps({"file_ids": self.file_ids, "inode": self.inode}) + "\n"
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w") as file:  # noqa: PTH123  (a descriptor has no path)
                os.fchmod(descriptor, path.stat().st_mode & 0o777)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            partial.rename(note)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
        sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
