"""Find failed work that was planned again: under a weaker policy, or until it passed.

The plan is also followed under the policy under which the work failed: that shows whether
it went through only because its own policy is weaker.
"""

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
)
from plangate.application.evidence.same_work import FailedWork, Failure, WorkKey, work_of
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import differ, reaches
from plangate.domain.event_ids import event_id
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.task import Task
from plangate.domain.vocabulary import (
    AttemptScores,
    Gate,
    OutOfRange,
    ScarceEvidence,
    ScoreKind,
    StatusCause,
)


class PlannedAgain:
    """One plan beside the earlier failures of the same `work`; `failure` is its own first one."""

    def __init__(self, found: PlanFindings, plan_id: str, failed: FailedWork) -> None:
        self._found = found
        self._plan_id = plan_id
        self._failed = failed
        self.work: WorkKey | None = None
        self.failure: Failure | None = None
        self._earlier: Failure | None = None
        self._weaker: list[str] = []
        self._shadow: Plan | None = None
        self._reported = False
        self._last_pass: str | None = None
        self._plan: Plan | None = None

    def created(self, step: Step, event: events.PlanCreated) -> None:
        """Look for earlier failures of the work, the strictest policy first."""
        self.work = work_of(event)
        position = step.recorded.envelope.position
        if self.work is None or position is None:
            return
        earlier = self._failed.before(self.work, position)
        weaker = [(one, weaker_fields(one.policy, event.policy)) for one in earlier]
        if not weaker:
            return
        self._earlier, self._weaker = next((one for one in weaker if one[1]), weaker[0])
        if self._weaker:
            stricter = event.model_copy(update={"policy": self._earlier.policy})
            self._shadow = evolve(Plan(self._plan_id), stricter)

    def add(self, step: Step) -> None:
        """Follow the plan by one more event."""
        self._plan = step.after
        event = step.recorded.event
        passed = self._passes(step, event)
        if passed is not None:
            self._last_pass = step.event_id
        if self._shadow is None or isinstance(event, events.PlanCreated):
            return  # there is no stricter policy to follow it under
        if isinstance(event, events.ReplanTriggered):
            return  # the shadow's gate has fired by itself, or it has not
        shadow = self._shadow = evolve(self._shadow, event)
        if passed is not None:
            self._check_pass(step, passed, shadow)
        if isinstance(event, events.TaskScored) and event.kind is ScoreKind.OUTPUT:
            self._check_gate(step, event, shadow)
        if isinstance(event, events.TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            self._check_claim(step, event, shadow)

    def fail(self, step: Step) -> None:
        """The work failed here too."""
        position = step.recorded.envelope.position
        if self.failure is None and position is not None:
            policy = step.after.policy
            self.failure = Failure(self._plan_id, policy, step.event_id, position)

    def finish(self) -> None:
        """Report what was not reported on the way, and keep the failure of this plan."""
        if self.work is not None and self.failure is not None:
            self._failed.add(self.work, self.failure)
        earlier, last = self._earlier, self._last_pass
        if earlier is None or self._reported:
            return
        if self._weaker:
            self._report(earlier, self._kind, None, None, self._weaker_text())
        elif last is not None and self.failure is None and self._is_through():
            how = "was planned again until it passed"
            self._report(earlier, FindingKind.PLANNED_UNTIL_PASSED, None, last, how)

    # --- whether it went through only because of its policy ---

    def _check_pass(self, step: Step, task: Task, shadow: Plan) -> None:
        policy, strict = shadow.policy, task.confidence(shadow.policy) or 0.0
        if reaches(strict, policy.confidence_threshold):
            return
        confidence = task.confidence(step.after.policy) or 0.0
        how = f"passed with {confidence:.3f}"
        if differ(strict, confidence):
            how += f", which was {strict:.3f} by the earlier weights"
        self._let_through(step, task.id, how)

    def _check_gate(self, step: Step, event: events.TaskScored, shadow: Plan) -> None:
        if not _gate_fires(shadow, event):
            return
        fired = events.ReplanTriggered(
            at=event.at,
            task_id=event.task_id,
            rolling_confidence=shadow.rolling_confidence,
            threshold=shadow.gate.threshold(shadow.policy),
        )
        self._shadow = evolve(shadow, fired)
        if not _gate_fires(step.after, event) and not step.after.replan_due:
            how = f"went on where the earlier gate fires, at {shadow.rolling_confidence:.3f}"
            self._let_through(step, event.task_id, how)

    def _check_claim(self, step: Step, event: events.TaskStatusChanged, shadow: Plan) -> None:
        if shadow.is_held:
            self._let_through(step, event.task_id, "went on where the earlier gate holds")

    def _let_through(self, step: Step, task_id: str, how: str) -> None:
        if self._earlier is not None and not self._reported:
            self._reported = True
            text = f"{self._weaker_text()} and {how}"
            warning = Severity.WARNING
            self._report(self._earlier, self._kind, task_id, step.event_id, text, warning)

    @property
    def _kind(self) -> FindingKind:
        lowered = any(field.startswith("confidence_threshold") for field in self._weaker)
        return FindingKind.THRESHOLD_LOWERED if lowered else FindingKind.GATE_WEAKENED

    def _weaker_text(self) -> str:
        return f"was planned again under a weaker policy ({', '.join(self._weaker)})"

    def _passes(self, step: Step, event: events.PlanEvent) -> Task | None:
        """The task that passes by this event, if one does."""
        if not isinstance(event, events.TaskScored) or event.kind is not ScoreKind.OUTPUT:
            return None
        task = step.after.tasks.get(event.task_id)
        return task if task is not None and step.after.passes(task) else None

    def _is_through(self) -> bool:
        plan = self._plan
        return plan is not None and not plan.replan_due and not plan.needs_replan

    def _report(
        self,
        earlier: Failure,
        kind: FindingKind,
        task_id: str | None,
        last: str | None,
        how: str,
        severity: Severity = Severity.NOTICE,
    ) -> None:
        ids = [earlier.event_id, event_id(self._plan_id, 1), *([last] if last else [])]
        text = f"the work of plan {earlier.plan_id}, which failed, {how}"
        self._found.add(kind, severity, EventList.of(task_id, *ids), text)


def _gate_fires(plan: Plan, event: events.TaskScored) -> bool:
    """Whether the gate fires at an output score, which may have settled its task."""
    task = plan.tasks.get(event.task_id)
    passes = event.mark_done is True and task is not None and plan.passes(task)
    return plan.gate_fires(done=event.task_id if passes else None)


def weaker_fields(old: Policy, new: Policy) -> list[str]:
    """The fields in which a policy may let through more than another, as `old → new`."""
    counts = new.min_scored > 1
    weaker = {
        "confidence_threshold": new.confidence_threshold < old.confidence_threshold,
        "exit_threshold": (
            new.confidence_threshold >= old.confidence_threshold and new.reopens_at < old.reopens_at
        ),
        "min_scored": new.min_scored > old.min_scored,
        "consecutive_lows": new.consecutive_lows > old.consecutive_lows,
        "latch": new.latch and not old.latch,
        "max_replans": old.max_replans is not None
        and (new.max_replans is None or new.max_replans > old.max_replans),
        "gate": old.gate is Gate.HOLD and new.gate is Gate.ADVISE,
        "scarce_evidence": counts
        and old.scarce_evidence is ScarceEvidence.JUDGE
        and new.scarce_evidence is ScarceEvidence.WAIT,
        "out_of_range": (
            old.out_of_range is OutOfRange.REFUSE and new.out_of_range is OutOfRange.CLAMP
        ),
        "attempt_scores": (
            old.attempt_scores is AttemptScores.KEEP and new.attempt_scores is AttemptScores.RESET
        ),
        "prompt_weight": new.prompt_weight > old.prompt_weight,
        "decay": differ(new.decay, old.decay),
        "order": new.order is not old.order,
    }
    return [_changed(name, old, new) for name, is_weaker in weaker.items() if is_weaker]


def _changed(name: str, old: Policy, new: Policy) -> str:
    before, now = getattr(old, name), getattr(new, name)
    if name == "exit_threshold":
        before, now = old.reopens_at, new.reopens_at
    return f"{name} {_shown(before)} → {_shown(now)}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)
