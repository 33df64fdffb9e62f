"""What leads on from a plan's state, in words.

Every line names commands by their `op`, and says nothing that does not lead on now: a
healthy plan has one line.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from plangate.domain.plan import Plan
from plangate.domain.replanning import has_unsettled_result
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.verdict import takeable, verdict
from plangate.domain.vocabulary import Verdict

_AT_MOST: Final = 5
_PUT_AWAY: Final = {
    Verdict.DELETED: "nothing: the plan was deleted, only its history can be read",
    Verdict.ARCHIVED: "restore the plan to go on with it",
    Verdict.PAUSED: "resume the plan to hand out work again",
    Verdict.COMPLETE: "nothing is left to do",
}


def advice(plan: Plan, now: datetime) -> Iterator[str]:
    """What leads on from here, the most pressing first."""
    said = verdict(plan, now)
    if said in _PUT_AWAY:
        yield _PUT_AWAY[said]
        return
    if plan.is_exhausted:
        yield (
            f"the replans are used up, {plan.gate.replans} without an approval: approve; "
            "until then no task is handed out"
        )
    elif plan.replan_due:
        held = "until then no task is handed out" if plan.is_held else "work may go on meanwhile"
        yield f"a replan is due: revise, retry or approve; {held}"
    yield from _unsuccessful(plan)
    yield from _unclear(plan)
    yield from _under_judged(plan)
    free = next(takeable(plan, now), None)
    if free is not None and not plan.is_held:
        yield f"take the next task with next_task: {free.id!r}"
    elif said is Verdict.WAIT:
        yield from _waiting(plan, now)


def _unsuccessful(plan: Plan) -> Iterator[str]:
    """What can be done about failed and replanning tasks."""
    replanning = list(plan.having(Trait.REPLANNING))
    passing = [task for task in replanning if plan.passes(task)]
    low = [
        *plan.having(Trait.FAILED),
        *(task for task in replanning if not plan.passes(task)),
    ]
    if passing:
        yield f'accept what passes by itself: approve with accept "passing": {_named(passing)}'
    if low:
        yield f"retry or revise what did not pass: {_named(low)}"
        yield f"or accept it: approve with accept, or mark_task with status done: {_named(low)}"


def _unclear(plan: Plan) -> Iterator[str]:
    """Tasks to come whose low prompt score counts in a rolling confidence that is low."""
    unclear = list(plan.having(Trait.UNCLEAR)) if plan.needs_replan else []
    if unclear:
        yield (
            "low prompt scores of tasks to come keep the confidence down: say better what to do, "
            f"and score_prompt again: {_named(unclear)}"
        )


def missing_judges(plan: Plan) -> str:
    """Which tasks wait for how many more judges, as a sentence without its end; empty if none."""
    waiting: dict[int, list[Task]] = {}
    for task in plan.having(Trait.AWAITS_JUDGES):
        waiting.setdefault(task.missing_judges, []).append(task)
    return ", ".join(
        f"{_named(tasks)} {'waits' if len(tasks) == 1 else 'wait'} for {missing} more "
        f"{'judge' if missing == 1 else 'judges'}"
        for missing, tasks in sorted(waiting.items())
    )


def _under_judged(plan: Plan) -> Iterator[str]:
    """Tasks whose output too few judges have scored."""
    waiting = list(plan.having(Trait.AWAITS_JUDGES))
    finished = [task for task in waiting if has_unsettled_result(task)]
    if waiting:
        yield f"have another judge score it, with score_output: {_named(waiting)}"
    if finished:
        yield (
            "or settle it without one: approve with accept, or mark_task with status done: "
            f"{_named(finished)}"
        )


def _waiting(plan: Plan, now: datetime) -> Iterator[str]:
    """What is in progress, and what is deferred."""
    working = plan.having(Trait.IN_PROGRESS)
    in_progress = [task for task in working if not task.awaits_judges]
    held = plan.having(Trait.DEFERRED)
    deferred = [task for task in held if task.deferred and not task.deferred.has_expired(now)]
    if in_progress:
        yield f"score or release what is in progress: {_listed(list(map(_claimed, in_progress)))}"
    if deferred:
        yield f"undefer_task what can go on: {_listed(list(map(_deferred, deferred)))}"


def _claimed(task: Task) -> str:
    claim = task.claim
    worker = f" by {claim.worker}" if claim and claim.worker else ""
    return f"{task.id!r}{worker}{_until(claim.until if claim else None)}"


def _deferred(task: Task) -> str:
    return f"{task.id!r}{_until(task.deferred.until if task.deferred else None)}"


def _until(end: datetime | None) -> str:
    return "" if end is None else f" until {end:%Y-%m-%d %H:%M:%S} UTC"


def _named(tasks: Iterable[Task]) -> str:
    return _listed([repr(task.id) for task in tasks])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _AT_MOST
    return ", ".join(names[:_AT_MOST]) + (f" and {more} more" if more > 0 else "")
