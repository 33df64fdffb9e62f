"""The ports of the ledger: the store of its leaves, and the key that signs checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from plangate.application.ledger.merkle_tree import Frontier


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf. Numbers begin at 0 and have no gaps; positions may have gaps.

    The event's id is saved with the hash, so that a removed event can be named.
    """

    number: int
    position: int
    event_id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The position of the last leaf, and the tree up to it."""

    position: int = 0
    tree: Frontier = field(default_factory=Frontier)


class LedgerStore(Protocol):
    """The leaves of the ledger and the head of their tree, which always change together.

    It belongs to an event store and is closed with it. Every method may raise a
    `StoreError`, and then has written nothing.
    """

    def head(self) -> TreeHead:
        """The head of the saved tree."""

    def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
        """Save the leaves after the head `after`, and the new head.

        Returns False, and writes nothing, if the head is another one because a concurrent
        writer was faster. Raises `NotAStore` if the leaves exist already.
        """

    def clear(self) -> None:
        """Remove all leaves and the head; tables that are missing or altered are made anew."""

    def leaves(self, *, first: int, limit: int) -> Sequence[Leaf]:
        """The first `limit` leaves from a number on, without damaged ones."""

    def find(self, event_id: str) -> Leaf | None:
        """The leaf of an event, if it has one."""


class LedgerKey(Protocol):
    """The Ed25519 key that signs checkpoints, kept outside the database.

    Every method raises `NoLedgerKey` if there is no key and none can be created.
    """

    def public_key(self) -> bytes:
        """The public key, 32 bytes; creates the key if there is none."""

    def known_public_key(self) -> bytes:
        """The public key, which exists already or was configured; creates none."""

    def sign(self, message: bytes) -> bytes:
        """Sign a message; the signature has 64 bytes."""

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the key signed the message."""
