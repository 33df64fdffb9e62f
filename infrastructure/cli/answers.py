"""What commands answer beside the registry's own results; with `--json`, a contract."""

from typing import Any, Literal, Self

from pydantic import BaseModel

from plangate.application.results import GateView, PlanStatus, Result, TaskView
from plangate.domain.vocabulary import PlanState


class NextTask(Result):
    """The task to work on now, or None when none is ready, and the state of its plan.

    Without a task, `advice` says what leads on. Asked of all plans, everything is None
    when none is ready.
    """

    task: TaskView | None = None
    plan_id: str | None = None
    state: PlanState | None = None
    needs_replan: bool | None = None
    replan_due: bool | None = None
    advice: tuple[str, ...] = ()


class Verdict(Result):
    """The gate's verdict: go on with the plan, or replan first.

    It is `replan` while a replan is due, until the plan is revised, a task retried or the
    gate approved; and once no replans are left, until an approval. `needs_replan` is only
    the low confidence, which stays low until new scores come.
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
    def of(cls, plan: PlanStatus) -> Self:
        """The gate's verdict on a plan."""
        verdict = "replan" if plan.replan_due or plan.gate.exhausted else "go_on"
        return cls.model_validate({**vars(plan), "verdict": verdict})


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
        counts = {name: n + getattr(other, name) for name, n in vars(self).items()}
        return Tally(**counts)


class RefusedLine(Result):
    """A refused line of a trace, and why it was refused."""

    line: int
    error: dict[str, Any]


class TraceReport(BaseModel):
    """The result of applying a trace so far: each line was recorded, unchanged or refused.

    An unchanged line was recorded earlier or changes nothing. `added` counts what this
    run recorded, `already_there` what it recognised. `warnings` counts the clamped scores.
    `stopped_at` is the line where the run stopped early.
    """

    file: str
    lines: int = 0
    recorded: int = 0
    unchanged: int = 0
    added: Tally = Tally()
    already_there: Tally = Tally()
    refused: list[RefusedLine] = []
    warnings: int = 0
    stopped_at: int | None = None
