"""The panel "Work": take a task, hold it, give it back, score it, record its outcome."""

from typing import Any

import typer
from rich.text import Text

from plangate.domain.vocabulary import Outcome, TaskStatus
from plangate.infrastructure.cli.answers import NextTask
from plangate.infrastructure.cli.input.completion import plan_ids, tokens
from plangate.infrastructure.cli.input.options import (
    Labels,
    Lease,
    PlanId,
    Reason,
    TaskId,
    Token,
    argument,
    flag,
    option,
    parse_evidence,
    parse_scorer,
)
from plangate.infrastructure.cli.render.status import render_claim, render_next_task, render_task
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.cli.terminal import Terminal


def next_task(
    terminal: Terminal,
    plan: str | None = argument(
        "PLAN",
        "The plan's id; without one, the most urgent task of all plans.",
        default=None,
        autocompletion=plan_ids,
    ),
    *,
    worker: str | None = option("--worker", "NAME", "Who takes the task. Default: the actor."),
    lease: Lease = None,
    label: Labels = None,
) -> None:
    """Take the next task that is ready and mark it in progress."""
    task = terminal.registry.next_task(
        plan, worker=worker, lease=lease, labels=label or (), **terminal.context
    )
    asked = task.plan_id if task else plan
    if asked is None:
        terminal.answer(NextTask(), render_next_task)
        return
    now = terminal.registry.get_status(asked)
    if now.replan_due:
        terminal.warn("the gate says: replan before you go on")
    found = {"task": task, "advice": () if task else now.advice}
    terminal.answer(NextTask.model_validate(vars(now) | found), render_next_task)


def heartbeat(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    token: int = argument("TOKEN", "The claim's token.", min=1, autocompletion=tokens),
    *,
    lease: Lease = None,
) -> None:
    """Extend a claim: by --lease seconds, or by as long as before."""
    claimed = terminal.registry.heartbeat(plan, task, token, lease=lease, **terminal.context)
    terminal.answer(claimed, render_claim)


def release(
    terminal: Terminal, plan: PlanId, task: TaskId, *, token: Token = None, reason: Reason = None
) -> None:
    """Give a task back undone: it is pending again."""
    now = terminal.registry.release(plan, task, token=token, reason=reason, **terminal.context)
    terminal.answer(now, render_task(task))


def score(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    *,
    prompt: float | None = option("--prompt", "SCORE", "How clear the instruction was, 0 to 1."),
    output: float | None = option("--output", "SCORE", "How good the result was, 0 to 1."),
    mark_done: bool = flag(
        "--mark-done/--no-mark-done",
        "Whether an output score also sets the task's status: done or failed.",
        default=True,
    ),
    scorer: dict[str, str] | None = option(
        "--scorer",
        "KIND:NAME[@VERSION]",
        "Who judged: human, model or code, and its name, as in model:judge@2.",
        parser=parse_scorer,
    ),
    rationale: str | None = option("--rationale", "TEXT", "Why this score."),
    evidence: dict[str, Any] | None = option(
        "--evidence", "JSON", "What the score is based on: a JSON object.", parser=parse_evidence
    ),
    token: Token = None,
) -> None:
    """Score a task's prompt, its output, or both at once, and let the gate judge the plan."""
    if output is None and prompt is None:
        raise typer.BadParameter("give --prompt, --output or both")
    now = terminal.registry.update(
        plan,
        task,
        prompt_score=prompt,
        output_score=output,
        mark_done=mark_done,
        scorer=scorer,
        rationale=rationale,
        evidence=evidence,
        token=token,
        **terminal.context,
    )
    terminal.warn(*now.warnings)
    terminal.answer(now, render_task(task))


def mark(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    status: TaskStatus = argument("STATUS", f"One of {', '.join(TaskStatus)}."),
    *,
    reason: Reason = None,
    token: Token = None,
) -> None:
    """Set a task's status by hand."""
    now = terminal.registry.mark_task(
        plan, task, status, reason=reason, token=token, **terminal.context
    )
    terminal.answer(now, render_task(task))


def outcome(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    became: Outcome = argument("OUTCOME", f"One of {', '.join(Outcome)}."),
    *,
    source: str = option(
        "--source", "NAME", "Who reports it: ci, review, customer, …", default=...
    ),
    note: str | None = option("--note", "TEXT", "What is known about it."),
) -> None:
    """Record whether a task's result was accepted or rejected; no confidence changes."""
    now = terminal.registry.record_outcome(
        plan, task, became, source=source, note=note, **terminal.context
    )
    text = harmless(f"{task}: {became}, reported by {source} ({now.plan_id}@{now.version}).")
    terminal.answer(now, lambda _answer, _hint: Text(text))
