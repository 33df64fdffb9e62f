"""Run a command whose exit code, or whose JSON, is a score.

The command is the leader of a process group of its own. Whatever is left of the group when it
ends, takes too long or is interrupted, ends with it.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Thread
from types import FrameType
from typing import IO, Final

MAX_JSON: Final = 1024 * 1024
"""The largest answer in JSON that is kept, in bytes."""

_GRACE: Final = 5.0
"""Seconds that a command has to end after it was asked to, and its output to close."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """How a command ended. `failure` says why that is not a result, if it is not.

    `output` is the beginning of what it wrote, as far as it was asked for.
    """

    command: Sequence[str]
    seconds: float
    exit_code: int | None
    failure: str | None
    output_sha256: str
    output_bytes: int
    output: bytes = b""


def run_command(
    command: Sequence[str], *, time_limit: float | None = None, keep_output: bool = False
) -> FinishedRun:
    """Run a command to its end; its output goes to standard error.

    With `keep_output` that of its standard output is kept too, and only that is digested.
    """
    begun = time.monotonic()
    with _interruptible() as from_now_on:
        try:
            process = subprocess.Popen(  # noqa: S603  (the caller's own command)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if keep_output else subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = f"it could not be started: {error}"
            return FinishedRun(command, 0.0, None, why, hashlib.sha256().hexdigest(), 0)
        failure = None
        try:
            from_now_on()
            copied = _Copy(process.stdout, keep=MAX_JSON if keep_output else 0)
            if not _has_ended(process.pid, time_limit):
                failure = f"it took longer than {time_limit:g} s"
                _signal(process.pid, signal.SIGTERM)
                _has_ended(process.pid, _GRACE)
        finally:
            # Before it is waited for, so that its number is not given to another group.
            _signal(process.pid, signal.SIGKILL)
            code = process.wait()
    copied.finish()
    if failure is None and code < 0:
        failure = f"it was ended by {_signal_name(-code)}"
    return FinishedRun(
        command=command,
        seconds=round(time.monotonic() - begun, 3),
        exit_code=code,
        failure=failure,
        output_sha256=copied.digest.hexdigest(),
        output_bytes=copied.size,
        output=bytes(copied.kept),
    )


class _Copy:
    """Copies what a command writes to standard error, digests it, and keeps its beginning."""

    def __init__(self, source: IO[bytes] | None, keep: int) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self.kept = bytearray()
        self._keep = keep
        self._source = source
        self._thread = Thread(target=self._copy, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the output; a process that left the group may keep it open."""
        self._thread.join(_GRACE)
        if self._source is not None and not self._thread.is_alive():
            self._source.close()

    def _copy(self) -> None:
        source = self._source
        while source is not None and (part := os.read(source.fileno(), 65536)):
            self.digest.update(part)
            self.size += len(part)
            if len(self.kept) <= self._keep > 0:
                self.kept += part
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.buffer.write(part)
                sys.stderr.buffer.flush()


def _has_ended(pid: int, seconds: float | None) -> bool:
    """Wait so long for a process to end; it is not reaped."""
    options = os.WEXITED | os.WNOWAIT
    if seconds is None:
        os.waitid(os.P_PID, pid, options)
        return True
    until, pause = time.monotonic() + seconds, 0.001
    while os.waitid(os.P_PID, pid, options | os.WNOHANG) is None:
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, 0.05)
    return True


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """End by an exception where a signal would end this process without clearing up.

    That is from the call of what it gives on: a command that is being started must not be lost.
    """
    early: list[int] = []
    waits = True

    def leave(number: int, _frame: FrameType | None) -> None:
        if not waits:
            raise SystemExit(128 + number)
        early.append(number)

    def from_now_on() -> None:
        nonlocal waits
        waits = False
        if early:
            raise SystemExit(128 + early[0])

    before = {}
    try:
        for number in _SIGNALS:
            with contextlib.suppress(ValueError):  # another thread than the main one
                before[number] = signal.signal(number, leave)
        yield from_now_on
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
