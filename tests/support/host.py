"""A host that keeps rows of its own beside the plans, in the same file or database."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

import plangate


@dataclass
class Host:
    """A registry, and how the host connects to what is behind it."""

    registry: plangate.PlanRegistry
    connect: Callable[[], Any]

    def insert(self, connection: Any, plan_id: str) -> None:
        """Record a row of the host's own."""
        connection.execute(f"INSERT INTO host VALUES ('{plan_id}')")

    def rows(self) -> list[str]:
        """The plan ids in the host's committed rows."""
        connection = self.connect()
        try:
            return [one for (one,) in connection.execute("SELECT plan_id FROM host").fetchall()]
        finally:
            connection.close()


def in_a_thread(work: Callable[[], object]) -> None:
    """Do something in another thread, and wait for it."""
    thread = Thread(target=work)
    thread.start()
    thread.join()


_TABLE = "CREATE TABLE host (plan_id text NOT NULL)"


def sqlite_host(path: Path) -> Host:
    """A host that uses Python's `sqlite3` on the file of the store."""
    registry = plangate.connect(path)
    with sqlite3.connect(path) as connection:
        connection.execute(_TABLE)
    connection.close()
    return Host(registry, lambda: sqlite3.connect(path, timeout=60.0, check_same_thread=False))


def postgres_host(url: str) -> Host:
    """A host that uses psycopg on the database of the store."""
    registry = plangate.connect(url)
    with psycopg.connect(url) as connection:
        connection.execute(_TABLE)
    return Host(registry, lambda: psycopg.connect(url))


def refuse_to_join(host: Host, connection: Any, match: str) -> None:
    """The transaction on a connection is not joined, and the message matches."""
    with (
        pytest.raises(plangate.TransactionRefused, match=match),
        host.registry.in_transaction(connection),
    ):
        pass
