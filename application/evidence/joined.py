"""Sets of things that are joined one after the other."""

from collections.abc import Hashable
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing", bound=Hashable)


class Joined(Generic[_Thing]):
    """Which things belong together, directly or by others between them."""

    def __init__(self) -> None:
        self._parents: dict[_Thing, _Thing] = {}

    def __contains__(self, one: _Thing) -> bool:
        return one in self._parents

    def find(self, one: _Thing) -> _Thing:
        """The thing that stands for all that this one is joined with."""
        parent = self._parents.setdefault(one, one)
        while parent != one:
            above = self._parents[parent]
            self._parents[one] = above
            one, parent = parent, self._parents[above]
        return one

    def join(self, one: _Thing, other: _Thing) -> None:
        """Join two things, and all that they are joined with."""
        self._parents[self.find(one)] = self.find(other)

    def extend(self, others: "Joined[_Thing]") -> None:
        """Join what others have joined."""
        for one, other in others._parents.items():  # noqa: SLF001  (of the same class)
            self.join(one, other)
