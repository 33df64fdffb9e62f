"""Listening for events in a schema: each commit notifies the channel of its schema.

A notification is part of its transaction, so it comes when the events can be read. One that is
lost with a connection, or that an older plangate did not send, is made up for by looking at the
log every few seconds; where no session can listen, as behind a transaction pooler, four times
a second.
"""

import logging
from hashlib import sha256
from time import monotonic, sleep
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier
from typing_extensions import override

from plangate.application.event_store import EventStore, Listener
from plangate.application.forks import renew_in_child
from plangate.infrastructure.postgres.connections import Connection, inherited
from plangate.infrastructure.postgres.schema import Schema

WAIT: Final = 0.25
"""Seconds that one wait takes at most."""

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at the log while a session listens, and two attempts to listen."""

_LONGEST_NAME: Final = 63
_log: Final = logging.getLogger("plangate.postgres")


def channel_of(schema: str) -> str:
    """The channel that is notified of what is recorded in a schema."""
    name = f"plangate:{schema}"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"plangate:{sha256(schema.encode()).hexdigest()[:48]}"


class Notifications(Listener):
    """Listens on a connection of its own, and finds another one when that is lost."""

    def __init__(self, schema: Schema, store: EventStore) -> None:
        self._schema = schema
        self._store = store
        self._connection: Connection | None = None
        self._can_listen = True
        self._listen_at = self._look_at = monotonic()
        self._known = -1
        renew_in_child(self._leave)

    @override
    def wait(self) -> bool:
        if self._connection is None and self._can_listen and monotonic() >= self._listen_at:
            self._listen()
            return True  # for what was recorded before
        if self._connection is None:
            sleep(WAIT)
            return self._moved()
        try:
            for _ in self._connection.notifies(timeout=WAIT, stop_after=1):
                return True
        except psycopg.Error as error:
            _log.warning("%s: the connection that listens was lost: %s", self._schema.name, error)
            self.close()
            return True
        return monotonic() >= self._look_at and self._moved()

    @override
    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _listen(self) -> None:
        self._listen_at = monotonic() + LOOK_EVERY
        try:
            connection = self._schema.connections.session()
            if connection is None:
                self._can_listen = False
                return
            self._connection = connection
            channel = Identifier(channel_of(self._schema.schema))
            connection.execute(SQL("LISTEN {}").format(channel))
        except psycopg.Error as error:
            _log.warning("%s: cannot listen: %s", self._schema.name, error)
            self.close()

    def _moved(self) -> bool:
        """Whether the log has another end than when it was looked at before."""
        self._look_at = monotonic() + LOOK_EVERY
        before, self._known = self._known, self._store.last_position()
        return before != self._known

    def _leave(self) -> None:
        if self._connection is not None:
            inherited.append(self._connection)
            self._connection = None
