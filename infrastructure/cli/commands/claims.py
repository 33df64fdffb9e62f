"""The commands of those who do the work: take a task, hold it, give it back."""

from typing import Annotated

import typer

from plangate.infrastructure.cli.answers import NextTask
from plangate.infrastructure.cli.input.completion import plan_ids, tokens
from plangate.infrastructure.cli.input.options import (
    Labels,
    Lease,
    PlanId,
    Reason,
    TaskId,
    TokenOption,
)
from plangate.infrastructure.cli.render import status as show
from plangate.infrastructure.cli.terminal import Terminal

Worker = Annotated[
    str | None,
    typer.Option("--worker", metavar="NAME", help="Who takes it; otherwise the actor."),
]


def next_task(
    terminal: Terminal,
    plan: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLAN]",
            help="The plan's id; without one, the most urgent task of all plans.",
            autocompletion=plan_ids,
        ),
    ] = None,
    *,
    worker: Worker = None,
    lease: Lease = None,
    label: Labels = None,
) -> None:
    """Take the next task that is ready and mark it in progress."""
    task = terminal.registry.next_task(
        plan, worker=worker, lease=lease, labels=label or (), **terminal.call
    )
    asked = task.plan_id if task else plan
    if asked is None:
        terminal.answer(NextTask(), show.next_task)
        return
    now = terminal.registry.get_status(asked)
    if now.replan_due:
        terminal.warn("the gate says: replan before you go on")
    answer = NextTask(
        task=task,
        plan_id=asked,
        state=now.state,
        needs_replan=now.needs_replan,
        replan_due=now.replan_due,
        advice=() if task else now.advice,
    )
    terminal.answer(answer, show.next_task)


def heartbeat(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    token: Annotated[
        int,
        typer.Argument(metavar="TOKEN", min=1, help="The claim's token.", autocompletion=tokens),
    ],
    *,
    lease: Lease = None,
) -> None:
    """Hold a claim for longer: for --lease seconds, or for as long as before."""
    held = terminal.registry.heartbeat(plan, task, token, lease=lease, **terminal.call)
    terminal.answer(held, show.claim)


def release(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    *,
    token: TokenOption = None,
    reason: Reason = None,
) -> None:
    """Give a task back undone: it is pending again."""
    now = terminal.registry.release(plan, task, token=token, reason=reason, **terminal.call)
    terminal.answer(now, lambda plan, hint: show.task_of(plan, task, hint))
