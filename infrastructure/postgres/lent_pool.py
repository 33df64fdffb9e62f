"""The connections of a psycopg pool that the caller passes, and that stays the caller's.

An exception from a signal handler inside the pool's own code may cost it a connection.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from operator import call
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool
from typing_extensions import override

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.infrastructure.postgres.connections import (
    ORDERLY,
    Connection,
    Connections,
    T,
    exhaust,
    finishing,
    kept_session,
    roll_back,
)


class PoolConnections(Connections):
    """The connections of a pool that the caller opened and will close."""

    local_settings = None
    are_ours = False
    settings: Mapping[str, str] = {}

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        if not isinstance(pool, ConnectionPool):
            raise NotAStore(
                f"{type(pool).__name__} is not an address, a path or a psycopg ConnectionPool"
                " (an AsyncConnectionPool is not: its calls are coroutines)"
            )
        self.name = f"the PostgreSQL behind the pool {pool.name!r}"
        self._pool = pool
        self._refusal = ""
        renew_in_child(self._refuse_in_child)

    @override
    def run(self, work: Callable[[Connection], T]) -> T:
        if self._refusal:
            raise StoreUnavailable(self._refusal)
        taken: list[Connection] = []
        give_back = map(self._pool.putconn, taken)
        try:
            taken.extend(map(call, (self._pool.getconn,)))
            unknown = taken.copy()
            close_unknown = finishing(unknown)
            try:
                result = _in_autocommit(taken[0], work)
            except ORDERLY:
                unknown.clear()
                raise
            else:
                unknown.clear()
                return result
            finally:
                exhaust(close_unknown)  # the pool discards a closed connection
        finally:
            exhaust(give_back)

    @override
    def session(self) -> Connection | None:
        # One of the pool's own would be missing there as long as it listens.
        pool = self._pool
        conninfo = pool.conninfo() if callable(pool.conninfo) else pool.conninfo
        kwargs = pool.kwargs() if callable(pool.kwargs) else pool.kwargs
        options = {**(kwargs or {}), "autocommit": True}
        return kept_session(pool.connection_class.connect(conninfo, **options))

    @override
    def has_lent(self, connection: Connection) -> bool:
        # As the pool itself knows its own; it says so publicly only by taking one back.
        return getattr(connection, "_pool", None) is self._pool

    @override
    def close(self) -> None:
        self._refusal = self._refusal or f"the store on {self.name} is closed"

    def _refuse_in_child(self) -> None:
        self._refusal = (
            f"the store on {self.name} was opened before this process was forked; "
            "open a pool in this process, and connect to it"
        )


def _in_autocommit(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Do `work` on a connection that has the mode it had afterwards, unless it is broken."""
    before = connection.autocommit
    connection.autocommit = True
    try:
        return work(connection)
    finally:
        roll_back(connection)
        with suppress(psycopg.Error):
            connection.autocommit = before
