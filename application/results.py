"""What callers get back: typed, at full precision, the most needed fields first.

Erased text reads `None`.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, Self, TypeVar, overload

from pydantic import ConfigDict, Field

from plangate.application.advice import advice
from plangate.application.errors import UnreadableEvent
from plangate.application.models import Model
from plangate.application.on_demand import OnDemand, trusted
from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.verdict import changes_at, may_continue, verdict
from plangate.domain.vocabulary import ObstacleKind, PlanState, TaskStatus, Verdict

_Row = TypeVar("_Row")

NO_EVIDENCE: Final = "no evidence yet"


class Result(Model):
    """An answer to a caller, or a part of one: a frozen value."""

    model_config = ConfigDict(frozen=True)


class Rows(Sequence[_Row], Result):
    """An answer that is also the sequence of its rows."""

    @property
    @abstractmethod
    def _rows(self) -> tuple[_Row, ...]:
        """The field with the rows."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[_Row]:  # type: ignore[override]  # rows, not fields
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> _Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_Row, ...]: ...
    def __getitem__(self, index: int | slice) -> _Row | tuple[_Row, ...]:
        return self._rows[index]


class ClaimView(Result):
    """Who works on a task. The `token` goes with that worker's reports and fences off others."""

    token: int
    worker: str | None
    since: datetime
    until: datetime | None

    @classmethod
    def of(cls, task: Task) -> Self | None:
        """The claim in force, if the task is in progress and was claimed."""
        claim = task.claim
        if claim is None or task.status is not TaskStatus.IN_PROGRESS:
            return None
        return cls(token=claim.token, worker=claim.worker, since=claim.since, until=claim.until)


class ObstacleView(Result):
    """One reason why work cannot continue, and the tasks it concerns.

    `reasons` are what was written about these tasks, where something was.
    """

    kind: ObstacleKind
    task_ids: tuple[str, ...]
    reasons: dict[str, str] = Field(default={})


class DeferralView(Result):
    """Why a pending task is not handed out, and until when, if that is known."""

    reason: str | None
    until: datetime | None

    @classmethod
    def of(cls, task: Task) -> Self | None:
        """The deferral of a task, if it is deferred."""
        deferred = task.deferred
        return None if deferred is None else cls(reason=deferred.reason, until=deferred.until)


class TaskView(Result):
    """A task now. Scores and confidence are in [0, 1], and None while there are none.

    `claim` is set while a worker holds it, `deferred` while it is not handed out although
    it is pending. `missing_judges` is how many more judges its output scores wait for.
    `split_from` and `replaces` name the task it came from.
    """

    id: str
    plan_id: str
    title: str | None
    description: str | None
    status: TaskStatus
    prompt_score: float | None
    output_score: float | None
    confidence: float | None
    missing_judges: int
    replan_count: int
    attempt: int
    depends_on: tuple[str, ...]
    claim: ClaimView | None
    deferred: DeferralView | None
    priority: int | None
    labels: tuple[str, ...]
    split_from: str | None
    replaces: str | None
    metadata: dict[str, Any]

    @classmethod
    def of(cls, task: Task, plan: Plan) -> Self:
        """The view of a plan's task."""
        fields = {
            "id": task.id,
            "plan_id": plan.plan_id,
            "title": task.title,
            "description": task.description,
            "status": task.status,
            "prompt_score": task.prompt_score,
            "output_score": task.output_score,
            "confidence": task.confidence(plan.policy),
            "missing_judges": task.missing_judges,
            "replan_count": task.replan_count,
            "attempt": task.attempt,
            "depends_on": task.depends_on,
            "claim": ClaimView.of(task),
            "deferred": DeferralView.of(task),
            "priority": task.priority,
            "labels": task.labels,
            "split_from": task.split_from,
            "replaces": task.replaces,
            "metadata": deepcopy(task.metadata),
        }
        return trusted(cls, fields)


class Evidence(Result):
    """How much has been judged.

    `scored` of `tasks` have a score. `scoring_failed` counts the tasks that a judge failed
    on since their last score, `clamped` the scores that count and were outside their scale,
    `done_unscored` the tasks that are done without an output score that counts.
    `awaits_judges` counts the others whose output too few judges have scored so far.
    """

    scored: int
    tasks: int
    scoring_failed: int
    clamped: int
    done_unscored: int
    awaits_judges: int

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The evidence in a plan."""
        count = plan.traits.count
        return cls(
            scored=count(Trait.SCORED),
            tasks=len(plan.order),
            scoring_failed=count(Trait.SCORING_FAILED),
            clamped=count(Trait.CLAMPED),
            done_unscored=count(Trait.DONE_UNSCORED),
            awaits_judges=count(Trait.AWAITS_JUDGES),
        )

    @property
    def sentence(self) -> str:
        """The evidence in words, as in "1 of 5 tasks scored, the judge failed on 3"."""
        tasks = "task" if self.tasks == 1 else "tasks"
        parts = [f"{self.scored} of {self.tasks} {tasks} scored" if self.scored else NO_EVIDENCE]
        if self.scoring_failed:
            parts.append(f"the judge failed on {self.scoring_failed}")
        if self.clamped:
            scores = "score was" if self.clamped == 1 else "scores were"
            parts.append(f"{self.clamped} {scores} outside the scale and clamped")
        if self.done_unscored:
            parts.append(f"{self.done_unscored} done without an output score that counts")
        if self.awaits_judges:
            wait = "waits" if self.awaits_judges == 1 else "wait"
            parts.append(f"{self.awaits_judges} {wait} for more judges")
        return ", ".join(parts)


class GateView(Result):
    """What a plan's gate remembers.

    `tripped`: it fired, and neither has the confidence recovered nor was it answered.
    `lows`: how many output scores in a row left the confidence below the threshold, where
    the policy counts them. `replans` since the last approval; `exhausted`: more than
    the policy allows, so that only an approval lets work continue.
    """

    tripped: bool
    lows: int
    replans: int
    exhausted: bool

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The view of a plan's gate."""
        gate = plan.gate
        return cls(
            tripped=gate.tripped, lows=gate.lows, replans=gate.replans, exhausted=plan.is_exhausted
        )


class PlanStatus(OnDemand, Result):
    """A plan at one version.

    `verdict`, `may_continue`, `evidence` and `changes_at` are those of `GateDecision`.
    `needs_replan` is the raw comparison: the rolling confidence is below its threshold.
    `replan_due`: the gate fired and awaits an answer. `obstacles` are why work cannot
    continue, `advice` what to do next. `warnings` and `recorded` concern the command just
    executed: whether it recorded anything, None in the answer to a query.
    """

    plan_id: str
    goal: str | None
    state: PlanState
    verdict: Verdict
    may_continue: bool
    version: int
    rolling_confidence: float
    confidence_threshold: float
    evidence: Evidence
    needs_replan: bool
    replan_count: int
    replan_due: bool
    gate: GateView
    obstacles: tuple[ObstacleView, ...]
    advice: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None
    changes_at: datetime | None = None
    priority: int
    labels: tuple[str, ...]
    task_count: int
    metadata: dict[str, Any]
    tasks: tuple[TaskView, ...]
    warnings: tuple[str, ...] = ()
    recorded: bool | None = None

    @classmethod
    def of(
        cls,
        plan: Plan,
        now: datetime,
        *,
        warnings: Iterable[str] = (),
        recorded: bool | None = None,
    ) -> Self:
        """The status of `plan` at a time; `warnings` and `recorded` of a command.

        The other fields are made when they are first read, and say how it was at that time.
        """
        return cls.made_of(plan, now, warnings=tuple(warnings), recorded=recorded)


def _obstacles(plan: Plan, _: datetime) -> tuple[ObstacleView, ...]:
    return tuple(
        ObstacleView(kind=found.kind, task_ids=found.task_ids, reasons=dict(found.reasons))
        for found in obstacles(plan)
    )


PlanStatus.makers = {
    "plan_id": lambda plan, _: plan.plan_id,
    "goal": lambda plan, _: plan.goal,
    "state": lambda plan, _: plan.state,
    "verdict": verdict,
    "may_continue": may_continue,
    "version": lambda plan, _: plan.version,
    "rolling_confidence": lambda plan, _: plan.rolling_confidence,
    "confidence_threshold": lambda plan, _: plan.policy.confidence_threshold,
    "evidence": lambda plan, _: Evidence.of(plan),
    "needs_replan": lambda plan, _: plan.needs_replan,
    "replan_count": lambda plan, _: plan.replan_count,
    "replan_due": lambda plan, _: plan.replan_due,
    "gate": lambda plan, _: GateView.of(plan),
    "obstacles": _obstacles,
    "advice": lambda plan, now: tuple(advice(plan, now)),
    "created_at": lambda plan, _: plan.created_at,
    "updated_at": lambda plan, _: plan.updated_at,
    "changes_at": changes_at,
    "priority": lambda plan, _: plan.priority,
    "labels": lambda plan, _: plan.labels,
    "task_count": lambda plan, _: len(plan.order),
    "metadata": lambda plan, _: deepcopy(plan.metadata),
    "tasks": lambda plan, _: tuple(TaskView.of(task, plan) for task in plan),
}


class UnreadablePlan(Result):
    """A plan with an event that cannot be read."""

    plan_id: str
    version: int
    why: str

    @classmethod
    def of(cls, error: UnreadableEvent) -> Self:
        """The plan of an event that cannot be read."""
        return cls(plan_id=error.plan_id, version=error.version, why=error.why)


class PlanList(Rows[PlanStatus]):
    """Plans in the order of their creation, and those that cannot be read."""

    plans: tuple[PlanStatus, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()

    @property
    def _rows(self) -> tuple[PlanStatus, ...]:
        return self.plans
