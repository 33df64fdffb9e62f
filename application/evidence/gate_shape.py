"""Find gates that cannot fire, or hardly: the policy does not suit the shape of the plan."""

from collections.abc import Iterator, Mapping
from typing import Final

from plangate.application.evidence.finding import (
    EventList,
    FindingKind,
    PlanFindings,
    Severity,
)
from plangate.domain.confidence import TOLERANCE
from plangate.domain.event_ids import event_id
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScarceEvidence

_HARDLY: Final = 0.1
"""A threshold that only the worst scores stay below, and a weight that changes little."""

_COMMON: Final = 4
"""So many scored tasks are common to ask for, also in a plan that has no more tasks."""

_EXAMINED: Final = 100
"""How many of the first tasks are examined: those that most others wait for."""


def gate_shape(plan: Plan, found: PlanFindings) -> None:
    """Report why the gate of a plan, as it is now, cannot fire or hardly can."""
    for severity, why in _reasons(plan):
        shown_by = EventList.of(None, event_id(plan.plan_id, 1))
        found.add(FindingKind.GATE_CANNOT_FIRE, severity, shown_by, why)


def _reasons(plan: Plan) -> Iterator[tuple[Severity, str]]:
    policy, tasks = plan.policy, len(plan.order)
    threshold = policy.confidence_threshold
    if threshold <= TOLERANCE:
        why = "its gate cannot fire: the threshold is 0, and no confidence is below that"
        yield Severity.WARNING, why
        return
    if threshold <= _HARDLY:
        yield Severity.NOTICE, f"its gate fires only below {threshold:g}, which hardly occurs"
    if policy.output_weight < _HARDLY:
        why = (
            f"its gate hardly looks at results: output_weight is {policy.output_weight:g}, and "
            "prompt scores make up the rest"
        )
        yield Severity.NOTICE, why
    if policy.consecutive_lows > tasks:
        why = (
            f"its gate cannot fire unless tasks are scored again: {policy.consecutive_lows:,} "
            f"lows in a row are needed, and it has {tasks:,} of them"
        )
        yield Severity.NOTICE, why
    if policy.min_scored > _COMMON and policy.min_scored >= tasks:
        why = (
            f"its gate cannot fire before all of its tasks are scored: {policy.min_scored:,} "
            f"scored tasks are asked for, and there are {tasks:,}"
        )
        yield Severity.NOTICE, why
    if policy.scarce_evidence is ScarceEvidence.WAIT and policy.min_scored > 1:
        yield from _starved(plan)


def _starved(plan: Plan) -> Iterator[tuple[Severity, str]]:
    """The task whose failure keeps most others from being scored, if too few are left."""
    heirs: dict[str, list[str]] = {}
    for task in plan:
        for on in task.depends_on:
            heirs.setdefault(on, []).append(task.id)
    roots = [task.id for task in plan if not task.depends_on and task.id in heirs]
    roots = sorted(roots, key=lambda root: -len(heirs[root]))[:_EXAMINED]
    waiting = {root: _behind(root, heirs) for root in roots}
    worst = max(waiting, key=waiting.__getitem__, default=None)
    if worst is None:
        return
    needed, left = min(plan.policy.min_scored, len(plan.order)), len(plan.order) - waiting[worst]
    if left < needed:
        why = (
            f"its gate cannot fire while {worst} fails: {needed:,} scored tasks are needed, and "
            f"only {left:,} can be scored then (scarce_evidence is wait)"
        )
        yield Severity.NOTICE, why


def _behind(task_id: str, heirs: Mapping[str, list[str]]) -> int:
    """How many tasks wait for one, directly or not."""
    seen: set[str] = set()
    ahead = [task_id]
    while ahead:
        for heir in heirs.get(ahead.pop(), ()):
            if heir not in seen:
                seen.add(heir)
                ahead.append(heir)
    return len(seen)
