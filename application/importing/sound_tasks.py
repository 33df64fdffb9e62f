"""The tasks of a list as a plan here can have them: ids, what is settled, and dependencies.

What is not kept is noted. A dependency that cannot be kept holds its task all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.task_list import EntryLocation, ListedStatus, ListedTask
from plangate.application.validation import is_identifier
from plangate.domain.errors import InvalidInput

MAX_DEPENDENCIES: Final = 1_000_000
"""The most dependencies of a plan that is built from a list, all tasks together."""

_SETTLED: Final = {ListedStatus.DONE, ListedStatus.CANCELLED}


def few(tasks: Iterable[ListedTask]) -> list[ListedTask]:
    """The tasks; refused at once where they have too many dependencies to be stored."""
    found, number = list[ListedTask](), 0
    for task in tasks:
        found.append(task)
        number += len(task.depends_on)
        if number > MAX_DEPENDENCIES:
            problem = (
                f"up to {task.id!r} the tasks have more than {MAX_DEPENDENCIES:,} dependencies "
                f"together, this one alone {len(task.depends_on):,}; where many tasks wait for "
                "many others, put one task between them that waits for the first ones"
            )
            raise InvalidInput([task.at.problem(problem)])
    return found


class SoundTasks:
    """The tasks that are kept, which wait for nothing but tasks that are kept too."""

    def __init__(self, listed: Iterable[ListedTask]) -> None:
        self.notes: list[NotCarried] = []
        self.held: dict[str, str] = {}
        """The tasks that wait for something that is not a dependency here, and for what."""
        self.tasks = self._sound(self._with_their_wholes(self._named(listed)))

    def _named(self, tasks: Iterable[ListedTask]) -> list[ListedTask]:
        """The tasks under ids that are valid and different; the first of two keeps its id."""
        used: set[str] = set()
        listed = few(tasks)
        taken = {task.id for task in listed}
        named = []
        for task in listed:
            task_id = task.id
            if task_id in used or not is_identifier(task_id):
                why = "it is used twice" if task_id in used else "it cannot be an id here"
                task_id = _free(task_id if task_id in used else "task", used | taken)
                self._note(task.at.below("/id"), why, task.id, task_id)
            used.add(task_id)
            named.append(replace(task, id=task_id))
        return named

    def _with_their_wholes(self, tasks: Sequence[ListedTask]) -> list[ListedTask]:
        """The tasks without cancelled ones; parts of a task that is settled are settled with it."""
        by_id = {task.id: task for task in tasks}
        settled: dict[str, ListedTask] = {}

        def with_whole(task: ListedTask) -> ListedTask:
            if task.id in settled:
                return settled[task.id]
            settled[task.id] = task
            whole = by_id.get(task.part_of or "")
            if whole is not None:
                whole = with_whole(whole)
                is_cancelled = whole.status is ListedStatus.CANCELLED
                if is_cancelled or (
                    whole.status is ListedStatus.DONE and task.status not in _SETTLED
                ):
                    if not is_cancelled:
                        why = f"the task that it is a part of, {whole.id!r}, is done"
                        at = task.at.below("/status")
                        self._note(at, why, task.status.value, whole.status.value)
                    task = replace(task, status=whole.status)
                elif whole.status is ListedStatus.DEFERRED and task.status is ListedStatus.PENDING:
                    task = replace(task, status=whole.status, why=whole.why)
            settled[task.id] = task
            return task

        for task in tasks:
            with_whole(task)
        cancelled = {
            task.id: task for task in settled.values() if task.status is ListedStatus.CANCELLED
        }
        for task in cancelled.values():
            theirs = by_id[task.id].status.value
            self._note(task.at, "what is cancelled stays out", theirs, None)
        kept = (settled[task.id] for task in tasks if task.id not in cancelled)
        return few(replace(task, depends_on=_beyond(task.depends_on, cancelled)) for task in kept)

    def _sound(self, tasks: Sequence[ListedTask]) -> list[ListedTask]:
        """The tasks without dependencies on absent ones, on themselves, and in circles."""
        by_id = {task.id: task for task in tasks}
        found = {task.id: self._present(task, by_id) for task in tasks}
        for task_id, on in _closing(found):
            found[task_id].remove(on)
            self._leave_out(by_id[task_id], on, "it closes a circle", by_id[on].status)
        return [replace(task, depends_on=tuple(found[task.id])) for task in tasks]

    def _present(self, task: ListedTask, by_id: Mapping[str, ListedTask]) -> list[str]:
        kept = []
        for on in dict.fromkeys(task.depends_on):
            if on == task.id:
                self._leave_out(task, on, "a task cannot wait for itself", task.status)
            elif on in by_id and on in self._wholes(task, by_id):
                why = "a part cannot wait for what it is a part of"
                self._leave_out(task, on, why, by_id[on].status)
            elif on in by_id:
                kept.append(on)
            else:
                self._leave_out(task, on, "it names nothing that is here", None)
        return kept

    @staticmethod
    def _wholes(task: ListedTask, by_id: Mapping[str, ListedTask]) -> set[str]:
        """The tasks that a task is a part of."""
        wholes = set[str]()
        while (whole := by_id.get(task.part_of or "")) is not None and whole.id not in wholes:
            wholes.add(whole.id)
            task = whole
        return wholes

    def _leave_out(self, task: ListedTask, on: str, why: str, status: ListedStatus | None) -> None:
        """List a dependency that is not kept; unless it is settled, the task is deferred."""
        if status not in _SETTLED and task.status is ListedStatus.PENDING:
            self.held.setdefault(task.id, f"it waits for {on!r}: {why}")
            why += "; the task is deferred"
        self._note(task.at.below("/dependencies"), why, on, None)

    def _note(self, at: EntryLocation, why: str, theirs: Any, ours: Any) -> None:
        self.notes.append(at.note(why, theirs, ours))


def _beyond(depends_on: Sequence[str], cancelled: Mapping[str, ListedTask]) -> tuple[str, ...]:
    """The dependencies; in place of a cancelled one, those that it had itself."""
    found: dict[str, None] = {}
    waiting, seen = list(depends_on), set[str]()
    while waiting:
        on = waiting.pop(0)
        if on in seen:
            continue
        seen.add(on)
        if on in cancelled:
            waiting = [*cancelled[on].depends_on, *waiting]
        else:
            found[on] = None
    return tuple(found)


def _closing(depends_on: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The dependencies that close circles, found in depth, in the order of the tasks."""
    closing: list[tuple[str, str]] = []
    state: dict[str, bool] = {}
    for first in depends_on:
        if first in state:
            continue
        state[first] = True
        path = [(first, iter(depends_on[first]))]
        while path:
            task_id, others = path[-1]
            on = next(others, None)
            if on is None:
                state[task_id] = False
                path.pop()
            elif on not in state:
                state[on] = True
                path.append((on, iter(depends_on[on])))
            elif state[on]:
                closing.append((task_id, on))
    return closing


def _free(wanted: str, used: set[str]) -> str:
    number = 2
    while f"{wanted:.180}-{number}" in used:
        number += 1
    return f"{wanted:.180}-{number}"
