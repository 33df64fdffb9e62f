"""The bytes of a database file, read without giving up the locks that SQLite holds on it.

POSIX drops all locks of a process on a file when the process closes any descriptor of it.
Another process that closes the store then takes itself for the last one, and removes the
write-ahead log that this one goes on writing to. So a file that this process has open as a
store is read through one descriptor, which stays open as long as the store does.
"""

import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

_CHUNK: Final = 2**20
_SHARED_LOCK: Final = (0x4000_0002, 510)
"""The first byte and the length of what every connection to a database locks to read."""


@dataclass(frozen=True)
class FileKey:
    """What a file is, by whatever name: its device and its inode."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take it from the status of a file."""
        return cls(status.st_dev, status.st_ino)


@dataclass
class _Held:
    descriptors: list[int]
    logging: list[bool] = field(default_factory=list)


class _HeldFiles:
    """The files that this process has open as stores, and their descriptors."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._files: dict[FileKey, _Held] = {}

    def renew(self) -> None:
        """Let a forked child go on: another thread may have held the lock."""
        self._guard = Lock()

    def hold(self, path: Path, *, logging: bool) -> FileKey:
        with self._guard:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            key = FileKey.of(os.fstat(descriptor))
            held = self._files.setdefault(key, _Held([]))
            held.descriptors.append(descriptor)
            held.logging.append(logging)
            return key

    def let_go(self, key: FileKey, *, logging: bool) -> None:
        with self._guard:
            held = self._files[key]
            held.logging.remove(logging)
            if not held.logging:
                del self._files[key]
                for descriptor in held.descriptors:
                    os.close(descriptor)

    def opened(self, path: Path) -> int:
        with self._guard:
            held = self._files.get(FileKey.of(path.stat()))
            return held.descriptors[0] if held else os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def done(self, descriptor: int) -> None:
        with self._guard:
            held = self._files.get(FileKey.of(os.fstat(descriptor)))
            if held is None:
                os.close(descriptor)
            elif descriptor not in held.descriptors:  # a store was opened meanwhile
                held.descriptors.append(descriptor)

    def is_logging(self, key: FileKey) -> bool:
        with self._guard:
            held = self._files.get(key)
            return held is not None and any(held.logging)


_files: Final = _HeldFiles()
os.register_at_fork(after_in_child=_files.renew)


class HeldFile:
    """A file that this process has open as a store, until `close`."""

    def __init__(self, path: Path, *, logging: bool) -> None:
        """Hold the file at `path`; `logging` if SQLite uses its write-ahead log. Raises OSError."""
        self._logging = logging
        self.key: Final = _files.hold(path, logging=logging)
        self._is_open = True

    def close(self) -> None:
        """Let go of it, after SQLite has closed it; closing twice is harmless."""
        if self._is_open:
            self._is_open = False
            _files.let_go(self.key, logging=self._logging)


@dataclass(frozen=True)
class FileBytes:
    """The bytes of an open file."""

    descriptor: int

    @property
    def key(self) -> FileKey:
        """What the file is."""
        return FileKey.of(os.fstat(self.descriptor))

    @property
    def size(self) -> int:
        """Its length now."""
        return os.fstat(self.descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """So many of its bytes, or fewer at its end."""
        return os.pread(self.descriptor, length, offset)

    def copy_into(self, target: Path) -> None:
        """Write all of them into a new file."""
        offset = 0
        with target.open("xb") as copy:
            while chunk := self.read(offset, _CHUNK):
                copy.write(chunk)
                offset += len(chunk)

    def is_open_elsewhere(self) -> bool:
        """Whether SQLite has the file open, here with its write-ahead log or in another process."""
        return _files.is_logging(self.key) or _is_locked(self.descriptor)


@contextmanager
def bytes_of(path: Path) -> Iterator[FileBytes]:
    """Open the file at `path` to read its bytes; raises OSError."""
    descriptor = _files.opened(path)
    try:
        yield FileBytes(descriptor)
    finally:
        _files.done(descriptor)


def _is_locked(descriptor: int) -> bool:
    """Whether another process holds a lock of SQLite on the file."""
    try:
        import fcntl  # noqa: PLC0415  (not on every system)
    except ImportError:  # pragma: no cover
        return False
    first, length = _SHARED_LOCK
    request: tuple[Any, ...]
    if sys.platform == "darwin":  # pragma: no cover
        layout, request, kind = "qqihh", (first, length, 0, fcntl.F_WRLCK, os.SEEK_SET), 3
    else:
        layout, request, kind = "hhqqi", (fcntl.F_WRLCK, os.SEEK_SET, first, length, 0), 0
    answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(layout, *request))
    return bool(struct.unpack(layout, answer)[kind] != fcntl.F_UNLCK)
