"""Compare a plan at two points of its history, as data and as text.

Each difference names the event that made the value what it is at the later point. What
appeared and disappeared in between is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from plangate.application.history.points import Moment
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.plan_log import Step
from plangate.application.results import ClaimView, Result
from plangate.domain.confidence import differ, reaches
from plangate.domain.events import TaskMoved, touches
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait


class ChangeKind(StrEnum):
    """What a difference is about."""

    PLAN = "plan"
    CONFIDENCE = "confidence"
    STATUS = "status"
    SCORE = "score"
    TASK = "task"
    TASK_CAME = "task_came"
    TASK_LEFT = "task_left"
    TASK_MOVED = "task_moved"


class PlanChange(Result):
    """A field of the plan, or of the task `task_id`, before and after.

    For a task that came, left or moved, the field is its `place`, counted from 0.
    `event_id` names the event that set the later value.
    """

    kind: ChangeKind
    task_id: str | None
    field: str
    before: Any
    after: Any
    event_id: str | None
    text: str


class PlanDiff(Result):
    """The differences between points `a` and `b`, with `events` events between them."""

    plan_id: str
    goal: str | None
    a: Moment
    b: Moment
    events: int
    changes: tuple[PlanChange, ...]


_Value = Callable[[Plan, Task], Any]

_OF_THE_PLAN: Final[Mapping[str, Callable[[Plan], Any]]] = {
    "state": lambda plan: plan.state,
    "replan_due": lambda plan: plan.replan_due,
    "replan_count": lambda plan: plan.replan_count,
    "gate_tripped": lambda plan: plan.policy.has_memory and plan.gate.tripped,
    "gate_exhausted": lambda plan: plan.is_exhausted,
}
_OF_A_TASK: Final[Mapping[str, tuple[ChangeKind, _Value]]] = {
    "status": (ChangeKind.STATUS, lambda _, task: task.status),
    "prompt_score": (ChangeKind.SCORE, lambda _, task: task.prompt_score),
    "output_score": (ChangeKind.SCORE, lambda _, task: task.output_score),
    "confidence": (ChangeKind.CONFIDENCE, lambda plan, task: task.confidence(plan.policy)),
    "attempt": (ChangeKind.TASK, lambda _, task: task.attempt),
    "replan_count": (ChangeKind.TASK, lambda _, task: task.replan_count),
    "claim": (ChangeKind.TASK, lambda _, task: ClaimView.of(task)),
    "title": (ChangeKind.TASK, lambda _, task: task.title),
    "description": (ChangeKind.TASK, lambda _, task: task.description),
    "depends_on": (ChangeKind.TASK, lambda _, task: task.depends_on),
    "priority": (ChangeKind.TASK, lambda _, task: task.priority),
    "labels": (ChangeKind.TASK, lambda _, task: task.labels),
    "metadata": (ChangeKind.TASK, lambda _, task: task.metadata),
}


def plan_diff(steps: Iterable[Step], a: int) -> PlanDiff:
    """Compare a plan at version `a` with the plan after the last of these steps."""
    steps = iter(steps)
    begin = next(step for step in steps if step.after.version == a)
    between = list(steps)
    end = between[-1] if between else begin
    return PlanDiff(
        plan_id=end.after.plan_id,
        goal=end.after.goal,
        a=Moment.of(begin),
        b=Moment.of(end),
        events=len(between),
        changes=(
            *_of_the_plan(begin.after, end.after, between),
            *_of_the_tasks(begin.after, end.after, between),
        ),
    )


def _of_the_plan(a: Plan, b: Plan, between: Sequence[Step]) -> Iterator[PlanChange]:
    for field, value in _OF_THE_PLAN.items():
        before, after = value(a), value(b)
        if before != after:
            event_id = _last_change(between, after, value)
            yield _change(ChangeKind.PLAN, None, field, before, after, event_id)
    confidence, threshold = RunningConfidence(a.rolling_confidence), a.policy.confidence_threshold
    changed_by = dict.fromkeys(("rolling_confidence", "needs_replan"), "")
    for step in between:
        was, confidence = confidence.rolling_confidence, confidence.after(step)
        now = confidence.rolling_confidence
        if differ(was, now):
            changed_by["rolling_confidence"] = step.event_id
        if reaches(was, threshold) is not reaches(now, threshold):
            changed_by["needs_replan"] = step.event_id
    for field, event_id in changed_by.items():
        before, after = getattr(a, field), getattr(b, field)
        if differ(before, after):
            how = _confidence_text(a, b) if field == "rolling_confidence" else None
            yield _change(ChangeKind.CONFIDENCE, None, field, before, after, event_id, how=how)


def _confidence_text(*plans: Plan) -> str:
    """The rolling confidence of a plan then and now; of one without scores there is none."""
    before, after = (
        plan.rolling_confidence if plan.traits.count(Trait.SCORED) else None for plan in plans
    )
    return _text("rolling_confidence", before, after)


def _of_the_tasks(a: Plan, b: Plan, between: Sequence[Step]) -> Iterator[PlanChange]:
    """Changes of the tasks that are there now, in their order, then of those that left."""
    touching: dict[str, list[Step]] = defaultdict(list)
    for step in between:
        for task_id in _touched(step):
            touching[task_id].append(step)
    places_a, places_b = _places(a.order), _places(b.order)
    ranks_a = _places(task_id for task_id in a.order if task_id in places_b)
    ranks_b = _places(task_id for task_id in b.order if task_id in places_a)
    for task in b:
        place, steps = places_b[task.id], touching[task.id]
        was = a.tasks.get(task.id)
        if was is None:
            came = next(s for s in reversed(steps) if task.id not in s.before.tasks)
            how, kind = _origin(task), ChangeKind.TASK_CAME
            yield _change(kind, task.id, "place", None, place, came.event_id, how=how)
        elif ranks_a[task.id] != ranks_b[task.id] and (event_id := _last_move(steps)):
            moved = ChangeKind.TASK_MOVED
            yield _change(moved, task.id, "place", places_a[task.id], place, event_id)
        if was is not task:
            yield from _of_a_task(a, b, was or _as_planned(task), task, steps)
    for task_id, place in places_a.items():
        if task_id not in places_b:
            event_id, how = touching[task_id][-1].event_id, b.retired.get(task_id, "gone")
            left = ChangeKind.TASK_LEFT
            yield _change(left, task_id, "place", place, None, event_id, how=how)


def _of_a_task(
    a: Plan, b: Plan, was: Task, now: Task, steps: Sequence[Step]
) -> Iterator[PlanChange]:
    for field, (kind, value) in _OF_A_TASK.items():
        before, after = value(a, was), value(b, now)
        if before != after:

            def of(plan: Plan, value: _Value = value) -> Any:
                task = plan.tasks.get(now.id)
                return None if task is None else value(plan, task)

            event_id = _last_change(steps, after, of)
            yield _change(kind, now.id, field, before, after, event_id)


def _origin(task: Task) -> str:
    if task.split_from is not None:
        return f"split from {task.split_from}"
    return "added" if task.replaces is None else f"replaces {task.replaces}"


def _as_planned(task: Task) -> Task:
    """A task as it was planned, with no scores and no work done."""
    kept = ("id", "title", "description", "metadata", "depends_on", "priority", "labels")
    return Task(**{name: getattr(task, name) for name in kept})


def _touched(step: Step) -> Iterator[str]:
    """The tasks that an event may have changed."""
    for task_id in touches(step.recorded.event).task_ids:
        yield task_id
        if task_id in step.before.tasks and task_id not in step.after.tasks:
            yield from step.before.dependants(task_id)


def _places(order: Iterable[str]) -> dict[str, int]:
    return {task_id: place for place, task_id in enumerate(order)}


def _last_move(steps: Sequence[Step]) -> str | None:
    """The event that last moved the task of these steps, if one did."""
    moves = (s.event_id for s in reversed(steps) if isinstance(s.recorded.event, TaskMoved))
    return next(moves, None)


def _last_change(steps: Sequence[Step], value: object, of: Callable[[Plan], object]) -> str | None:
    """The event that led to the value after the last of these steps."""
    return next((step.event_id for step in reversed(steps) if of(step.before) != value), None)


# --- as text ---


def _change(
    kind: ChangeKind,
    task_id: str | None,
    field: str,
    before: Any,
    after: Any,
    event_id: str | None,
    *,
    how: str | None = None,
) -> PlanChange:
    what = how or _text(field, before, after)
    return PlanChange(
        kind=kind,
        task_id=task_id,
        field=field,
        before=before,
        after=after,
        event_id=event_id,
        text=what if task_id is None else f"{task_id}: {what}",
    )


_CROSSINGS: Final = {
    "needs_replan": (
        "the confidence reached the threshold",
        "the confidence fell below the threshold",
    ),
    "replan_due": ("no replan is due any more", "a replan is due"),
    "gate_tripped": ("the gate is open again", "the gate has tripped"),
    "gate_exhausted": ("replans are allowed again", "no more replans are allowed"),
}


def _text(field: str, before: Any, after: Any) -> str:
    label = field.replace("_", " ")
    if field in _CROSSINGS:
        return _CROSSINGS[field][after]
    if field in {"description", "metadata"}:  # too long to be quoted
        return f"another {label}"
    return f"{label} {_value_text(before)} → {_value_text(after)}"


def _value_text(value: Any) -> str:
    match value:
        case None | ():
            return "none"
        case float():
            return f"{value:.3f}"
        case tuple():
            return ", ".join(value)
        case ClaimView():
            return f"of {value.worker}" if value.worker else f"number {value.token}"
        case _:
            return str(value).replace("_", " ")
