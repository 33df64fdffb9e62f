"""Ledgers for tests: in memory, with a key that is the same in every run."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plangate.application.event_store import EventStore
from plangate.application.ledger.ledger import Ledger
from plangate.infrastructure.memory.ledger import MemoryLedgerStore


class FixedKey:
    """A fixed Ed25519 key."""

    def __init__(self, seed: bytes = bytes(32)) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    def public_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    known_public_key = public_key

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            self._private.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True


def some_ledger(log: EventStore) -> Ledger:
    """A new ledger of a log."""
    return Ledger(log, MemoryLedgerStore(), FixedKey())
