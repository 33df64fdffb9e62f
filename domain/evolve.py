"""How events change a plan: a rule for each.

`evolve` never refuses: what happened, happened. Refusing is for `decisions`. An event about
a task that is not in the plan changes nothing about it.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, assert_never

from plangate.domain import events, task_changes
from plangate.domain.event_ids import version_of
from plangate.domain.gate import GateMemory
from plangate.domain.judging import Judgement, judge_key
from plangate.domain.plan import Plan
from plangate.domain.plan_draft import PlanDraft
from plangate.domain.recency_tree import tree_of
from plangate.domain.task import Deferral, Task
from plangate.domain.values import named
from plangate.domain.vocabulary import ScoreKind

_Rule = Callable[[PlanDraft, Any], None]

_OUTPUT: Final = ScoreKind.OUTPUT
"""Python 3.11 takes as long to look a member up as for the rest of a comparison."""


def fold(plan: Plan, history: Iterable[events.PlanEvent]) -> Plan:
    """The plan after all the events, in their order."""
    draft = PlanDraft(plan)
    for event in history:
        apply(draft, event)
    return draft.frozen()


def evolve(plan: Plan, event: events.PlanEvent) -> Plan:
    """The plan after one more event."""
    draft = PlanDraft(plan)
    apply(draft, event)
    return draft.frozen()


def apply(draft: PlanDraft, event: events.PlanEvent) -> None:
    """Change a draft as one more event says."""
    kind = type(event)
    rule = _RULES.get(kind)
    if rule is None:
        rule = _RULES[kind] = _rule(event)
    fields = draft.fields
    fields["version"] += 1
    fields["updated_at"] = event.at
    rule(draft, event)


def stands_for(other: type, event: type[events.Fact]) -> None:
    """Let another class with an event's fields be applied as that event."""
    without_fields: Any = event.__new__(event)
    _RULES[other] = _rule(without_fields)


_RULES: dict[type, _Rule] = {}
"""The answers of `_rule`, which compares an event with one class after the other."""


def _rule(event: events.PlanEvent) -> _Rule:  # noqa: C901, PLR0912  (a branch an event)
    match event:
        case events.PlanCreated():
            return _created
        case events.TaskScored():
            return _scored
        case events.TaskStatusChanged():
            return _moved
        case events.ScoreRetracted():
            return _retracted
        case events.LeaseRenewed():
            return _renewed
        case events.ReplanTriggered():
            return _fired
        case events.GateApproved():
            return _approved
        case events.PlanRevised():
            return _revised
        case events.AttemptStarted():
            return _attempted
        case events.TaskAdded():
            return _added
        case events.TaskChanged():
            return _changed
        case events.TaskMoved():
            return _reordered
        case events.TaskDropped():
            return _dropped
        case events.TaskSplit():
            return _split
        case events.TaskReplaced():
            return _replaced
        case events.TaskDeferred():
            return _deferred
        case events.TaskUndeferred():
            return _undeferred
        case events.ScoringFailed():
            return _unscorable
        case events.OutcomeRecorded():
            return _unchanged
        case events.PlanPaused():
            return lambda draft, _: draft.set(paused=True)
        case events.PlanResumed():
            return lambda draft, _: draft.set(paused=False)
        case events.PlanArchived():
            return lambda draft, _: draft.set(archived=True)
        case events.PlanRestored():
            return lambda draft, _: draft.set(archived=False)
        case events.PlanDeleted():
            return lambda draft, _: draft.set(deleted=True)
        case events.PlanErased():
            return _erased
        case _:
            assert_never(event)


# --- scores and the gate ---


def _scored(draft: PlanDraft, event: events.TaskScored) -> None:
    task, fields = draft.opened(event.task_id), draft.fields
    panel = fields["panel"]
    if task is not None:
        clamped = events.is_clamped(event.raw_score, event.scale)
        judge = None if panel is None else judge_key(event.scorer)
        judgement = named(Judgement, (event.score, fields["version"], clamped, judge))
        task_changes.add_judgement(task, event.kind, judgement, panel)
        draft.scored(event.task_id)
    if event.kind is _OUTPUT:
        if panel is not None and task is not None and task["output_judgements"].missing:
            if event.mark_done:
                task_changes.end_lease(task)
            return
        if fields["tree"] is not None:
            draft.review(GateMemory.judged)
        elif fields["gate"].tripped:
            fields["gate"] = fields["gate"].reset()


def _retracted(draft: PlanDraft, event: events.ScoreRetracted) -> None:
    task, plan = draft.opened(event.task_id), draft.plan
    if task is not None:
        version = version_of(event.event_id)
        task_changes.retract(task, event.kind, version, plan.panel)
        draft.rescored(event.task_id)
    if plan.tree is not None or plan.gate.tripped:
        draft.review(GateMemory.reviewed)


def _attempted(draft: PlanDraft, event: events.AttemptStarted) -> None:
    _answer(draft)
    task = draft.opened(event.task_id)
    if task is not None:
        task_changes.attempt(task, event.attempt, draft.plan.policy.attempt_scores)
        draft.rescored(event.task_id)


def _unscorable(draft: PlanDraft, event: events.ScoringFailed) -> None:
    _change(draft, event.task_id, task_changes.fail_scoring)


def _fired(draft: PlanDraft, event: events.ReplanTriggered) -> None:
    task, fields = draft.opened(event.task_id), draft.fields
    if task is not None:
        task_changes.count_replan(task)
    if not fields["replan_due"]:
        fields["replan_due"], fields["due_since"] = True, event.at
    fields["replan_count"] += 1
    fields["gate"] = fields["gate"].fired()


def _approved(draft: PlanDraft, _: events.GateApproved) -> None:
    if draft.plan.replan_due or draft.plan.is_exhausted:
        draft.set(replan_due=False, due_since=None, gate=GateMemory())


def _revised(draft: PlanDraft, _: events.PlanRevised) -> None:
    _answer(draft)


def _answer(draft: PlanDraft) -> None:
    """A revision or a retry answers the replan that is due, if one is."""
    if draft.plan.replan_due:
        draft.set(replan_due=False, due_since=None, gate=draft.plan.gate.reset())


# --- work on a task ---


def _moved(draft: PlanDraft, event: events.TaskStatusChanged) -> None:
    task = draft.opened(event.task_id)
    if task is not None:
        task_changes.move(task, event, draft.fields["version"])


def _renewed(draft: PlanDraft, event: events.LeaseRenewed) -> None:
    _change(draft, event.task_id, task_changes.renew, event.at, event.lease_until)


def _deferred(draft: PlanDraft, event: events.TaskDeferred) -> None:
    _change(draft, event.task_id, task_changes.defer, Deferral(event.reason, event.until))


def _undeferred(draft: PlanDraft, event: events.TaskUndeferred) -> None:
    _change(draft, event.task_id, task_changes.defer, None)


def _changed(draft: PlanDraft, event: events.TaskChanged) -> None:
    _change(draft, event.task_id, task_changes.change, event)


def _change(
    draft: PlanDraft, task_id: str, change: Callable[..., None], *arguments: object
) -> None:
    task = draft.opened(task_id)
    if task is not None:
        change(task, *arguments)


# --- the plan and its structure ---


def _created(draft: PlanDraft, event: events.PlanCreated) -> None:
    tasks = {task.id: Task.planned(task) for task in event.tasks}
    order = tuple(tasks)
    draft.restart(
        tasks,
        goal=event.goal,
        policy=event.policy,
        metadata=event.metadata or {},
        priority=event.priority or 0,
        labels=event.labels or (),
        order=order,
        panel=event.policy.panel,
        tree=tree_of(order, tasks, event.policy) if event.policy.has_memory else None,
        created_at=event.at,
    )


def _erased(draft: PlanDraft, _: events.PlanErased) -> None:
    for task_id in draft.plan.order:
        _change(draft, task_id, task_changes.erase)
    draft.set(goal=None, metadata={}, erasures=draft.plan.erasures + 1)


def _unchanged(_draft: PlanDraft, _: events.OutcomeRecorded) -> None:
    """What became of a result is for the evidence, not for the plan."""


def _added(draft: PlanDraft, event: events.TaskAdded) -> None:
    _insert(draft, (Task.planned(event.task),), event.before)


def _reordered(draft: PlanDraft, event: events.TaskMoved) -> None:
    if draft.task(event.task_id) is not None:
        others = _without(draft.plan.order, (event.task_id,))
        draft.reorder(_with(others, (event.task_id,), event.before))


def _dropped(draft: PlanDraft, event: events.TaskDropped) -> None:
    _succeed(draft, event.task_id, (), "dropped")


def _split(draft: PlanDraft, event: events.TaskSplit) -> None:
    parts = tuple(Task.planned(part, split_from=event.task_id) for part in event.into)
    how = f"split into {', '.join(part.id for part in parts)}"
    _succeed(draft, event.task_id, parts, how)


def _replaced(draft: PlanDraft, event: events.TaskReplaced) -> None:
    successor = Task.planned(event.by, replaces=event.task_id)
    _succeed(draft, event.task_id, (successor,), f"replaced by {successor.id}")


def _succeed(draft: PlanDraft, task_id: str, successors: tuple[Task, ...], how: str) -> None:
    """A task leaves; its successors replace it in the order and in all dependencies."""
    if draft.task(task_id) is None:
        return
    dependants = draft.settled().dependencies.of.get(task_id, ())
    _insert(draft, successors, task_id)
    heirs = tuple(task.id for task in successors)
    for dependant in dependants:
        _change(draft, dependant, task_changes.inherit, task_id, heirs)
    draft.remove(task_id)
    draft.reorder(_without(draft.plan.order, (task_id,)))
    draft.set(retired=draft.plan.retired.insert(task_id, how))


def _insert(draft: PlanDraft, joining: tuple[Task, ...], before: str | None) -> None:
    ids = tuple(dict.fromkeys(task.id for task in joining))
    again = [task_id for task_id in ids if draft.task(task_id) is not None]
    draft.reorder(_with(_without(draft.plan.order, again), ids, before))
    for task in joining:
        draft.put(task)


def _without(order: tuple[str, ...], ids: Collection[str]) -> tuple[str, ...]:
    return tuple(other for other in order if other not in ids) if ids else order


def _with(order: tuple[str, ...], ids: tuple[str, ...], before: str | None) -> tuple[str, ...]:
    index = order.index(before) if before in order else len(order)
    return (*order[:index], *ids, *order[index:])
