"""Advice: what to do next with a plan, in sentences that each name a command."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ObstacleKind, PlanState, TaskStatus

_AT_MOST: Final = 5
_SETTLED: Final = {
    PlanState.DELETED: "nothing: the plan was deleted, only its history can be read",
    PlanState.ARCHIVED: "restore the plan to go on with it",
    PlanState.PAUSED: "resume the plan to hand out work again",
    PlanState.COMPLETE: "nothing is left to do",
}


def advice(plan: Plan) -> Iterator[str]:
    """What to do next, the most pressing first."""
    state = plan.state
    if state in _SETTLED:
        yield _SETTLED[state]
        return
    if plan.is_exhausted:
        yield (
            f"the replans are used up, {plan.gate.replans} without an approval: approve the gate; "
            "until then no task is handed out"
        )
    elif plan.replan_due:
        holds = "until then no task is handed out" if plan.is_held else "work may go on meanwhile"
        yield f"a replan is due: revise the plan, retry a task or approve the gate; {holds}"
    for obstacle in obstacles(plan):
        if obstacle.kind in {ObstacleKind.FAILED, ObstacleKind.REPLANNING}:
            yield f"retry, revise or drop what is {obstacle.kind}: {_named(obstacle.task_ids)}"
        elif obstacle.kind is ObstacleKind.UNMET_DEPENDENCIES:
            yield f"finish what others wait for: {_named(_awaited(plan, obstacle.task_ids))}"
    unclear = _unclear(plan)
    if unclear:
        yield (
            "low prompt scores of tasks to come keep the confidence down: say better what to do, "
            f"and score the prompt again: {_named(unclear)}"
        )
    if state is PlanState.ACTIVE:
        yield f"take the next task: {next(task.id for task in plan if plan.is_ready(task))!r}"
    held = [_held(task) for task in plan if task.status is TaskStatus.IN_PROGRESS]
    if held:
        yield f"score or release what is under way: {_listed(held)}"


def _awaited(plan: Plan, task_ids: Iterable[str]) -> list[str]:
    """The dependencies that are not done, each once, in plan order."""
    unmet = {on for task_id in task_ids for on in plan.unmet(plan.task(task_id))}
    return [task.id for task in plan if task.id in unmet]


def _unclear(plan: Plan) -> list[str]:
    """The coming tasks whose low prompt scores keep a low rolling confidence down."""
    if not plan.needs_replan:
        return []
    return [
        task.id
        for task in plan
        if task.status is not TaskStatus.DONE
        and task.output_score is None
        and task.prompt_score is not None
        and not plan.passes(task)
    ]


def _held(task: Task) -> str:
    claim = task.claim
    worker = f" by {claim.worker}" if claim and claim.worker else ""
    until = f" until {claim.until:%Y-%m-%d %H:%M:%S} UTC" if claim and claim.until else ""
    return f"{task.id!r}{worker}{until}"


def _named(task_ids: Iterable[str]) -> str:
    return _listed([repr(task_id) for task_id in task_ids])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _AT_MOST
    return ", ".join(names[:_AT_MOST]) + (f" and {more} more" if more > 0 else "")
