"""The program's standard streams: what becomes of output that cannot be written.

Only the first failure counts. Whatever is still in a buffer would fail again when the
interpreter ends, and replace the program's exit code by its own.
"""

import errno
import io
import os
import sys
from typing import Any, Final, TextIO

from typing_extensions import override

_STANDARD: Final = 3
"""Descriptors below are the standard streams."""


class AnswerLost(Exception):
    """The answer could not be written.

    `recorded` says whether the command recorded anything; None for one that does not record.
    `done` is what it did beside that: a sentence without its end.
    """

    def __init__(
        self, cause: Exception, *, recorded: bool | None = None, done: str | None = None
    ) -> None:
        super().__init__(cause, recorded, done)
        self.cause = cause
        self.recorded = recorded
        self.done = done

    @property
    def reader_is_gone(self) -> bool:
        """Whether the other end of a pipe was closed."""
        return isinstance(self.cause, BrokenPipeError)

    @override
    def __str__(self) -> str:
        why = getattr(self.cause, "strerror", None) or f"{type(self.cause).__name__}: {self.cause}"
        if self.done is not None:
            return f"{self.done}; only the answer could not be written: {why}"
        match self.recorded:
            case True:
                return f"the command was recorded; only its answer could not be written: {why}"
            case False:
                return f"there was nothing new to record; the answer could not be written: {why}"
            case None:
                return f"the answer could not be written: {why}"


class _Output(io.RawIOBase):
    """A stream that writes nothing more once a write failed; `raw` is None if it is closed."""

    def __init__(self, raw: Any, *, strict: bool) -> None:
        super().__init__()
        self._raw = raw
        self._strict = strict
        self._failed = False

    @override
    def writable(self) -> bool:
        return True

    @override
    def fileno(self) -> int:
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    @override
    def isatty(self) -> bool:
        return self._raw is not None and bool(self._raw.isatty())

    @override
    def write(self, data: Any) -> int:
        if self._failed:
            return len(data)
        try:
            return self._write(data)
        except OSError as error:
            self._failed = True
            if self._strict:
                raise AnswerLost(error) from None
            return len(data)

    def _write(self, data: Any) -> int:
        if self._raw is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        written = self._raw.write(data)
        if written is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return int(written)


def guard_streams() -> None:
    """Let stdout raise `AnswerLost` where it cannot be written, and stderr nothing.

    Closed descriptors are taken first, so that no file is opened in their stead.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor < _STANDARD:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    sys.stdout = _guarded(sys.stdout, strict=True)
    sys.stderr = _guarded(sys.stderr, strict=False)


def _guarded(stream: TextIO | None, *, strict: bool) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    output = _Output(getattr(buffer, "raw", buffer), strict=strict)
    return io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="replace",  # a sign that the screen lacks shows as `?`
        line_buffering=getattr(stream, "line_buffering", False) or not strict,
    )
