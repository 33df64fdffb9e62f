"""What the ledger saves: a leaf for each event, and the head of the tree."""

from dataclasses import dataclass, field

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
