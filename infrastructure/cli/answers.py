"""What commands answer beside the registry's own results. With `--json` these are the contract."""

from typing import Any, Literal

from plangate.application.results import GateView, PlanStatus, Result, TaskView
from plangate.domain.vocabulary import PlanState


class NextTask(Result):
    """The task to work on now, or None when none is ready; and how its plan stands.

    Without a task, `advice` says what leads on. Asked of all plans, everything is
    None when none is ready.
    """

    task: TaskView | None = None
    plan_id: str | None = None
    state: PlanState | None = None
    needs_replan: bool | None = None
    replan_due: bool | None = None
    advice: tuple[str, ...] = ()


class Verdict(Result):
    """What the gate says: go on with the plan, or replan first.

    It says so while a replan is due: it fired, and nobody has answered it yet; and when
    the replans are used up, until somebody approves. `needs_replan` is the figure alone,
    which stays low until new scores come.
    """

    plan_id: str
    verdict: Literal["go_on", "replan"]
    replan_due: bool
    needs_replan: bool
    rolling_confidence: float
    confidence_threshold: float
    state: PlanState
    replan_count: int
    gate: GateView

    @classmethod
    def on(cls, plan: PlanStatus) -> "Verdict":
        """The gate's verdict on a plan as it stands."""
        return cls(
            plan_id=plan.plan_id,
            verdict="replan" if plan.replan_due or plan.gate.exhausted else "go_on",
            replan_due=plan.replan_due,
            needs_replan=plan.needs_replan,
            rolling_confidence=plan.rolling_confidence,
            confidence_threshold=plan.confidence_threshold,
            state=plan.state,
            replan_count=plan.replan_count,
            gate=plan.gate,
        )


class Migration(Result):
    """The store has all the tables that this plangate needs."""

    ready: Literal[True] = True


class Deletion(Result):
    """Whether there was a plan to delete."""

    plan_id: str
    deleted: bool


class Tally(Result):
    """How many plans were created, scores given and replans triggered."""

    plans: int = 0
    scores: int = 0
    replans: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            plans=self.plans + other.plans,
            scores=self.scores + other.scores,
            replans=self.replans + other.replans,
        )


class RefusedLine(Result):
    """A line of a trace that was refused, and why."""

    line: int
    error: dict[str, Any]


class TraceReport(Result):
    """What came of a trace. Every line was recorded, unchanged (nothing new in it) or refused.

    `added` counts what this run recorded, `already_there` what it recognised from
    an earlier one. `warnings` counts the scores that were clamped. `stopped_at` is
    the line where the run ended early.
    """

    file: str
    lines: int
    recorded: int
    unchanged: int
    added: Tally
    already_there: Tally
    refused: tuple[RefusedLine, ...]
    warnings: int
    stopped_at: int | None
