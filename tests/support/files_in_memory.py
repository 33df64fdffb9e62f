"""Keeps the files of a run in memory where there is room: stores wait for the disk at each command.

What a store asks of the disk is tested by its system calls, and `make soak` uses the disk itself.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  (the folder made in it is ours alone)
_ENOUGH: Final = 2 * 2**30
"""More bytes than a run of all tests has there at any time."""


def files_in_memory() -> Path | None:
    """A new folder in memory that all temporary files go to from now on, or None without room."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return None
    if shutil.disk_usage(_MEMORY).free < _ENOUGH or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return None
    folder = Path(tempfile.mkdtemp(prefix="plangate-tests-", dir=_MEMORY))
    folder.chmod(0o755)
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
    return folder
