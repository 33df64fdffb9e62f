"""The ports of the ledger: its leaves, and the key that signs checkpoints."""

from collections.abc import Sequence
from typing import Protocol

from plangate.application.ledger.leaves import Leaf, TreeHead


class LedgerStore(Protocol):
    """The leaves of the ledger, and how far it has come; both always change together.

    It lies beside the events and is closed along with them. Every method may raise a
    `StoreError`; none leaves anything half written.
    """

    def reach(self) -> TreeHead:
        """How far the ledger has come."""
        ...

    def extend(self, after: TreeHead, leaves: Sequence[Leaf], reach: TreeHead) -> bool:
        """Save the leaves that follow on from `after`, and how far they lead.

        False, and nothing is written, where the ledger stands elsewhere: somebody else
        was faster. Raises `NotAStore` where there are such leaves already.
        """
        ...

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on; one that is damaged is left out."""
        ...

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event; None if it has none."""
        ...


class LedgerKey(Protocol):
    """The Ed25519 key that signs checkpoints; kept where the database is not.

    Every method raises `NoLedgerKey` where there is none, or none can be made.
    """

    def public_key(self) -> bytes:
        """The public key, 32 bytes; the private one is made when it is first needed."""
        ...

    def known_public_key(self) -> bytes:
        """The public key that is there already, or was given in the place of a private one."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        ...

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the key signed the message."""
        ...
