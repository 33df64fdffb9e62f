"""Processes that copy, back up and examine stores, until they are done, stopped or killed."""

import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

from plangate.application import plan_log
from plangate.application.errors import StoreError
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, doctor
from plangate.infrastructure.sqlite import backup as sqlite_backup
from tests.support.servers.processes import drop_rights


def copy_plans(source: Path, target: str, opened: dict[str, Any]) -> None:
    """Copy in small pages, so that it can be killed between many of them."""
    plan_log.PAGE = 20  # type: ignore[misc]
    with connect(source) as ours, connect(target, **opened) as theirs:
        ours.bundles.copy_to(theirs)


def back_up_and_hang(store: Path, path: Path, results: Connection) -> None:
    """Begin a backup, report that it has begun, and hang."""
    sqlite_backup._PAGES_AT_A_TIME = 1  # type: ignore[misc]

    def hang(_done: int, _total: int) -> None:
        results.send("begun")
        Event().wait()

    backup(path, store, progress=hang)


def back_up_with_little_space(store: Path, path: Path, results: Connection) -> None:
    """Try a backup where no file can be large; report the error."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        backup(path, store)
    except StoreError as error:
        results.send(type(error).__name__)


def examine_as_nobody(path: Path, results: Connection) -> None:
    """Examine a store without any rights, and report the findings."""
    doctor("memory:")  # imports everything while its files can still be read
    drop_rights()
    results.send(doctor(path))
