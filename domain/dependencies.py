"""Which dependencies between tasks are accepted."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal, NamedTuple

from plangate.domain.errors import InvalidInput, Problem

Dependencies = Mapping[str, Sequence[str]]
"""For each task, in plan order, the tasks it depends on."""

_MOST_CIRCLES: Final = 10
"""How many circles are named: each is looked for in all dependencies anew."""


class ListedTask(NamedTuple):
    """A task of a list: its id, if it has one yet, its name in messages, and its dependencies."""

    id: str | None
    name: str
    depends_on: Sequence[str]


class WrongTask(NamedTuple):
    """What is wrong with the n-th task of a list beside the others, and in which field."""

    number: int
    field: Literal["id", "depends_on"]
    why: str

    @property
    def problem(self) -> Problem:
        """As a problem of the list `tasks`."""
        return Problem(f"tasks[{self.number}].{self.field}", self.why)


def wrong_between(tasks: Sequence[ListedTask]) -> Iterator[WrongTask]:
    """Ids that are given again, and dependencies that are not accepted."""
    first: dict[str, int] = {}
    repeated: set[str] = set()
    known = {task.id for task in tasks}
    for number, task in enumerate(tasks):
        if task.id in first and task.id not in repeated:
            repeated.add(task.id)
            why = f"task ids must differ; given more than once: {task.id}"
            yield WrongTask(number, "id", why)
        elif task.id is not None:
            first.setdefault(task.id, number)
        for _, why in _dangling(task.name, task.depends_on, known):
            yield WrongTask(number, "depends_on", why)
    dependencies = {task_id: tasks[number].depends_on for task_id, number in first.items()}
    for circle, why in _circles(dependencies):
        yield WrongTask(first[circle[0]], "depends_on", why)


def require_sound(
    dependencies: Dependencies,
    field_of: Callable[[Sequence[str]], str] = lambda _: "depends_on",
) -> None:
    """Raise `InvalidInput` for dependencies on absent tasks, on themselves, or in circles.

    `field_of` says where the caller gave what is wrong with some tasks.
    """
    problems = [
        Problem(field_of((task_id, on)), why)
        for task_id, depends_on in dependencies.items()
        for on, why in _dangling(task_id, depends_on, dependencies)
    ]
    problems += [Problem(field_of(circle), why) for circle, why in _circles(dependencies)]
    if problems:
        raise InvalidInput(problems)


def _dangling(
    task_id: str, depends_on: Sequence[str], known: Container[str | None]
) -> Iterator[tuple[str, str]]:
    """Each dependency of a task on an absent one or on itself, and what is wrong with it."""
    for on in depends_on:
        if on == task_id:
            yield on, f"the task {task_id!r} depends on itself"
        elif on not in known:
            yield on, f"the task {task_id!r} depends on {on!r}, which is not in the plan"


def _circles(dependencies: Dependencies) -> Iterator[tuple[Sequence[str], str]]:
    """The tasks of each circle of several, and the circle; not all of very many.

    Each is left open at its first dependency, to find the next one.
    """
    remaining = {
        task_id: [on for on in depends_on if on != task_id] if task_id in depends_on else depends_on
        for task_id, depends_on in dependencies.items()
    }
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            first, second, *_ = circle = [*reversed(error.args[1])]
            yield circle, "a circle: " + " depends on ".join(map(repr, circle))
            remaining[first] = [on for on in remaining[first] if on != second]
        else:
            return
