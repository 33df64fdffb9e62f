"""Whole stores and their views: look after them; and erase a plan's text for good."""

import sys
from pathlib import Path

import typer
from rich.text import Text

from plangate.application.operations.reports import Health
from plangate.infrastructure import bootstrap, operations
from plangate.infrastructure.cli.answers import Migration
from plangate.infrastructure.cli.exits import ANSWERED_NO, FAILED
from plangate.infrastructure.cli.input.options import PlanId, argument, flag
from plangate.infrastructure.cli.render import operations as screens
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.text import count, harmless
from plangate.infrastructure.cli.terminal import Terminal


def erase(
    terminal: Terminal, plan: PlanId, *, yes: bool = flag("--yes", "Skip the confirmation.")
) -> None:
    """Erase all text about a plan, for good; its scores and proofs stay. Takes the whole id.

    Example: plangate plan erase billing --yes
    """
    name = harmless(plan)
    if not yes:
        _confirm(f"Erase all text about {name}? This cannot be undone. [y/N] ")
    erasure = terminal.registry.erase(plan, **terminal.context)
    found = f"Erased the text in {count(erasure.rewritten, 'event')} of {name}."
    text = found if erasure.rewritten else f"There was no text left to erase in {name}."
    terminal.answer(erasure, lambda _answer, _hint: Text(text))
    if not erasure.complete:
        terminal.warn(f"some text may be left: {erasure.remains}; to finish, erase again later")
        raise typer.Exit(FAILED)


def _confirm(question: str) -> None:
    """Ask at the terminal; end with exit code 1 unless the answer is yes."""
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise typer.BadParameter("there is no answer; to erase without a question, give --yes")
    if answer.strip().lower() not in {"y", "yes"}:
        sys.stderr.write("Nothing was erased.\n")
        raise typer.Exit(ANSWERED_NO)


def migrate(terminal: Terminal) -> None:
    """Create or upgrade the tables, so the service itself needs no DDL rights.

    Example: plangate --db postgresql://localhost/plans store migrate
    """
    operations.migrate(terminal.store)
    terminal.done = "the store is ready"
    terminal.answer(Migration(), lambda _answer, _hint: Text("The store is ready."))


def doctor(terminal: Terminal) -> None:
    """Examine the store: is it complete, readable and safe? Nothing is changed.

    Example: plangate store doctor
    """
    with progress_bar(terminal.notes, "examining") as progress:
        report = operations.doctor(terminal.store, progress=progress)
    terminal.answer(report, screens.render_checkup)
    if report.health is Health.PROBLEM:
        raise typer.Exit(ANSWERED_NO)


def backup(terminal: Terminal, file: Path = argument("FILE", "The backup.")) -> None:
    """Write the whole store into a new file and verify it, while others go on working.

    Example: plangate store backup plans-2026-01-31.db
    """
    with progress_bar(terminal.notes, "backing up") as progress:
        report = operations.backup(file, terminal.store, progress=progress)
    terminal.done = "the backup was made"
    terminal.answer(report, screens.render_backup)


def restore_backup(terminal: Terminal, file: Path = argument("FILE", "The backup.")) -> None:
    """Restore a backup as a new store, or into an empty one.

    Example: plangate --db restored.db store restore plans-2026-01-31.db
    """
    with progress_bar(terminal.notes, "restoring") as progress:
        report = operations.restore_backup(file, terminal.store, progress=progress)
    terminal.done = "the store was restored"
    terminal.answer(report, screens.render_restored)


def copy(
    terminal: Terminal,
    source: str = argument("FROM", "A store that exists."),
    target: str = argument("TO", "A store; created if it does not exist."),
) -> None:
    """Copy all plans of one store into another, unchanged; run it again if it was interrupted.

    Example: plangate store copy plans.db postgresql://localhost/plans
    """
    if terminal.store is not None:
        raise typer.BadParameter("it names both stores itself; leave out --db")
    with (
        bootstrap.connect_to_existing(source) as ours,
        bootstrap.connect(target) as theirs,
        progress_bar(terminal.notes, "copying") as progress,
    ):
        report = ours.bundles.copy_to(theirs, progress=progress)
    if report.unreadable:
        events = count(report.unreadable, "event")
        terminal.warn(f"unreadable, and copied as found: {events}; see plangate store doctor")
    terminal.done = "the plans were copied"
    terminal.answer(report, screens.render_copy)
    if report.remains is not None:
        terminal.warn(f"some erased text may be left: {report.remains}; to finish, copy again")
        raise typer.Exit(FAILED)


def views_status(terminal: Terminal) -> None:
    """Show the views: rows, lag, and what they are stuck on.

    Example: plangate views status
    """
    terminal.answer(terminal.registry.views.report(), screens.render_views)


def rebuild_views(
    terminal: Terminal,
    names: list[str] | None = argument("NAME", "Only these views.", default=None),
) -> None:
    """Rebuild views from the log alone.

    Example: plangate views rebuild board
    """
    with progress_bar(terminal.notes, "rebuilding") as progress:
        terminal.registry.views.rebuild(*(names or ()), progress=progress)
    terminal.done = "the views were rebuilt"
    terminal.answer(terminal.registry.views.report(), screens.render_views)
