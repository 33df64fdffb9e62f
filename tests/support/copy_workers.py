"""Processes that copy plans or back them up, until they are done, stopped or killed."""

import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from plangate.application.errors import StoreError
from plangate.application.upkeep import copying
from plangate.infrastructure.bootstrap import backup, connect
from plangate.infrastructure.upkeep import sqlite_backup


def copy_plans(source: Path, target: str, opened: dict[str, str]) -> None:
    """Copy in small pages, so that it can be killed between many of them."""
    copying.PAGE = 20  # type: ignore[misc]
    with connect(source) as ours, connect(target, **opened) as theirs:
        ours.copy_to(theirs)


def back_up_and_hang(store: Path, path: Path, told: Connection) -> None:
    """Begin a backup, tell that it has begun, and never end."""
    sqlite_backup._PAGES_AT_A_TIME = 1  # type: ignore[misc]

    def hang(_done: int, _total: int) -> None:
        told.send("begun")
        Event().wait()

    backup(path, store, tell=hang)


def back_up_with_little_space(store: Path, path: Path, told: Connection) -> None:
    """Try a backup where no file can be large; tell the error."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        backup(path, store)
    except StoreError as error:
        told.send(type(error).__name__)
