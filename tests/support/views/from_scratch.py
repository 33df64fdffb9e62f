"""The views once more, made from scratch as plainly as they can be said, and held side by side."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.views.projection import Row
from plangate.domain.events import ReplanTriggered, TaskScored
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.verdict import may_continue, takeable, verdict
from plangate.domain.vocabulary import TaskStatus

Rows = dict[str, list[dict[str, Any]]]

EVERYTHING = 10_000

_END = datetime(9999, 12, 30, tzinfo=UTC)


def whole_log(store: EventStore) -> list[RecordedEvent]:
    """Every event, in commit order."""
    found: list[RecordedEvent] = []
    while page := store.read_all(after=_position(found[-1]) if found else 0, limit=EVERYTHING):
        found += page
    return found


def from_scratch(events: Iterable[RecordedEvent], now: datetime) -> Rows:
    """What the four views should say now, from the log alone: each plan folded event by event."""
    histories: dict[str, list[RecordedEvent]] = {}
    for recorded in events:
        histories.setdefault(recorded.envelope.plan_id, []).append(recorded)
    found: Rows = {"plans": [], "board": [], "timeline": [], "replans": []}
    for plan_id, history in histories.items():
        rows = _of_a_plan(Plan(plan_id), history, now)
        for view, some in rows.items():
            found[view] += some
    found["replans"].sort(key=lambda row: int(row["position"]))
    return found


def as_reported(registry: PlanRegistry) -> Rows:
    """What a registry says about everything, page by page."""
    plans = _all(registry.views.plans, "plans")
    board: list[Row] = []
    timeline: list[Row] = []
    for plan in plans:
        board += _all(registry.views.board, "tasks", plan_id=plan.plan_id)
        timeline += _all(registry.views.timeline, "scores", plan_id=plan.plan_id)
    replans = _all(registry.views.replans, "replans")
    return {
        "plans": [row.model_dump() for row in plans],
        "board": [row.model_dump() for row in board],
        "timeline": [row.model_dump() for row in timeline],
        "replans": [row.model_dump() for row in replans],
    }


def reported_now(registry: PlanRegistry, now: datetime | None = None) -> tuple[Rows, datetime]:
    """What a registry says about everything at one moment, and that moment."""
    now = now or registry._executor.handler.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.views._current, "_clock", lambda: now)
        return as_reported(registry), now


def same_views(registry: PlanRegistry) -> None:
    """A registry's views hold what its log leads to: rolling figures to 1e-9, all else exactly."""
    reported, now = reported_now(registry)
    alike(reported, from_scratch(whole_log(registry._store), now))


def alike(actual: Rows, expected: Rows) -> None:
    """The same rows in the same order."""
    for view, rows in expected.items():
        assert len(actual[view]) == len(rows), view
        rolling = view != "board"
        for row, wanted in zip(actual[view], rows, strict=True):
            close = pytest.approx(wanted["rolling_confidence"], abs=1e-9) if rolling else None
            assert row == wanted | ({"rolling_confidence": close} if rolling else {})


def _all(ask: Any, rows: str, **wanted: Any) -> Any:
    found: list[Any] = []
    after = None
    while True:
        page = ask(limit=7, after=after, **wanted)
        found += getattr(page, rows)
        after = page.next
        if after is None:
            return found


def _of_a_plan(plan: Plan, history: Sequence[RecordedEvent], now: datetime) -> Rows:
    since: dict[str, datetime] = {}
    scores: list[dict[str, Any]] = []
    replans: list[dict[str, Any]] = []
    for recorded in history:
        event, before = recorded.event, plan
        plan = evolve(plan, event)
        for task in plan:
            was = before.tasks.get(task.id)
            if was is None or was.status is not task.status:
                since[task.id] = event.at
        place = {"plan_id": plan.plan_id, "version": plan.version, "position": _position(recorded)}
        if isinstance(event, TaskScored):
            task = plan.tasks[event.task_id]
            scores.append(
                place
                | event.model_dump(
                    include={
                        "at",
                        "occurred_at",
                        "task_id",
                        "kind",
                        "score",
                        "raw_score",
                        "scorer",
                    }
                )
                | {
                    "attempt": task.attempt,
                    "task_confidence": task.confidence(plan.policy),
                    "rolling_confidence": plan.rolling_confidence,
                    "confidence_threshold": plan.policy.confidence_threshold,
                    "stale": False,
                }
            )
        elif isinstance(event, ReplanTriggered):
            replans.append(
                place
                | event.model_dump(include={"at", "task_id", "rolling_confidence"})
                | {
                    "confidence_threshold": event.threshold,
                    "replan_count": plan.replan_count,
                    "attempt": plan.tasks[event.task_id].attempt,
                    "stale": False,
                }
            )
    if plan.deleted:
        return {}
    first, last = _position(history[0]), _position(history[-1])
    return {
        "plans": [_summary(plan, first, last, now)],
        "board": [_on_the_board(plan, n, since, first) for n in range(len(plan.order))],
        "timeline": scores,
        "replans": replans,
    }


def _summary(plan: Plan, first: int, last: int, now: datetime) -> dict[str, Any]:
    count = Counter(task.status for task in plan)
    scored = [task for task in plan if task.confidence(plan.policy) is not None]
    counting = [given for task in plan for given in task.counting]
    could_be_taken = [task.id for task in takeable(plan, now)]
    ends = [
        end
        for task in plan
        for end in (
            task.deferred and task.deferred.until,
            task.claim and task.status is TaskStatus.IN_PROGRESS and task.claim.until,
        )
        if end
    ]
    return {
        "plan_id": plan.plan_id,
        "goal": plan.goal,
        "state": plan.state,
        "verdict": verdict(plan, now),
        "may_continue": may_continue(plan, now),
        "changes_at": min((end for end in ends if end > now), default=None),
        "rolling_confidence": plan.rolling_confidence,
        "confidence_threshold": plan.policy.confidence_threshold,
        "scored": len(scored),
        "scoring_failed": len([task for task in plan if task.scoring_failed]),
        "clamped": len([given for given in counting if given.clamped]),
        "done_unscored": len(
            [t for t in plan if t.status is TaskStatus.DONE and t.output_score is None]
        ),
        "awaits_judges": len([task for task in plan if task.awaits_judges]),
        "needs_replan": plan.needs_replan,
        "replan_due": plan.replan_due,
        "replan_count": plan.replan_count,
        "gate_tripped": plan.gate.tripped,
        "gate_lows": plan.gate.lows,
        "gate_replans": plan.gate.replans,
        "gate_exhausted": plan.is_exhausted,
        "next_task_id": could_be_taken[0] if may_continue(plan, now) else None,
        "task_count": len(plan.order),
        **{status.value: count[status] for status in TaskStatus},
        "priority": plan.priority,
        "highest_priority": _highest_priority(plan),
        "labels": plan.labels,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "version": plan.version,
        "created_position": first,
        "updated_position": last,
        "stale": False,
    }


def _highest_priority(plan: Plan) -> int | None:
    """The highest of the tasks that could be taken if all leases and deferrals had ended."""
    if not may_continue(plan, _END):
        return None
    return max(
        plan.priority if task.priority is None else task.priority for task in takeable(plan, _END)
    )


def _on_the_board(plan: Plan, place: int, since: dict[str, datetime], first: int) -> dict[str, Any]:
    task = plan.tasks[plan.order[place]]
    held = task.claim if task.status is TaskStatus.IN_PROGRESS else None
    return {
        "plan_id": plan.plan_id,
        "task_id": task.id,
        "title": task.title,
        "status": task.status,
        "since": since[task.id],
        "prompt_score": task.prompt_score,
        "output_score": task.output_score,
        "confidence": task.confidence(plan.policy),
        "replan_count": task.replan_count,
        "attempt": task.attempt,
        "worker": held.worker if held else None,
        "lease_until": held.until if held else None,
        "priority": task.priority,
        "labels": task.labels,
        "place": place,
        "plan_position": first,
        "stale": False,
    }


def _position(recorded: RecordedEvent) -> int:
    position = recorded.envelope.position
    assert position is not None
    return position
