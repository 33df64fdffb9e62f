"""Which tasks depend on which, kept while tasks come, go and change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from rpds import HashTrieMap

from plangate.domain.task import Task


@dataclass(frozen=True, slots=True)
class Dependants:
    """The tasks that depend on each task. A value: changing it gives another one."""

    of: "HashTrieMap[str, tuple[str, ...]]"

    @classmethod
    def among(cls, tasks: Iterable[Task]) -> Self:
        """The dependants among the tasks of a plan."""
        found: dict[str, list[str]] = {}
        for task in tasks:
            for on in task.depends_on:
                found.setdefault(on, []).append(task.id)
        return cls(HashTrieMap({on: tuple(dict.fromkeys(ids)) for on, ids in found.items()}))

    def replaced(self, task_id: str, before: Task | None, after: Task | None) -> Self:
        """The dependants once one task is replaced; None where it came or left."""
        was = before.depends_on if before else ()
        now = after.depends_on if after else ()
        if was == now:
            return self
        known = self.of
        for on in was:
            left = tuple(other for other in known.get(on, ()) if other != task_id)
            known = known.insert(on, left)
        for on in dict.fromkeys(now):
            known = known.insert(on, (*known.get(on, ()), task_id))
        return type(self)(known)
