"""What a plan keeps about its tasks, against a pass over all of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from plangate.domain.confidence import reaches, rolling_confidence
from plangate.domain.dependants import Dependants
from plangate.domain.event_ids import event_id
from plangate.domain.plan import Plan
from plangate.domain.recency_tree import tree_of
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait, TraitTree
from plangate.domain.verdict import changes_at, is_takeable, takeable
from plangate.domain.vocabulary import PlanState, Recency, ScarceEvidence, ScoreKind, TaskStatus
from tests.support.examples import MORNING, NOON

NEVER = datetime.max.replace(tzinfo=UTC)
TIMES = [MORNING - timedelta(hours=1), MORNING, NOON, NOON + timedelta(days=999)]


def look(plan: Plan) -> Plan:
    """The plan, once it keeps all that it can keep."""
    assert plan.confidences.order is plan.order
    assert plan.traits.order is plan.order
    assert isinstance(plan.dependencies, Dependants)
    assert plan.scored_at is not None
    return plan


# --- by a pass over all tasks ---


def is_met(plan: Plan, task: Task) -> bool:
    return all(
        on in plan.tasks and plan.tasks[on].status is TaskStatus.DONE for on in task.depends_on
    )


def ready(plan: Plan, task: Task) -> bool:
    return task.status is TaskStatus.PENDING and task.deferred is None and is_met(plan, task)


def unclear(plan: Plan, task: Task) -> bool:
    done = task.status is TaskStatus.DONE
    confidence = task.confidence(plan.policy)
    if done or task.output_score is not None or confidence is None:
        return False
    return not reaches(confidence, plan.policy.confidence_threshold)


def scorable(plan: Plan, task: Task) -> bool:
    unscored = task.confidence(plan.policy) is None
    return unscored and (task.status is TaskStatus.IN_PROGRESS or ready(plan, task))


DEFINED: dict[Trait, Callable[[Plan, Task], bool]] = {
    Trait.PENDING: lambda _, task: task.status is TaskStatus.PENDING,
    Trait.IN_PROGRESS: lambda _, task: task.status is TaskStatus.IN_PROGRESS,
    Trait.DONE: lambda _, task: task.status is TaskStatus.DONE,
    Trait.FAILED: lambda _, task: task.status is TaskStatus.FAILED,
    Trait.REPLANNING: lambda _, task: task.status is TaskStatus.REPLANNING,
    Trait.READY: ready,
    Trait.UNMET: lambda plan, task: task.status is TaskStatus.PENDING and not is_met(plan, task),
    Trait.DEFERRED: lambda _, task: task.deferred is not None,
    Trait.SCORED: lambda plan, task: task.confidence(plan.policy) is not None,
    Trait.SCORABLE: scorable,
    Trait.SCORING_FAILED: lambda _, task: task.scoring_failed,
    Trait.DONE_UNSCORED: lambda _, task: (
        task.status is TaskStatus.DONE and task.output_score is None
    ),
    Trait.UNCLEAR: unclear,
    Trait.AWAITS_JUDGES: lambda _, task: (
        task.missing_judges > 0 and task.status is not TaskStatus.DONE
    ),
    Trait.CLAIMABLE: lambda plan, task: may_be_taken(plan, task, NEVER),
    Trait.PRIORITISED: lambda plan, task: (
        task.priority is not None and may_be_taken(plan, task, NEVER)
    ),
}


def may_be_taken(plan: Plan, task: Task, now: datetime) -> bool:
    if task.status is TaskStatus.IN_PROGRESS:
        free = task.claim is not None and task.claim.has_expired(now)
    else:
        waits = task.deferred is not None and not task.deferred.has_expired(now)
        free = task.status is TaskStatus.PENDING and not waits
    return free and is_met(plan, task)


def has_ended(task: Task, now: datetime) -> bool:
    held = task.status is TaskStatus.IN_PROGRESS and task.claim
    deferred = task.deferred
    return bool((held and held.has_expired(now)) or (deferred and deferred.has_expired(now)))


def ends(task: Task) -> Iterator[datetime]:
    until = task.deferred.until if task.deferred else None
    if task.status is TaskStatus.IN_PROGRESS:
        until = task.claim.until if task.claim else None
    if until is not None:
        yield until


def state(plan: Plan) -> PlanState:
    if all(task.status is TaskStatus.DONE for task in plan):
        return PlanState.COMPLETE
    if not plan.is_held and any(ready(plan, task) for task in plan):
        return PlanState.ACTIVE
    if any(task.status is TaskStatus.IN_PROGRESS or task.deferred for task in plan):
        return PlanState.WAITING
    return PlanState.BLOCKED


def has_evidence(plan: Plan, done: str | None) -> bool:
    needed = min(plan.policy.min_scored, len(plan.order))
    if needed <= 1 or sum(task.confidence(plan.policy) is not None for task in plan) >= needed:
        return True

    def can_be_scored(task: Task) -> bool:
        if task.confidence(plan.policy) is not None:
            return False
        pending = task.status is TaskStatus.PENDING and task.deferred is None
        open_to_work = pending and set(plan.unmet(task)) <= {done}
        return task.status is TaskStatus.IN_PROGRESS or open_to_work

    judged = plan.policy.scarce_evidence is ScarceEvidence.JUDGE
    return judged and not any(map(can_be_scored, plan))


def score_named(plan: Plan, name: str) -> tuple[Task, ScoreKind] | None:
    for task in plan:
        for kind in ScoreKind:
            if any(event_id(plan.plan_id, g.version) == name for g in task.judgements(kind)):
                return task, kind
    return None


def agrees(plan: Plan) -> None:
    """Everything that is kept, against a pass over the tasks."""
    assert set(plan.tasks) == set(plan.order)
    assert plan.traits.root == TraitTree.of(plan.order, plan.tasks, plan.policy).root
    for trait, has in DEFINED.items():
        expected = [task.id for task in plan if has(plan, task)]
        assert (list(plan.traits.having(trait)), trait) == (expected, trait)
        assert plan.traits.count(trait) == len(expected)
    assert plan.traits.count(Trait.CLAMPED) == sum(g.clamped for t in plan for g in t.counting)
    for now in TIMES:
        assert list(takeable(plan, now)) == [t for t in plan if may_be_taken(plan, t, now)]
        assert all(is_takeable(plan, t, now) is may_be_taken(plan, t, now) for t in plan)
        assert [*plan.traits.ended_at(now)] == [t.id for t in plan if has_ended(t, now)]
        later = [end for task in plan for end in ends(task) if end > now]
        assert changes_at(plan, now) == min(later, default=None)
    if not (plan.deleted or plan.archived or plan.paused):
        assert plan.state is state(plan)
    for done in (None, *plan.order):
        assert plan.has_evidence(done) is has_evidence(plan, done)
    for task_id in (*plan.order, "unknown"):
        waiting = tuple(task.id for task in plan if task_id in task.depends_on)
        assert plan.dependants(task_id) == waiting
    for version in range(plan.version + 1):
        name = event_id(plan.plan_id, version)
        assert plan.find_score(name) == score_named(plan, name)
    assert confidences_agree(plan)


def confidences_agree(plan: Plan) -> bool:
    grown = tree_of(plan.order, plan.tasks, plan.policy)
    if plan.policy.order is Recency.PLAN:
        assert plan.confidences.root == grown.root
    assert plan.rolling_confidence == grown.rolling_confidence
    defined = rolling_confidence((c for _, c in plan.scored()), plan.policy.decay)
    return plan.rolling_confidence == pytest.approx(defined, abs=1e-12)
