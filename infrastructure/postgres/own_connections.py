"""Connections to a PostgreSQL server, which a registry opens and keeps for reuse.

They are opened by the call that needs one, so that the server's message is reported at
once, and the next command uses a server that is back.

A handler of a signal may raise an exception between any two steps of Python code, but not
inside one call of C code. So a connection is at every moment in one of our lists, and goes
from one to the next in one such call. Only after orderly work is it used again.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from operator import call
from queue import Empty, SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from traceback import clear_frames
from typing import Any, Final

import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed
from typing_extensions import override

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.infrastructure.postgres.address import POOLING, parsed
from plangate.infrastructure.postgres.connections import (
    ORDERLY,
    Connection,
    Connections,
    T,
    exhaust,
    finishing,
    inherited,
    keeps_its_session,
    kept_session,
    roll_back,
)

CONNECTIONS: Final = 10
"""The most connections that one registry opens, unless it is asked for another number."""

IDLE: Final = 300.0
"""Seconds after which a connection that was not needed is closed, at the next use of another."""

_PREPARED: Final = 100
"""So many statements one session keeps prepared: each takes memory of the server."""

WAIT: Final = 30.0
"""Seconds to wait for a free one."""

_NO_SESSION: Final = "unsupported startup parameter"
"""PgBouncer's answer to settings of a session."""


class _Connection(psycopg.Connection[Any]):
    """A connection that an exception may part from its variable; libpq then closes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()
        """The names of the statements that this session has prepared."""
        self.used_at = 0.0
        """When it was given back last, by the clock of `monotonic`."""

    def __del__(self, _warn: Any = None, /) -> None:
        """Warn of nothing."""


class OwnConnections(Connections):
    """Connections to the server at an address, kept for reuse."""

    are_ours = True

    def __init__(self, address: str, most: int = CONNECTIONS) -> None:
        self._most = most
        self.address = parsed(address)
        self.name = self.address.name
        self.local_settings = self.address.local_settings
        self.settings = self.address.settings
        # psycopg prepares nothing: at each ROLLBACK it would deallocate what we prepare too.
        self._connect = partial(
            _Connection.connect, self.address.conninfo, autocommit=True, prepare_threshold=None
        )
        self._closed = False
        self._boxes: list[list[_Connection]] = []
        self._renew()
        renew_in_child(self._renew)

    def _renew(self) -> None:
        """Begin without connections; those that there are belong to the parent process."""
        for box in (*self._boxes, *([self._idle] if self._boxes else [])):
            inherited.extend(box)
            box.clear()
        self._idle: list[_Connection] = []
        self._boxes = [[] for _ in range(self._most)]
        self._free: SimpleQueue[list[_Connection]] = SimpleQueue()
        for box in self._boxes:
            self._free.put(box)

    @override
    def run(self, work: Callable[[Connection], T]) -> T:
        taken: list[list[_Connection]] = []
        give_back = map(self._free.put, taken)
        try:
            self._take_box(taken)
            close_what_is_left = finishing(taken[0])
            try:
                self._fill(taken[0])
                try:
                    result = work(taken[0][0])
                except ORDERLY:
                    self._keep(taken[0])
                    raise
                self._keep(taken[0])
                return result
            finally:
                exhaust(close_what_is_left)
        finally:
            exhaust(give_back)

    @override
    def session(self) -> Connection | None:
        return None if self.address.pooled else kept_session(self._connect())

    @override
    def close(self) -> None:
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            exhaust(finishing(iter(self._idle.pop, None)))

    def _close_unneeded(self) -> None:
        """Close those that were idle for long: the ones at the front, as the last is used first."""
        with suppress(IndexError):  # another thread takes them too
            while self._idle[0].used_at < monotonic() - IDLE:
                exhaust(finishing(map(self._idle.pop, (0,))))

    def _take_box(self, taken: list[list[_Connection]]) -> None:
        """Take one of the boxes for a connection that is lent."""
        self._refuse_if_closed()
        try:
            taken.extend(islice(iter(partial(self._free.get, timeout=WAIT), None), 1))
        except Empty:
            raise StoreUnavailable(
                f"all {self._most} connections to {self.name} are busy"
            ) from None
        self._refuse_if_closed()

    def _fill(self, box: list[_Connection]) -> None:
        """Put a connection that works into the box, an idle one if there is any."""
        box.clear()
        with suppress(IndexError):
            while True:
                box.extend(islice(iter(self._idle.pop, None), 1))
                if _answers(box[0]):
                    return
                exhaust(finishing(box))
                box.clear()
        try:
            box.extend(map(call, (self._connect,)))
        except BaseException as error:
            # A half-made connection stays open as long as a traceback holds it.
            clear_frames(error.__traceback__)
            if _NO_SESSION in str(error) and isinstance(error, psycopg.Error):
                raise self._pooler() from error
            if isinstance(error, psycopg.ProgrammingError) and error.__context__ is not None:
                # The address is right: psycopg took what a signal handler raised for a mistake.
                raise error.__context__ from None
            raise
        if not self.address.pooled and not _has_our_session(box[0]):
            raise self._pooler()

    def _keep(self, box: list[_Connection]) -> None:
        """Keep the connection of the box for reuse, if it is as good as new."""
        roll_back(box[0])
        if _is_at_rest(box[0]):
            box[0].used_at = monotonic()
            self._idle.extend(islice(iter(box.pop, None), 1))
            self._close_unneeded()
            if self._closed:  # perhaps just now: a lock could stop a handler that closes
                self._close_idle()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"the store on {self.name} is closed")

    def _pooler(self) -> NotAStore:
        return NotAStore(
            f"{self.name} is behind a pooler that keeps no settings of a session, such as "
            f"PgBouncer; add the parameter {POOLING} to its address"
        )


def prepare(connection: Connection, statements: Mapping[str, Callable[[], Composed]]) -> None:
    """Have the server keep statements and their plans, each under its name, on one of ours."""
    if not isinstance(connection, _Connection):
        return
    missing = statements.keys() - connection.prepared
    if missing and len(connection.prepared) + len(missing) > _PREPARED:
        connection.execute("DEALLOCATE ALL")
        connection.prepared.clear()
        missing = set(statements)
    for name in missing:
        connection.execute(SQL("PREPARE {} {}").format(SQL(name), statements[name]()))
        connection.prepared.add(name)


def _is_at_rest(connection: Connection) -> bool:
    """Whether nothing is begun and nothing unread on a connection."""
    state = connection.pgconn
    return (
        state.transaction_status == TransactionStatus.IDLE
        and state.pipeline_status == PipelineStatus.OFF
    )


def _answers(connection: Connection) -> bool:
    """Whether an idle connection is still usable.

    A server that closed it has sent something to read; only then is it queried.
    """
    if connection.closed:
        return False
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        if not selector.select(timeout=0):
            return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True


def _has_our_session(connection: Connection) -> bool:
    """Whether the server has the settings that the connection was opened with."""
    if keeps_its_session(connection):
        return True
    cursor = connection.cursor(row_factory=tuple_row)
    cursor.execute("SELECT source FROM pg_settings WHERE name = 'lock_timeout'")
    return cursor.fetchone() == ("client",)
