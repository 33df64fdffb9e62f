"""The rows of the views: typed, flat, at full precision, the most needed fields first.

What people wrote reads `None` once it was erased. A row is `stale` when an event
of its plan could not be taken in: it tells how things stood before that event.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from plangate.domain.vocabulary import PlanState, ScoreKind, Scorer, TaskStatus


class Row(BaseModel):
    """A line of a view."""

    model_config = ConfigDict(frozen=True)

    stale: bool = False


class PlanSummary(Row):
    """How a plan stands. Positions are those of its first and its latest event.

    `next_task_id` is the task that would be handed out next. `needs_replan` is the
    figure below its threshold; `replan_due` the fact that nobody answered the gate yet.
    What the gate remembers: whether it has `gate_tripped`, the low scores in a row, the replans
    since the last approval, and whether these exhaust what the policy allows.
    """

    plan_id: str
    goal: str | None
    state: PlanState
    rolling_confidence: float
    confidence_threshold: float
    needs_replan: bool
    replan_due: bool
    replan_count: int
    gate_tripped: bool
    gate_lows: int
    gate_replans: int
    gate_exhausted: bool
    next_task_id: str | None
    task_count: int
    pending: int
    in_progress: int
    done: int
    failed: int
    replanning: int
    priority: int
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    version: int
    created_position: int
    updated_position: int


class BoardTask(Row):
    """Where a task stands, and since when. Unscored is None.

    `place` counts the plan's tasks from 0, in plan order; `plan_position` is the
    position of the plan's first event. `worker` holds the task while it is in progress.
    """

    plan_id: str
    task_id: str
    title: str | None
    status: TaskStatus
    since: datetime
    prompt_score: float | None
    output_score: float | None
    confidence: float | None
    replan_count: int
    attempt: int
    worker: str | None
    lease_until: datetime | None
    priority: int | None
    labels: tuple[str, ...]
    place: int
    plan_position: int


class TimelineEntry(Row):
    """A score as it came, and the figures after it.

    It stays when its task leaves the plan; `task_confidence` and `rolling_confidence`
    are those of that moment.
    """

    plan_id: str
    version: int
    position: int
    at: datetime
    task_id: str
    kind: ScoreKind
    score: float
    raw_score: float | None
    scorer: Scorer | None
    attempt: int
    task_confidence: float | None
    rolling_confidence: float
    confidence_threshold: float


class ReplanEntry(Row):
    """The gate fired: where, when and on what figures. `replan_count` numbers a plan's replans."""

    plan_id: str
    version: int
    position: int
    at: datetime
    task_id: str
    rolling_confidence: float
    confidence_threshold: float
    replan_count: int
    attempt: int
