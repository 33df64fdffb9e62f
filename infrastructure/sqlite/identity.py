"""The file that a store was opened as, and whether it is still the one at its path."""

import os
from pathlib import Path
from typing import Final

from plangate.application.errors import StoreReplaced
from plangate.infrastructure.sqlite.file_bytes import FileKey, HeldFile


class FileIdentity:
    """The file at `path` as it is opened now; hold it before SQLite opens the file."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._held: Final = HeldFile(path.resolve(), logging=True)
        self._replaced: str | None = None

    def require_in_place(self) -> None:
        """Raise `StoreReplaced` unless the file is at its path; then it stays refused.

        A file that was moved back may have missed commands of others.
        """
        if self._replaced is None:
            try:
                if FileKey.of(os.stat(self._path)) == self._held.key:  # noqa: PTH116  (much faster)
                    return
                self._replaced = "was replaced by another file"
            except (FileNotFoundError, NotADirectoryError):
                self._replaced = "was deleted or renamed"
        raise StoreReplaced(
            f"{self._path} {self._replaced} while it was open; nothing more is recorded in it."
            f" Move it back, with {self._path.name}-wal, or open what is there now"
        )

    def close(self) -> None:
        """Let go of the file, after SQLite has closed it; closing twice is harmless."""
        self._held.close()
