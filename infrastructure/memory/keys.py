"""API keys in this process's memory, in force for as long as it runs."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from typing_extensions import override

from plangate.application.access.key_store import KeyStore, StoredKey


class MemoryKeyStore(KeyStore):
    """Keys in a dictionary."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[str, StoredKey] = {}

    @override
    def add(self, stored: StoredKey) -> bool:
        with self._lock:
            return self._keys.setdefault(stored.key.key_id, stored) is stored

    @override
    def find(self, key_id: str) -> StoredKey | None:
        return self._keys.get(key_id)

    @override
    def all(self) -> Sequence[StoredKey]:
        return sorted(self._keys.values(), key=lambda one: (one.key.created_at, one.key.key_id))

    @override
    def revoke(self, key_id: str, at: datetime, by: str | None) -> bool:
        with self._lock:
            found = self._keys.get(key_id)
            if found is None or found.key.revoked_at is not None:
                return False
            revoked = found.key.model_copy(update={"revoked_at": at, "revoked_by": by})
            self._keys[key_id] = found._replace(key=revoked)
            return True
