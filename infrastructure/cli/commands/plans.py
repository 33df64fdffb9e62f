"""The commands on one plan, or on all of them: ask the registry, tell the answer."""

from typing import Annotated, Any

import typer

from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.cli.answers import Deletion, Migration, Verdict
from plangate.infrastructure.cli.exits import REPLAN
from plangate.infrastructure.cli.input.options import (
    Labels,
    PlanId,
    PlanPath,
    Reason,
    TaskId,
    TokenOption,
    evidence,
    scorer,
)
from plangate.infrastructure.cli.input.plan_files import read_plan_file
from plangate.infrastructure.cli.render import status as show
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.terminal import Terminal


def create(
    terminal: Terminal,
    file: PlanPath,
    *,
    preset: Annotated[
        Preset | None,
        typer.Option(
            "--policy",
            metavar="PRESET",
            help=f"The rules, where the file has none: {' or '.join(Preset)}.",
        ),
    ] = None,
) -> None:
    """Register the plan in a file."""
    plan_file = read_plan_file(file)
    draft = plan_file.draft
    with plan_file.placed():
        if preset and draft.policy:
            raise InvalidInput([Problem("policy", "the file has its own; leave out --policy")])
        plan = terminal.registry.create(
            draft.goal,
            draft.tasks,
            confidence_threshold=draft.confidence_threshold,
            policy=preset or draft.policy,
            plan_id=draft.plan_id,
            priority=draft.priority,
            labels=draft.labels,
            metadata=draft.metadata,
            **terminal.call,
        )
    terminal.answer(plan, show.status)


def list_plans(
    terminal: Terminal,
    *,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the N oldest.")
    ] = None,
    state: Annotated[
        PlanState | None,
        typer.Option("--state", metavar="STATE", help=f"Only those {', '.join(PlanState)}."),
    ] = None,
    needs_replan: Annotated[
        bool | None,
        typer.Option(
            "--needs-replan/--no-needs-replan",
            help="Only those whose confidence is below the threshold, or only the others.",
        ),
    ] = None,
    label: Labels = None,
) -> None:
    """List the plans, oldest first."""
    listed = terminal.registry.list_plans(
        limit=limit, state=state, needs_replan=needs_replan, labels=label or ()
    )
    for unreadable in listed.unreadable:
        terminal.warn(
            f"the plan {unreadable.plan_id} cannot be shown: "
            f"event {unreadable.plan_id}@{unreadable.version} cannot be read: {unreadable.why}"
        )
    terminal.answer(listed, show.plans)


def status(terminal: Terminal, plan: PlanId) -> None:
    """Show how a plan stands: tasks, confidence, and what to do next."""
    terminal.answer(terminal.registry.get_status(plan), show.status)


def score(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    *,
    prompt: Annotated[
        float | None,
        typer.Option("--prompt", metavar="SCORE", help="How clear the instruction was, 0 to 1."),
    ] = None,
    output: Annotated[
        float | None,
        typer.Option("--output", metavar="SCORE", help="How good the result was, 0 to 1."),
    ] = None,
    mark_done: Annotated[
        bool,
        typer.Option(
            "--mark-done/--no-mark-done",
            help="Whether an output score also settles the task: done or failed.",
        ),
    ] = True,
    judge: Annotated[
        dict[str, str] | None,
        typer.Option(
            "--scorer",
            metavar="KIND:NAME[@VERSION]",
            parser=scorer,
            help="Who judged: human, model or code, and its name, as in model:judge@2.",
        ),
    ] = None,
    rationale: Annotated[
        str | None, typer.Option("--rationale", metavar="TEXT", help="Why this score.")
    ] = None,
    evidence: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--evidence",
            metavar="JSON",
            parser=evidence,
            help="What the score rests on: a JSON object.",
        ),
    ] = None,
    token: TokenOption = None,
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
        scorer=judge,
        rationale=rationale,
        evidence=evidence,
        token=token,
        **terminal.call,
    )
    terminal.warn(*now.warnings)
    terminal.answer(now, lambda plan, hint: show.task_of(plan, task, hint))


def mark(
    terminal: Terminal,
    plan: PlanId,
    task: TaskId,
    status: Annotated[
        TaskStatus, typer.Argument(metavar="STATUS", help=f"One of {', '.join(TaskStatus)}.")
    ],
    *,
    reason: Reason = None,
    token: TokenOption = None,
) -> None:
    """Set a task's status by hand."""
    now = terminal.registry.mark_task(
        plan, task, status, reason=reason, token=token, **terminal.call
    )
    terminal.answer(now, lambda plan, hint: show.task_of(plan, task, hint))


def delete(terminal: Terminal, plan: PlanId, *, reason: Reason = None) -> None:
    """Take a plan out of the views; its history stays."""
    deleted = terminal.registry.delete(plan, reason=reason, **terminal.call)
    terminal.answer(Deletion(plan_id=plan, deleted=deleted), show.deletion)


def graph(
    terminal: Terminal,
    plan: PlanId,
    *,
    form: Annotated[
        GraphForm,
        typer.Option("--format", metavar="FORM", help="text, or mermaid or dot for drawing."),
    ] = GraphForm.TEXT,
) -> None:
    """Show what waits for what: the order, what is ready, the longest chain."""
    terminal.answer(terminal.registry.graph(plan), form.shown)


def migrate(terminal: Terminal) -> None:
    """Make or upgrade the store's tables, so that who uses it needs no right to."""
    terminal.migrate()
    terminal.answer(Migration(), show.migration)


def gate(terminal: Terminal, plan: PlanId) -> None:
    """Ask whether to go on (exit code 0) or to replan first (exit code 10)."""
    verdict = Verdict.on(terminal.registry.get_status(plan))
    terminal.answer(verdict, show.verdict)
    if verdict.verdict == "replan":
        raise typer.Exit(REPLAN)
