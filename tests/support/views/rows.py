"""One ordinary row of every view, and updates that carry rows to a store."""

from collections.abc import Sequence
from typing import Any

from plangate.application.views.board import BoardTask
from plangate.application.views.plan_summaries import PlanSummary
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.replans import ReplanEntry
from plangate.application.views.timeline import TimelineEntry
from plangate.application.views.view_store import (
    StuckPlan,
    ViewPosition,
    ViewStore,
    ViewTables,
    ViewUpdate,
)
from plangate.domain.vocabulary import PlanState, ScoreKind, TaskStatus, Verdict
from tests.support.clocks import DAWN
from tests.support.examples import JUDGE

FOLD = 3
"""The version of the folds these rows come from."""


def summary(position: int, **facts: Any) -> PlanSummary:
    ordinary = {
        "plan_id": f"p{position}",
        "goal": "Ship 🚢 “it”",
        "state": PlanState.ACTIVE,
        "verdict": Verdict.GO,
        "may_continue": True,
        "changes_at": DAWN,
        "rolling_confidence": 0.1 + 0.2,
        "confidence_threshold": 0.72,
        "scored": 1,
        "scoring_failed": 2,
        "clamped": 3,
        "done_unscored": 4,
        "needs_replan": True,
        "replan_due": False,
        "replan_count": 1,
        "gate_tripped": True,
        "gate_lows": 2,
        "gate_replans": 3,
        "gate_exhausted": True,
        "next_task_id": "b",
        "task_count": 2,
        "awaits_judges": 0,
        "pending": 1,
        "in_progress": 0,
        "done": 0,
        "failed": 0,
        "replanning": 1,
        "priority": 0,
        "highest_priority": None,
        "labels": ("Ä", "x"),
        "created_at": DAWN,
        "updated_at": DAWN,
        "version": 4,
        "created_position": position,
        "updated_position": position,
    }
    return PlanSummary.model_validate(ordinary | facts)


def task(plan: int, place: int, **facts: Any) -> BoardTask:
    ordinary = {
        "plan_id": f"p{plan}",
        "task_id": f"t{place}",
        "title": None,
        "status": TaskStatus.IN_PROGRESS,
        "since": DAWN,
        "prompt_score": 0.5,
        "output_score": None,
        "confidence": 0.5,
        "replan_count": 0,
        "attempt": 2,
        "worker": "w",
        "lease_until": DAWN,
        "priority": None,
        "labels": (),
        "place": place,
        "plan_position": plan,
    }
    return BoardTask.model_validate(ordinary | facts)


def score(plan_id: str, version: int, **facts: Any) -> TimelineEntry:
    ordinary = {
        "plan_id": plan_id,
        "version": version,
        "position": version * 10,
        "at": DAWN,
        "occurred_at": DAWN,
        "task_id": "a",
        "kind": ScoreKind.OUTPUT,
        "score": 1.0,
        "raw_score": 85.0,
        "scorer": JUDGE,
        "attempt": 1,
        "task_confidence": 1.0,
        "rolling_confidence": 1.0,
        "confidence_threshold": 0.72,
    }
    return TimelineEntry.model_validate(ordinary | facts)


def replan(plan_id: str, version: int, **facts: Any) -> ReplanEntry:
    ordinary = {
        "plan_id": plan_id,
        "version": version,
        "position": version * 10,
        "at": DAWN,
        "task_id": "a",
        "rolling_confidence": 0.5,
        "confidence_threshold": 0.72,
        "replan_count": 1,
        "attempt": 1,
    }
    return ReplanEntry.model_validate(ordinary | facts)


def stuck(plan_id: str, version: int = 2) -> StuckPlan:
    return StuckPlan(plan_id=plan_id, version=version, position=7, why="not JSON", since=DAWN)


def made(store: ViewStore, *views: str) -> None:
    """Views that can be read, empty."""
    for view in views:
        store.begin(view, FOLD, afresh=False)
        assert store.swap(view)


def put(
    store: ViewStore,
    view: str,
    *rows: Row,
    until: int | None = None,
    rebuilt: bool = False,
    after: ViewPosition | None = None,
    **more: Any,
) -> bool:
    """Save rows in one update, on from where the view stands; it leads one position on."""
    target = ViewTables(view, rebuilt)
    mark = after or store.positions()[target]
    others = {k: more.pop(k) for k in ("deletes", "texts") if k in more}
    changes = RowChanges([vars(row) for row in rows], **others)
    reached = mark.position + 1 if until is None else until
    return store.save([ViewUpdate(target, mark, reached, (changes,), **more)])


def ids(rows: Sequence[Any]) -> list[str]:
    return [row.plan_id for row in rows]
