"""What the ledger keeps of an event: its place in the tree and in the log, its name, a hash."""

from dataclasses import dataclass, field

from plangate.application.ledger.merkle_tree import Frontier


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf as it was saved. Leaves are numbered from 0, without gaps; positions may have gaps.

    The event's id stands beside the hash so that a removed event can be named.
    """

    number: int
    position: int
    event_id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """How far the ledger has come: the position of its last leaf, and the tree up to it."""

    position: int = 0
    tree: Frontier = field(default_factory=Frontier)
