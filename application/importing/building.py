"""A plan made of a task list: nothing is ready here that was not ready in the source.

What the source leaves open is settled by rules. A dependency that cannot be kept holds its
task all the same: the task is deferred. Each such repair is listed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from plangate.application.importing.foreign import DryRun, ForeignPlan, NotCarried
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
)
from plangate.application.validation import validate_identifier
from plangate.domain.commands import ApproveGate, DeferTask, MarkTask, UpdateScores
from plangate.domain.errors import InvalidInput
from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    MAX_GOAL,
    MAX_LABELS,
    MAX_PRIORITY,
    MAX_PROSE,
    MAX_TITLE,
    TaskStatus,
)

MAX_DEPENDENCIES: Final = 1_000_000
"""The most dependencies of a plan that is built from a list, all tasks together."""

_SHORTENED: Final = " …"
_JSON: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(JsonObject)
_SETTLED: Final = {ListedStatus.DONE, ListedStatus.CANCELLED}


def build_plan(
    listed: TaskList, plan_id: str, metadata: Mapping[str, Any], why: str, now: datetime
) -> ForeignPlan:
    """The commands that make the plan here; raises `InvalidInput` where none can be made.

    `metadata` joins that of the plan.
    """
    listed = replace(listed, metadata={**listed.metadata, **metadata})
    return _Builder(listed, DryRun(plan_id, listed.at.pointer, now), why).build()


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


class _Builder:
    """Makes one plan."""

    def __init__(self, listed: TaskList, run: DryRun, why: str) -> None:
        self._listed = listed
        self._run = run
        self._why = why
        self._notes: list[NotCarried] = list(listed.notes)
        self._held: dict[str, str] = {}
        """The tasks that wait for something that is not a dependency here, and for what."""

    def build(self) -> ForeignPlan:
        tasks = self._sound(self._with_their_wholes(self._named()))
        if tasks:
            self._create(tasks)
            self._score(tasks)
            self._move(tasks)
        result = self._run.result()
        not_carried = [*self._notes, *result.not_carried]
        return replace(result, not_carried=not_carried, former=self._listed.former)

    # --- what the tasks are called ---

    def _named(self) -> list[ListedTask]:
        """The tasks under ids that are valid and different; the first of two keeps its id."""
        used: set[str] = set()
        taken = {task.id for task in self._listed.tasks}
        named = []
        for task in few(self._listed.tasks):
            task_id = task.id
            if task_id in used or not _is_identifier(task_id):
                why = "it is used twice" if task_id in used else "it cannot be an id here"
                task_id = _free(task_id if task_id in used else "task", used | taken)
                self._note(task.at.below("/id"), why, task.id, task_id)
            used.add(task_id)
            named.append(replace(task, id=task_id))
        return named

    # --- what is ready ---

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
            self._held.setdefault(task.id, f"it waits for {on!r}: {why}")
            why += "; the task is deferred"
        self._note(task.at.below("/dependencies"), why, on, None)

    # --- the commands ---

    def _create(self, tasks: Sequence[ListedTask]) -> None:
        listed = self._listed
        at = listed.at
        goal = listed.goal
        if not goal.strip():
            goal = self._run.plan.plan_id
            self._note(at.below("/goal"), "a goal must not be blank", listed.goal, goal)
        metadata = dict(listed.metadata)
        self._run.create(
            {
                "goal": self._shortened(at.below("/goal"), "goal", goal, MAX_GOAL, metadata),
                "tasks": [self._planned(task) for task in tasks],
                "policy": listed.policy or Policy(),
                "metadata": self._fitting(at.below("/metadata"), metadata),
                "priority": self._priority(at, listed.priority) or 0,
                "labels": self._labels(at, listed.labels),
            }
        )

    def _planned(self, task: ListedTask) -> dict[str, Any]:
        metadata = dict(task.metadata)
        at, title = task.at, task.title
        if not title.strip():
            title = task.id
            self._note(at.below("/title"), "a title must not be blank", task.title, title)
        text = _without_nul(task.description)
        return {
            "id": task.id,
            "title": self._shortened(
                at.below("/title"), "title", _without_nul(title), MAX_TITLE, metadata
            ),
            "description": self._shortened(
                at.below("/description"), "description", text, MAX_PROSE, metadata
            ),
            "depends_on": task.depends_on,
            "priority": self._priority(at, task.priority),
            "labels": self._labels(at, task.labels),
            "metadata": self._fitting(at.below("/metadata"), metadata),
        }

    def _shortened(
        self, at: EntryLocation, name: str, text: str, longest: int, metadata: dict[str, Any]
    ) -> str:
        """The text, cut where it is too long; the whole is kept in the metadata if it fits."""
        if len(text) <= longest:
            return text
        short = text[: longest - len(_SHORTENED)] + _SHORTENED
        whole = {**metadata, f"whole_{name}": text}
        if _fits(whole):
            metadata |= whole
            why = f"longer than {longest} characters; the whole is in the metadata"
        else:
            why = f"longer than {longest} characters; the rest is only in the source"
        self._note(at, why, f"{len(text)} characters", f"{longest} characters")
        return short

    def _fitting(self, at: EntryLocation, metadata: dict[str, Any]) -> dict[str, Any]:
        """The metadata, without what it cannot hold."""
        if _fits(metadata):
            return metadata
        kept: dict[str, Any] = {}
        for name, value in metadata.items():
            if _fits({**kept, name: value}):
                kept[name] = value
            else:
                self._note(at, "the metadata cannot hold it", f"{name:.80}", None)
        return kept

    def _priority(self, at: EntryLocation, priority: int | None) -> int | None:
        if priority is None or abs(priority) <= MAX_PRIORITY:
            return priority
        why = f"a priority is at most {MAX_PRIORITY:,}"
        self._note(at.below("/priority"), why, priority, None)
        return None

    def _labels(self, at: EntryLocation, labels: Sequence[str]) -> list[str]:
        kept: list[str] = []
        for label in dict.fromkeys(labels):
            if _is_identifier(label) and len(kept) < MAX_LABELS:
                kept.append(label)
            else:
                why = "a task has at most 50 labels, of at most 200 characters"
                self._note(at.below("/labels"), why, f"{label:.80}", None)
        return kept

    def _score(self, tasks: Sequence[ListedTask]) -> None:
        for task in tasks:
            if task.prompt_score is not None or task.output_score is not None:
                self._run.handle(
                    UpdateScores(
                        task_id=task.id,
                        prompt_score=task.prompt_score,
                        output_score=task.output_score,
                        mark_done=False,
                        rationale=self._why,
                    )
                )

    def _move(self, tasks: Sequence[ListedTask]) -> None:
        """Give every task its status, and defer what is not to be handed out."""
        for task in tasks:
            self._run.handle(MarkTask(task_id=task.id, status=task.status.ours, reason=self._why))
        plan = self._run.plan
        if plan.replan_due and not plan.needs_replan:
            why = f"{self._why}: with all its scores the plan is above its threshold"
            self._run.handle(ApproveGate(reason=why))
        for task in tasks:
            held = self._held.get(task.id)
            if task.status is ListedStatus.DEFERRED:
                held = task.why or f"{self._why}, where it is deferred"
            if held is not None and self._run.plan.task(task.id).status is TaskStatus.PENDING:
                self._run.handle(DeferTask(task_id=task.id, reason=held))

    def _note(self, at: EntryLocation, why: str, theirs: Any, ours: Any) -> None:
        self._notes.append(
            NotCarried(
                pointer=at.pointer,
                line=at.line,
                column=at.column,
                theirs=theirs,
                ours=ours,
                why=why,
            )
        )


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


def _is_identifier(value: str) -> bool:
    try:
        validate_identifier("id", value)
    except InvalidInput:
        return False
    return True


def _free(wanted: str, used: set[str]) -> str:
    number = 2
    while f"{wanted:.180}-{number}" in used:
        number += 1
    return f"{wanted:.180}-{number}"


def _fits(metadata: Mapping[str, Any]) -> bool:
    try:
        _JSON.validate_python(dict(metadata))
    except ValidationError:
        return False
    return True


def _without_nul(text: str) -> str:
    return text.replace("\0", "�")
