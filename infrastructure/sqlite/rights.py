"""What this user may do with the file of a store, and with the folder it is in."""

import os
from pathlib import Path


def may_write(path: Path) -> bool:
    """Whether this process may write a store at `path`, for which SQLite needs the folder too."""
    return all(_may(each, os.W_OK) for each in (path, path.parent) if each.exists())


def missing_right(path: Path) -> str | None:
    """The right that this user lacks to use a file as a store; None if it is none of them.

    A file that may only be read is a store that may only be read.
    """
    folder = path.parent
    if not _may(folder, os.X_OK):
        return f"no right to enter the folder {folder}"
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if file.exists() and not _may(file, os.R_OK):
            return f"no right to read the file {file}"
    if (not path.exists() or _may(path, os.W_OK)) and not _may(folder, os.W_OK):
        return f"no right to create files in the folder {folder}"
    return None


def _may(path: Path, right: int) -> bool:
    return os.access(path, right, effective_ids=os.access in os.supports_effective_ids)
