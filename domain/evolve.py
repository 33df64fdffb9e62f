"""How events change a plan.

`evolve` never refuses: what happened, happened. Refusing is for `decisions`.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, assert_never

from rpds import HashTrieMap

from plangate.domain import events
from plangate.domain.event_ids import version_of
from plangate.domain.gate import GateMemory
from plangate.domain.plan import Plan
from plangate.domain.recency_tree import tree_of
from plangate.domain.task import Deferral, Judgement, Task
from plangate.domain.vocabulary import ScoreKind


def fold(plan: Plan, history: Iterable[events.PlanEvent]) -> Plan:
    """The plan after all the events, in their order."""
    for event in history:
        plan = evolve(plan, event)
    return plan


def evolve(plan: Plan, event: events.PlanEvent) -> Plan:
    """The plan after one more event: first what happened, then whether the gate looks again."""
    version = plan.version + 1
    changes = _changes(plan, event, version)
    after = plan.with_changes(version=version, updated_at=event.at, **changes)
    if after.tree is None and not after.gate.tripped:
        return after
    return _reviewed(after, event) if isinstance(event, events.ScoreChange) else after


def _changes(  # noqa: C901, PLR0912  (a branch an event)
    plan: Plan, event: events.PlanEvent, version: int
) -> dict[str, Any]:
    """The fields of the plan that an event changes. The most frequent events come first."""
    match event:
        case events.TaskScored():
            score = Judgement(event.score, version, event.clamped)
            return _task(plan, event.task_id, lambda task: task.judged(event.kind, score))
        case events.TaskStatusChanged():
            return _task(plan, event.task_id, lambda task: task.moved(event, version))
        case events.PlanCreated():
            return _created(event)
        case events.ScoreRetracted():
            retracted = version_of(event.event_id)
            return _task(plan, event.task_id, lambda task: task.without(event.kind, retracted))
        case events.LeaseRenewed():
            until = event.lease_until
            return _task(plan, event.task_id, lambda task: task.renewed(event.at, until))
        case events.ReplanTriggered():
            return _task(plan, event.task_id, Task.replanned) | {
                "replan_count": plan.replan_count + 1,
                "replan_due": True,
                "due_since": plan.due_since if plan.replan_due else event.at,
                "gate": plan.gate.fired(),
            }
        case events.GateApproved():
            asked = plan.replan_due or plan.is_exhausted
            return {"replan_due": False, "due_since": None, "gate": GateMemory()} if asked else {}
        case events.PlanRevised():
            return _answered(plan)
        case events.AttemptStarted():
            scores = plan.policy.attempt_scores
            return _answered(plan) | _task(
                plan, event.task_id, lambda task: task.attempted(event.attempt, scores)
            )
        case events.TaskAdded():
            return _inserted(plan, (Task.planned(event.task),), event.before)
        case events.TaskChanged():
            return _task(plan, event.task_id, lambda task: task.changed(event))
        case events.TaskMoved():
            moved = (event.task_id,) if event.task_id in plan.tasks else ()
            return {"order": _insert(_without(plan.order, moved), moved, event.before)}
        case events.TaskDropped():
            return _succeeded(plan, event.task_id, (), "dropped")
        case events.TaskSplit():
            parts = tuple(Task.planned(part, split_from=event.task_id) for part in event.into)
            how = f"split into {', '.join(part.id for part in parts)}"
            return _succeeded(plan, event.task_id, parts, how)
        case events.TaskReplaced():
            successor = Task.planned(event.by, replaces=event.task_id)
            return _succeeded(plan, event.task_id, (successor,), f"replaced by {successor.id}")
        case events.TaskDeferred():
            deferral = Deferral(event.reason, event.until)
            return _task(plan, event.task_id, lambda task: task.waiting(deferral))
        case events.TaskUndeferred():
            return _task(plan, event.task_id, lambda task: task.waiting(None))
        case events.ScoringFailed():
            return _task(plan, event.task_id, Task.unscorable)
        case events.OutcomeRecorded():
            return {}
        case events.PlanPaused():
            return {"paused": True}
        case events.PlanResumed():
            return {"paused": False}
        case events.PlanArchived():
            return {"archived": True}
        case events.PlanRestored():
            return {"archived": False}
        case events.PlanDeleted():
            return {"deleted": True}
        case events.PlanErased():
            tasks = HashTrieMap({task.id: task.erased() for task in plan})
            erasures = plan.erasures + 1
            return {"goal": None, "metadata": {}, "tasks": tasks, "erasures": erasures}
        case _:
            assert_never(event)


def _reviewed(plan: Plan, event: events.ScoreChange) -> Plan:
    """The plan once its tree holds the changed scores and its gate has looked at them."""
    gate, tree, policy = plan.gate, plan.tree, plan.policy
    if tree is not None:
        task = plan.tasks.get(event.task_id)
        if tree.order is not plan.order:
            tree = tree_of(plan.order, plan.tasks, policy)
        elif task is not None:
            tree = tree.rescored(task, task.confidence(policy))
    if isinstance(event, events.TaskScored):
        if event.kind is ScoreKind.OUTPUT:
            gate = gate.reset() if tree is None else gate.judged(tree.rolling_confidence, policy)
    elif isinstance(event, events.ScoreRetracted):
        now = plan.rolling_confidence if tree is None else tree.rolling_confidence
        gate = gate.reviewed(now, policy)
    return plan.with_changes(gate=gate, tree=tree)


def _created(event: events.PlanCreated) -> dict[str, Any]:
    order = tuple(dict.fromkeys(task.id for task in event.tasks))
    tasks = HashTrieMap({task.id: Task.planned(task) for task in event.tasks})
    return {
        "goal": event.goal,
        "policy": event.policy,
        "metadata": event.metadata or {},
        "priority": event.priority or 0,
        "labels": event.labels or (),
        "order": order,
        "tasks": tasks,
        "tree": tree_of(order, tasks, event.policy) if event.policy.has_memory else None,
        "created_at": event.at,
    }


def _answered(plan: Plan) -> dict[str, Any]:
    """A revision or a retry answers the replan that is due, if one is."""
    if not plan.replan_due:
        return {}
    return {"replan_due": False, "due_since": None, "gate": plan.gate.reset()}


def _task(plan: Plan, task_id: str, change: Callable[[Task], Task]) -> dict[str, Any]:
    task = plan.tasks.get(task_id)
    return {} if task is None else {"tasks": plan.tasks.insert(task_id, change(task))}


def _inserted(plan: Plan, joining: tuple[Task, ...], before: str | None) -> dict[str, Any]:
    tasks, ids = plan.tasks, tuple(dict.fromkeys(task.id for task in joining))
    again = [task_id for task_id in ids if task_id in tasks]
    for task in joining:
        tasks = tasks.insert(task.id, task)
    return {"tasks": tasks, "order": _insert(_without(plan.order, again), ids, before)}


def _without(order: tuple[str, ...], ids: Collection[str]) -> tuple[str, ...]:
    return tuple(other for other in order if other not in ids) if ids else order


def _insert(order: tuple[str, ...], ids: tuple[str, ...], before: str | None) -> tuple[str, ...]:
    index = order.index(before) if before in order else len(order)
    return (*order[:index], *ids, *order[index:])


def _succeeded(plan: Plan, task_id: str, successors: tuple[Task, ...], how: str) -> dict[str, Any]:
    """A task leaves; its successors replace it in the order and in all dependencies."""
    if task_id not in plan.tasks:
        return {}
    changes = _inserted(plan, successors, task_id)
    tasks, heirs = changes["tasks"], tuple(task.id for task in successors)
    for dependant in plan.dependants(task_id):
        on = tasks[dependant].depends_on
        on = tuple(heir for other in on for heir in (heirs if other == task_id else (other,)))
        tasks = tasks.insert(dependant, tasks[dependant].depending(tuple(dict.fromkeys(on))))
    return {
        "tasks": tasks.remove(task_id),
        "order": _without(changes["order"], (task_id,)),
        "retired": plan.retired.insert(task_id, how),
    }
