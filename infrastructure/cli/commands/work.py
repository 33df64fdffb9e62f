"""Work on tasks: take one, hold it, give it back, score it, record its outcome."""

from collections.abc import Iterator
from math import isnan
from typing import Any

import typer
from rich.text import Text

from plangate.application.command_context import ContextOptions
from plangate.application.results import TaskView
from plangate.domain.errors import PlangateError, PlanGone, PlanHeld
from plangate.domain.vocabulary import Outcome, ScoreKind, TaskStatus
from plangate.infrastructure.cli.answers import NextTask
from plangate.infrastructure.cli.exits import gate_code, without_task_code
from plangate.infrastructure.cli.input import score_sources as sources
from plangate.infrastructure.cli.input.completion import plan_ids, tokens
from plangate.infrastructure.cli.input.options import (
    Labels,
    Lease,
    OccurredAt,
    PlanId,
    Reason,
    RequiredReason,
    TaskId,
    Token,
    Worker,
    argument,
    flag,
    lease_of,
    option,
    parse_evidence,
    parse_scale,
    parse_scorer,
    time_of,
)
from plangate.infrastructure.cli.render.acts import render_act
from plangate.infrastructure.cli.render.status import render_claim, render_next_task, render_taken
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
    worker: Worker = None,
    lease: Lease = None,
    label: Labels = None,
    if_version: int | None = option(
        "--if-version", "N", "Only while the plan is at this version; refused otherwise.", min=1
    ),
) -> None:
    """Take the next task that is ready; exit code 0 with a task, else that of the verdict.

    Example: plangate next billing --worker agent-7 --lease 30m
    """
    if plan is not None and label:
        raise typer.BadParameter("--label chooses among all plans: leave out PLAN")
    seconds = lease_of(lease)
    plan = None if plan is None else terminal.plan(plan)
    try:
        task = terminal.registry.next_task(
            plan,
            worker=worker,
            lease=seconds,
            labels=label or (),
            **ContextOptions(**terminal.context, if_version=if_version),
        )
    except (PlanHeld, PlanGone):
        task = None  # the decision below says why
    asked = task.plan_id if task else plan
    try:
        decision = None if asked is None else terminal.registry.gate(asked)
    except PlangateError as error:
        if task is None:
            raise
        decision = None  # the task was taken all the same
        terminal.warn(f"the task was taken, but its gate could not be asked: {error}")
    if task and decision and decision.replan_due:
        terminal.warn("the gate says: replan before you go on")
    answer = NextTask(task=task, plan_id=asked, gate=decision)
    terminal.answer(answer, render_next_task, ids=_taken(task))
    if task is None:
        raise typer.Exit(without_task_code(None if decision is None else decision.verdict))


def claim(
    terminal: Terminal, plan: PlanId, task: TaskId, *, worker: Worker = None, lease: Lease = None
) -> None:
    """Take this very task; refused with the reason if it cannot be taken now.

    Example: plangate task claim billing schema --worker agent-7
    """
    plan, task = terminal.task_in(plan, task)
    taken = terminal.registry.claim_task(
        plan, task, worker=worker, lease=lease_of(lease), **terminal.context
    )
    terminal.answer(taken, render_taken, ids=_taken(taken))


def heartbeat(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    *,
    token: int = option(
        "--token", "N", "The claim's token.", default=..., min=1, autocompletion=tokens
    ),
    lease: Lease = None,
) -> None:
    """Extend a claim: by --lease, or by as long as before.

    Example: plangate task heartbeat billing schema --token 12
    """
    plan, task = terminal.task_in(plan, task)
    claimed = terminal.registry.heartbeat(
        plan, task, token, lease=lease_of(lease), **terminal.context
    )
    terminal.answer(claimed, render_claim)


def release(
    terminal: Terminal, plan: PlanId, task: TaskId, *, token: Token = None, reason: Reason = None
) -> None:
    """Give a task back undone: it is pending again.

    Example: plangate task release billing schema --token 12 --reason "needs a database"
    """
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.release(plan, task, token=token, reason=reason, **terminal.context)
    terminal.answer(now, render_act(task, full=terminal.full))


def score(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    command: sources.Command = None,
    *,
    prompt: float | None = option("--prompt", "SCORE", "How clear the instruction was, 0 to 1."),
    output: float | None = option("--output", "SCORE", "How good the result was, 0 to 1."),
    scale: str | None = option(
        "--scale",
        "LOW,HIGH",
        "The worst and the best score the judge can give, if not 0,1: as in 1,5.",
    ),
    failed: str | None = option(
        "--failed", "REASON", "No score: the judge crashed or abstained, and why."
    ),
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
    occurred_at: OccurredAt = None,
    token: Token = None,
    source: sources.FromFile = None,
    tool: sources.ToolFormat = None,
    metric: sources.Metrics = None,
    worth: sources.Worth = None,
    run: sources.Run = False,
    time_limit: sources.TimeLimit = None,
    score_json: sources.ScoreJson = False,
    gate: sources.Gate = False,
) -> None:
    """Score a task's prompt, its output, or both at once, and let the gate judge the plan.

    Example: plangate score billing schema --output 0.9 --token 12 --scorer model:judge@2

    Example: plangate score billing schema --from report.xml

    Example: plangate score billing schema --run -- pytest -q
    """
    at = time_of("--occurred-at", occurred_at)
    bare = prompt is not None and isnan(prompt)
    given = {
        "mark_done": mark_done,
        "scorer": scorer,
        "rationale": rationale,
        "evidence": evidence,
        "occurred_at": at,
        "token": token,
    }
    where = sources.ScoreSource(
        source, tool, metric or (), worth or (), run, command or (), time_limit, score_json
    )
    has_score = any(one is not None for one in (failed, output, None if bare else prompt))
    if where.is_named(has_score=has_score):
        from plangate.infrastructure.cli.commands.score_from import score_from

        kind = ScoreKind.PROMPT if bare else ScoreKind.OUTPUT
        on = None if scale is None else parse_scale(scale)
        score_from(terminal, terminal.task_in(plan, task), kind, where, on, given)
        _end_with_the_gate(terminal, plan, wanted=gate)
        return
    if bare:
        raise typer.BadParameter("--prompt needs a score, or --from, or --run")
    if failed is not None:
        if not (output is None and prompt is None):
            raise typer.BadParameter("--failed is for a judge that gave no score")
        plan, task = terminal.task_in(plan, task)
        now = terminal.registry.record_scoring_failure(
            plan, task, "output", failed, scorer=scorer, occurred_at=at, **terminal.context
        )
        terminal.answer(now, render_act(task, full=terminal.full))
        return
    if output is None and prompt is None:
        raise typer.BadParameter("give --prompt, --output or both, or --failed REASON")
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.update(
        plan,
        task,
        prompt_score=prompt,
        output_score=output,
        mark_done=mark_done,
        scorer=scorer,
        scale=None if scale is None else parse_scale(scale),
        occurred_at=at,
        rationale=rationale,
        evidence=evidence,
        token=token,
        **terminal.context,
    )
    terminal.warn(*now.warnings)
    terminal.answer(now, render_act(task, full=terminal.full))
    _end_with_the_gate(terminal, plan, wanted=gate)


def _end_with_the_gate(terminal: Terminal, plan_id: str, *, wanted: bool) -> None:
    """End with the exit code of the verdict, if that is wanted and is not 0."""
    verdict = terminal.registry.gate(terminal.plan(plan_id)).verdict if wanted else None
    if verdict is not None and (code := gate_code([verdict])):
        raise typer.Exit(code)


def retract(
    terminal: Terminal,
    plan: PlanId,
    event: str = argument("EVENT", "The score's event id, or its version: billing@7, or 7."),
    *,
    reason: RequiredReason,
) -> None:
    """Withdraw a mistaken score; the one before it counts again.

    Example: plangate task retract billing billing@7 --reason "scored the wrong task"
    """
    plan = terminal.plan(plan)
    event_id = f"{plan}@{event}" if event.isdecimal() else event
    now = terminal.registry.retract_score(plan, event_id, reason, **terminal.context)
    terminal.warn(*now.warnings)
    terminal.answer(now, render_act(f"{event_id} withdrawn", full=terminal.full))


def mark(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    status: TaskStatus = argument("STATUS", f"One of {', '.join(TaskStatus)}."),
    *,
    reason: Reason = None,
    token: Token = None,
) -> None:
    """Set a task's status by hand.

    Example: plangate task mark billing schema done --reason "reviewed by hand"
    """
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.mark_task(
        plan, task, status, reason=reason, token=token, **terminal.context
    )
    terminal.warn(*now.warnings)
    terminal.answer(now, render_act(task, full=terminal.full))


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
    occurred_at: OccurredAt = None,
) -> None:
    """Record whether a task's result was accepted or rejected; no confidence changes.

    Example: plangate task outcome billing schema accepted --source review
    """
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.record_outcome(
        plan,
        task,
        became,
        source=source,
        note=note,
        occurred_at=time_of("--occurred-at", occurred_at),
        **terminal.context,
    )
    text = harmless(f"{task}: {became}, reported by {source} ({now.plan_id}@{now.version}).")
    terminal.answer(now, lambda _answer, _hint: Text(text))


def defer(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    *,
    reason: RequiredReason,
    until: str | None = option(
        "--until", "TIME", "Until this time, as in 2h or tomorrow. Default: until undefer."
    ),
) -> None:
    """Let a pending task wait for a decision or a review: it is not handed out.

    Example: plangate task defer billing switch --reason "legal decides" --until tomorrow
    """
    end = time_of("--until", until, ahead=True)
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.defer_task(plan, task, reason, until=end, **terminal.context)
    terminal.answer(now, render_act(task, full=terminal.full))


def undefer(terminal: Terminal, plan: PlanId, task: TaskId, *, reason: Reason = None) -> None:
    """Let a deferred task be taken again.

    Example: plangate task undefer billing switch
    """
    plan, task = terminal.task_in(plan, task)
    now = terminal.registry.undefer_task(plan, task, reason=reason, **terminal.context)
    terminal.answer(now, render_act(task, full=terminal.full))


def _taken(task: TaskView | None) -> Iterator[str]:
    """The task, its plan and its token, as words of one line."""
    if task is not None:
        token = "" if task.claim is None else str(task.claim.token)
        yield f"{task.plan_id}\t{task.id}\t{token}"
