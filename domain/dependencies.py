"""Which dependencies between tasks are accepted."""

from collections.abc import Container, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Final

from plangate.domain.errors import InvalidInput, Problem

Dependencies = Mapping[str, Sequence[str]]
"""For each task, in plan order, the tasks it depends on."""

_MOST_CIRCLES: Final = 10
"""How many circles are named: each is looked for in all dependencies anew."""


def require_sound(dependencies: Dependencies) -> None:
    """Raise `InvalidInput` for dependencies on absent tasks, on themselves, or in circles."""
    problems = unsound(dependencies)
    if problems:
        raise InvalidInput(problems)


def unsound(dependencies: Dependencies) -> list[Problem]:
    """A problem for each dependency on an absent task, on itself, and for each circle."""
    messages = [
        message
        for task_id, depends_on in dependencies.items()
        for message in dangling(task_id, depends_on, dependencies)
    ]
    messages += [message for _, message in circles(dependencies)]
    return [Problem("depends_on", message) for message in messages]


def dangling(task_id: str, depends_on: Sequence[str], known: Container[str]) -> Iterator[str]:
    """What is wrong with each dependency of a task on an absent one, or on itself."""
    for on in depends_on:
        if on == task_id:
            yield f"the task {task_id!r} depends on itself"
        elif on not in known:
            yield f"the task {task_id!r} depends on {on!r}, which is not in the plan"


def circles(dependencies: Dependencies) -> Iterator[tuple[str, str]]:
    """A task of each circle of several tasks, and the circle; not all of very many."""
    return islice(_circles(dependencies), _MOST_CIRCLES)


def _circles(dependencies: Dependencies) -> Iterator[tuple[str, str]]:
    """Each circle is left open at its first dependency, to find the next one."""
    remaining = {
        task_id: [on for on in depends_on if on != task_id] if task_id in depends_on else depends_on
        for task_id, depends_on in dependencies.items()
    }
    while True:
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            first, second, *_ = circle = [*reversed(error.args[1])]
            yield first, "a circle: " + " depends on ".join(map(repr, circle))
            remaining[first] = [on for on in remaining[first] if on != second]
        else:
            return
