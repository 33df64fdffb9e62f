"""A plan made of a task list: nothing is ready here that was not ready in the source.

What the source leaves open is settled by rules. A dependency that cannot be kept holds its
task all the same: the task is deferred. Each such repair is listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from plangate.application.importing.foreign import DryRun, ForeignPlan
from plangate.application.importing.sound_tasks import SoundTasks
from plangate.application.importing.task_list import (
    EntryLocation,
    ListedStatus,
    ListedTask,
    TaskList,
)
from plangate.application.validation import is_identifier
from plangate.domain.commands import ApproveGate, DeferTask, MarkTask, UpdateScores
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

_SHORTENED: Final = " …"
_JSON: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(JsonObject)


def build_plan(
    listed: TaskList, plan_id: str, metadata: Mapping[str, Any], why: str, now: datetime
) -> ForeignPlan:
    """The commands that make the plan here; raises `InvalidInput` where none can be made.

    `metadata` joins that of the plan.
    """
    listed = replace(listed, metadata={**listed.metadata, **metadata})
    return _Builder(listed, DryRun(plan_id, listed.at.pointer, now), why).build()


class _Builder:
    """Makes one plan."""

    def __init__(self, listed: TaskList, run: DryRun, why: str) -> None:
        self._listed = listed
        self._run = run
        self._why = why
        self._sound = SoundTasks(listed.tasks)
        self._notes = [*listed.notes, *self._sound.notes]

    def build(self) -> ForeignPlan:
        if tasks := self._sound.tasks:
            self._create(tasks)
            self._score(tasks)
            self._move(tasks)
        result = self._run.result()
        not_carried = [*self._notes, *result.not_carried]
        return replace(result, not_carried=not_carried, former=self._listed.former)

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
            if is_identifier(label) and len(kept) < MAX_LABELS:
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
            held = self._sound.held.get(task.id)
            if task.status is ListedStatus.DEFERRED:
                held = task.why or f"{self._why}, where it is deferred"
            if held is not None and self._run.plan.task(task.id).status is TaskStatus.PENDING:
                self._run.handle(DeferTask(task_id=task.id, reason=held))

    def _note(self, at: EntryLocation, why: str, theirs: Any, ours: Any) -> None:
        self._notes.append(at.note(why, theirs, ours))


def _fits(metadata: Mapping[str, Any]) -> bool:
    try:
        _JSON.validate_python(dict(metadata))
    except ValidationError:
        return False
    return True


def _without_nul(text: str) -> str:
    return text.replace("\0", "�")
