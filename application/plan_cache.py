"""What is remembered of the plans that were used last."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class PlanCache(Generic[_Value]):
    """One value for each plan; the least recently used go when all are larger than `capacity`.

    `size` measures a value; without it, the plans are counted. Not safe to share between threads.
    """

    def __init__(self, capacity: int, size: Callable[[_Value], int] = lambda _value: 1) -> None:
        self._capacity = capacity
        self._size = size
        self._values = OrderedDict[str, _Value]()
        self._total = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, plan_id: str) -> _Value | None:
        """The value remembered for a plan."""
        if plan_id in self._values:
            self._values.move_to_end(plan_id)
        return self._values.get(plan_id)

    def keep(self, plan_id: str, value: _Value) -> None:
        """Remember a value for a plan; the newest is kept, however large it is."""
        self.forget(plan_id)
        self._values[plan_id] = value
        self._total += self._size(value)
        while self._total > self._capacity and len(self._values) > 1:
            self.forget(next(iter(self._values)))

    def forget(self, plan_id: str) -> None:
        """Remember nothing for a plan."""
        value = self._values.pop(plan_id, None)
        if value is not None:
            self._total -= self._size(value)
