"""The panel "The gate": its verdict, and the answers to a replan that is due."""

import typer

from plangate.infrastructure.cli.answers import Verdict
from plangate.infrastructure.cli.exits import REPLAN
from plangate.infrastructure.cli.input.options import PlanId, RequiredReason, RevisionPath, TaskId
from plangate.infrastructure.cli.input.plan_files import read_revision_file
from plangate.infrastructure.cli.render.gauge import render_verdict
from plangate.infrastructure.cli.render.status import render_status, render_task
from plangate.infrastructure.cli.terminal import Terminal


def gate(terminal: Terminal, plan: PlanId) -> None:
    """Ask whether to go on (exit code 0) or to replan first (exit code 10)."""
    verdict = Verdict.of(terminal.registry.get_status(plan))
    terminal.answer(verdict, render_verdict)
    if verdict.verdict == "replan":
        raise typer.Exit(REPLAN)


def revise(terminal: Terminal, plan: PlanId, file: RevisionPath, *, reason: RequiredReason) -> None:
    """Apply the changes in a file, all or none; failed tasks that change start again."""
    document = read_revision_file(file)
    with document.located():
        now = terminal.registry.revise(plan, reason, document.content, **terminal.context)
    terminal.warn(*now.warnings)
    terminal.answer(now, render_status)


def retry(terminal: Terminal, plan: PlanId, task: TaskId, *, reason: RequiredReason) -> None:
    """Give a failed or replanning task another attempt."""
    now = terminal.registry.retry(plan, task, reason, **terminal.context)
    terminal.answer(now, render_task(task))


def approve(terminal: Terminal, plan: PlanId, *, reason: RequiredReason) -> None:
    """Let work go on although a replan is due."""
    terminal.answer(terminal.registry.approve(plan, reason, **terminal.context), render_status)
