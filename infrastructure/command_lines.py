"""The command lines that lead on from a plan's state, as every door shows them."""

import shlex
from collections.abc import Callable, Iterator
from typing import Final

from plangate.application.results import PlanStatus, TaskView
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import TaskStatus, Verdict

CommandLine = Callable[..., str]
"""Makes the command line of some words: `hint("next", plan_id)`."""

_BECAUSE: Final = ("--reason", "REASON")


def command_line(*words: str) -> str:
    """The command line of these words, quoted for a shell."""
    return shlex.join(["plangate", *words])


def next_steps(plan: PlanStatus, hint: CommandLine) -> Iterator[str]:
    """The command lines for each way on, in the order of the plan's advice."""
    match plan.verdict:
        case Verdict.PAUSED:
            yield hint("plan", "resume", plan.plan_id, *_BECAUSE)
        case Verdict.ARCHIVED:
            yield hint("plan", "restore", plan.plan_id, *_BECAUSE)
        case Verdict.COMPLETE | Verdict.DELETED:
            return
        case _:
            yield from _ways_on(plan, hint)


def score_hint(task: TaskView, hint: CommandLine) -> str:
    """The command line that scores a task: with its claim's token, the score left open.

    Where its result waits for another judge, so is that one's name.
    """
    token = () if task.claim is None else ("--token", str(task.claim.token))
    another = ("--scorer", "JUDGE") if task.missing_judges else ()
    return hint("score", task.plan_id, task.id, "--output", "SCORE", *another, *token)


def _ways_on(plan: PlanStatus, hint: CommandLine) -> Iterator[str]:
    if plan.replan_due:
        yield hint("revise", plan.plan_id, "FILE", *_BECAUSE)
    yield from _for_unsuccessful(plan, hint)
    if plan.replan_due or plan.gate.exhausted:
        yield hint("approve", plan.plan_id, *_BECAUSE)
    yield from _for_started(plan, hint)
    if plan.may_continue and plan.verdict is Verdict.GO:
        yield hint("next", plan.plan_id)


def _for_unsuccessful(plan: PlanStatus, hint: CommandLine) -> Iterator[str]:
    """Retry or accept what failed or is replanning."""
    failed = [task for task in plan.tasks if task.status is TaskStatus.FAILED]
    replanning = [task for task in plan.tasks if task.status is TaskStatus.REPLANNING]
    passing = [task for task in replanning if _passes(task, plan)]
    low = [task.id for task in [*replanning, *failed] if task not in passing]
    if passing:
        yield hint("approve", plan.plan_id, "--accept", "passing", *_BECAUSE)
    for task_id in low[:1]:
        yield hint("retry", plan.plan_id, task_id, *_BECAUSE)
        yield hint("approve", plan.plan_id, "--accept", task_id, *_BECAUSE)
        yield hint("task", "mark", plan.plan_id, task_id, "done", *_BECAUSE)


def _for_started(plan: PlanStatus, hint: CommandLine) -> Iterator[str]:
    """Score what is in progress; where that is all there is, also end a deferral."""
    started = [task for task in plan.tasks if task.status is TaskStatus.IN_PROGRESS]
    for task in started[:1]:
        yield score_hint(task, hint)
    deferred = [task.id for task in plan.tasks if task.deferred]
    for task_id in deferred[:1] if plan.verdict is Verdict.WAIT else ():
        yield hint("task", "undefer", plan.plan_id, task_id)


def _passes(task: TaskView, plan: PlanStatus) -> bool:
    return task.confidence is not None and reaches(task.confidence, plan.confidence_threshold)
