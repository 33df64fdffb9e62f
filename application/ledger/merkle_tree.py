"""The Merkle tree of RFC 6962 (and RFC 9162, section 2.1), computed over leaf hashes.

A tree only grows at its end, so its frontier, the roots of its largest perfect subtrees, is
enough to extend it and to compute its root.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HASH_SIZE: Final = 32
"""The length of a hash in bytes."""

Span = tuple[int, int]
"""The leaves of a subtree, from the first number up to but not including the second."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees, which no leaf can have."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves as the roots of its perfect subtrees, largest first."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> "Frontier":
        """The tree with more leaves at its end."""
        size, nodes = self.size, list(self.nodes)
        for leaf in leaves:
            size += 1
            node, complete = leaf, size
            while complete % 2 == 0:
                node = node_hash(nodes.pop(), node)
                complete //= 2
            nodes.append(node)
        return Frontier(size, tuple(nodes))

    def root(self) -> bytes:
        """The root hash; that of an empty tree is the hash of no bytes."""
        if not self.nodes:
            return sha256(b"").digest()
        *larger, root = self.nodes
        for node in reversed(larger):
            root = node_hash(node, root)
        return root


# --- the subtrees of a proof, in order ---


def inclusion_spans(leaf: int, size: int) -> list[Span]:
    """The subtrees whose roots prove that a leaf is in a tree, from the leaf upwards."""
    begin, end = 0, size
    spans = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if leaf < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The subtrees whose roots prove that a tree of `old` leaves is a prefix of another."""
    if old == 0:
        return []
    begin, end = 0, new
    spans = []
    while old < end:
        middle = begin + _split(end - begin)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    if begin:
        spans.append((begin, end))
    return spans[::-1]


def roots_of(spans: Sequence[Span], leaves: Iterable[bytes]) -> list[bytes]:
    """The roots of disjoint subtrees, in one pass over all leaves of the tree."""
    trees = {span: Frontier() for span in spans}
    ahead = iter(sorted(spans))
    span = next(ahead, None)
    for number, leaf in enumerate(leaves):
        if span is not None and number == span[1]:
            span = next(ahead, None)
        if span is not None and span[0] <= number:
            trees[span] = trees[span].extended((leaf,))
    return [trees[span].root() for span in spans]


# --- checking proofs ---


def is_included(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    sides = _sides(number, size - 1, len(proof))
    if sides is None:
        return False
    made = leaf
    for step, on_the_left in zip(proof, sides, strict=True):
        made = node_hash(step, made) if on_the_left else node_hash(made, step)
    return made == root


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that one tree is a prefix of another (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not proof and (old == 0 or old_root == new_root)
    whole = [*proof] if old & (old - 1) else [old_root, *proof]
    if not whole:
        return False
    first, *steps = whole
    here, last = old - 1, new - 1
    while here % 2:
        here, last = here // 2, last // 2
    sides = _sides(here, last, len(steps))
    if sides is None:
        return False
    made_old = made_new = first
    for step, on_the_left in zip(steps, sides, strict=True):
        if on_the_left:
            made_old, made_new = node_hash(step, made_old), node_hash(step, made_new)
        else:
            made_new = node_hash(made_new, step)
    return (made_old, made_new) == (old_root, new_root)


def _sides(here: int, last: int, steps: int) -> list[bool] | None:
    """Which steps upwards come from the left; None if so many do not lead to the root."""
    sides = []
    for _ in range(steps):
        if last == 0:
            return None
        on_the_left = here % 2 == 1 or here == last
        while on_the_left and here and here % 2 == 0:
            here, last = here // 2, last // 2
        sides.append(on_the_left)
        here, last = here // 2, last // 2
    return None if last else sides


def _split(size: int) -> int:
    """The largest power of two below a size, which is the size of the left subtree."""
    return 1 << ((size - 1).bit_length() - 1)
