"""Which programs work on a store."""

import sqlite3
from importlib.metadata import version
from platform import python_version
from typing import Final

from plangate.application.operations.observations import fine
from plangate.application.operations.reports import Observation

_PACKAGES: Final = ("plangate", "eventsourcing", "pydantic")


def versions() -> Observation:
    """The versions of plangate and of what it is built on."""
    known = [f"{package} {version(package)}" for package in _PACKAGES]
    return fine(
        "versions",
        ", ".join([*known, f"SQLite {sqlite3.sqlite_version}", f"Python {python_version()}"]),
    )
