"""Processes of a user who has no rights on files but those that all users have."""

import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from plangate.application.errors import StoreError
from plangate.infrastructure.bootstrap import backup, connect

NOBODY = 65534


def _read(path: Path) -> None:
    with connect(path) as registry:
        registry.get_status("p")


def _write(path: Path) -> None:
    with connect(path) as registry:
        registry.score_prompt("p", "a", 0.5)


def _back_up(path: Path) -> None:
    backup(path.parent / "kept" / "backup.db", path)


USES: dict[str, Callable[[Path], None]] = {"read": _read, "write": _write, "back up": _back_up}


def use_without_rights(use: str, path: Path, results: Connection) -> None:
    """Use a store, and report the error: its class and its message."""
    connect("memory:").close()  # imports everything while its files can still be read
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        USES[use](path)
    except (StoreError, OSError) as error:
        results.send((type(error).__name__, str(error)))
    else:
        results.send(("", ""))
