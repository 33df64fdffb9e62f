"""Balanced binary trees over a plan's tasks in their order.

A node is a tuple whose last two elements are its halves. The shape follows from the number
of leaves alone: a change makes new nodes on the way from its leaf to the root, and no others.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Node = TypeVar("_Node", bound=tuple[Any, ...])


def tree_over(
    leaves: Sequence[_Node], joined: Callable[[_Node, _Node], _Node], empty: _Node
) -> _Node:
    """The tree over some leaves; `joined` makes the node over two others."""
    if len(leaves) < 2:  # noqa: PLR2004  (one leaf, or a plan without tasks)
        return leaves[0] if leaves else empty
    half = len(leaves) // 2
    left, right = leaves[:half], leaves[half:]
    return joined(tree_over(left, joined, empty), tree_over(right, joined, empty))


def with_leaf(
    root: _Node, size: int, index: int, leaf: _Node, joined: Callable[[_Node, _Node], _Node]
) -> _Node:
    """The tree of `size` leaves with another leaf at an index."""
    node: Any = root
    way: list[tuple[Any, bool]] = []
    while size > 1:
        half = size // 2
        if index < half:
            way.append((node, True))
            node, size = node[-2], half
        else:
            way.append((node, False))
            node, size, index = node[-1], size - half, index - half
    if node == leaf:
        return root
    node = leaf
    for parent, is_left in reversed(way):
        node = joined(node, parent[-1]) if is_left else joined(parent[-2], node)
    made: _Node = node
    return made
