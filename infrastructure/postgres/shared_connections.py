"""The connections of one registry, lent to another that uses another schema."""

from collections.abc import Callable

from typing_extensions import override

from plangate.application.errors import StoreUnavailable
from plangate.infrastructure.postgres.connections import Connection, Connections, T


class SharedConnections(Connections):
    """The connections of another registry, which closes them."""

    def __init__(self, owner: Connections) -> None:
        self.name = owner.name
        self.local_settings = owner.local_settings
        self.settings = owner.settings
        self.are_ours = owner.are_ours
        self._owner = owner
        self._closed = False

    @override
    def run(self, work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable(f"the store on {self.name} is closed")
        return self._owner.run(work)

    @override
    def session(self) -> Connection | None:
        return self._owner.session()

    @override
    def has_lent(self, connection: Connection) -> bool:
        return self._owner.has_lent(connection)

    @override
    def close(self) -> None:
        self._closed = True
