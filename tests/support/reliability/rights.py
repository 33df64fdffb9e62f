"""Processes of a user who has no rights on files but those that all users have."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from plangate.application.errors import StoreError
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup
from tests.support.servers.processes import drop_rights


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
    drop_rights()
    try:
        USES[use](path)
    except (StoreError, OSError) as error:
        results.send((type(error).__name__, str(error)))
    else:
        results.send(("", ""))
