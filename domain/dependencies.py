"""Which dependencies between tasks are accepted."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from plangate.domain.errors import InvalidInput, Problem

Dependencies = Mapping[str, Sequence[str]]
"""For each task, in plan order, the tasks it depends on."""


def require_sound(dependencies: Dependencies) -> None:
    """Raise `InvalidInput` for a dependency on an absent task, on itself, or in a circle."""
    problems = dangling(dependencies)
    if problems:
        raise InvalidInput(problems)
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        circle = " depends on ".join(repr(task_id) for task_id in reversed(error.args[1]))
        raise InvalidInput([Problem("depends_on", f"a circle: {circle}")]) from None


def dangling(dependencies: Dependencies) -> list[Problem]:
    """A problem for each dependency on an absent task, or on itself."""
    return [Problem("depends_on", message) for message in _unsound(dependencies)]


def _unsound(dependencies: Dependencies) -> Iterator[str]:
    for task_id, depends_on in dependencies.items():
        for on in depends_on:
            if on == task_id:
                yield f"the task {task_id!r} depends on itself"
            elif on not in dependencies:
                yield f"the task {task_id!r} depends on {on!r}, which is not in the plan"
