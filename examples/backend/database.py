"""What the three programs share: the pool of connections, and patience with the server."""

import os
from collections.abc import Callable
from time import sleep
from typing import Any, TypeVar

import psycopg
from psycopg_pool import ConnectionPool

import plangate

T = TypeVar("T")
Pool = ConnectionPool[psycopg.Connection[tuple[Any, ...]]]

UNAVAILABLE = (plangate.StoreUnavailable, plangate.ConcurrentChange, psycopg.OperationalError)
"""What passes by itself. That the pool is closed or gave up waiting is an `OperationalError`."""


def open_pool() -> Pool:
    """The pool of one process, for its own statements and for plangate's."""
    return ConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=1,
        max_size=8,
        timeout=2,  # a request waits no longer for a server that is down
        reconnect_timeout=0,  # the next request tries anew, not a thread that pauses ever longer
        check=ConnectionPool.check_connection,
        open=True,
    )


def persistently(work: Callable[[], T]) -> T:
    """Do the work, again and again while the server is down. It must be safe to repeat."""
    while True:
        try:
            return work()
        except UNAVAILABLE:
            sleep(0.1)
