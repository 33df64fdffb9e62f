"""API keys as they are kept, and the port of the store that keeps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from plangate.application.access.scopes import Scope
from plangate.application.results import Result


class ApiKey(Result):
    """An API key, without its secret: what it allows, who issued and revoked it, and when."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    @property
    def actor(self) -> str:
        """Who acts where this key is used, as events name it."""
        return f"key:{self.key_id} {self.name}"


class StoredKey(NamedTuple):
    """A key, and the SHA-256 digest of its token."""

    key: ApiKey
    digest: bytes


class KeyStore(Protocol):
    """The keys of one store, beside its log and never in it.

    It belongs to an event store and is closed with it. Every method may raise a `StoreError`,
    and then has written nothing. Where the tables are missing, as in an older store that may
    only be read, there are no keys.
    """

    def add(self, stored: StoredKey) -> bool:
        """Keep a key; returns False, and writes nothing, where its id is taken."""

    def find(self, key_id: str) -> StoredKey | None:
        """The key with this id."""

    def all(self) -> Sequence[StoredKey]:
        """Every key, oldest first."""

    def revoke(self, key_id: str, at: datetime, by: str | None) -> bool:
        """Revoke a key; returns False, and writes nothing, where it is unknown or revoked."""


def copy_keys(source: KeyStore, target: KeyStore) -> None:
    """Add the keys of one store to another, which keeps those that it has."""
    for stored in source.all():
        target.add(stored)
