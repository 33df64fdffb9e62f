"""Other programs that tests start and that never outlive them, however the tests end."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

NOBODY: Final = 65534
"""The unprivileged user and group of every Unix."""

PATIENCE: Final = 30.0
"""Seconds within which a server has started or stopped."""


def started(
    command: Sequence[str | Path], log: Path, port: int, **options: Any
) -> subprocess.Popen[bytes]:
    """A server that accepts connections on the port, and dies with this process."""
    server = launched(command, log, **options)
    deadline = monotonic() + PATIENCE
    while not _accepts(port):
        if server.poll() is not None or monotonic() > deadline:
            server.kill()
            raise AssertionError(f"{command[0]} did not start: {log.read_text('utf-8')[-2000:]}")
        sleep(0.02)
    return server


def launched(
    command: Sequence[str | Path], log: Path, *, answers: Path | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """A program that runs, and dies with this process; stdout goes to `answers` if it is given."""
    with log.open("ab") as output, (answers or log).open("ab") as answer:
        return subprocess.Popen(
            command,
            stdout=answer,
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  (it only makes a system call)
            **options,
        )


def stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Ask a server to stop, and see that it is gone."""
    server.send_signal(how)
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(PATIENCE)


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    # A run in the background ignores it, and so would its children.
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGQUIT)


def drop_rights() -> None:
    """Go on without the rights of root, where this process has them."""
    if is_root():
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def is_root() -> bool:
    """Whether the tests run as root, as they do in many containers."""
    return os.geteuid() == 0
