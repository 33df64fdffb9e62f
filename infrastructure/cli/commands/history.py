"""The panel "The past": what happened to a plan, how it was, and what makes up its confidence."""

import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import typer

from plangate.application.history.audit import AuditEntry
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.input.options import (
    PlanId,
    argument,
    flag,
    option,
    parse_point,
    parse_time,
)
from plangate.infrastructure.cli.render import history as screens
from plangate.infrastructure.cli.render.explain import render_explanation
from plangate.infrastructure.cli.render.json_stream import json_document
from plangate.infrastructure.cli.render.progress_bar import bar_beside_answer
from plangate.infrastructure.cli.render.status import render_past_status
from plangate.infrastructure.cli.render.text import count
from plangate.infrastructure.cli.terminal import Terminal

_POINT = "a version, an event id or a time"


class HistoryForm(StrEnum):
    """The forms a history can be printed in."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def history(
    terminal: Terminal,
    plan: str | None = argument("PLAN", "The plan's id.", default=None, autocompletion=plan_ids),
    *,
    all_plans: bool = flag("--all", "All plans, in the order the events were recorded."),
    task: str | None = option("--task", "ID", "Only events about this task."),
    kind: str | None = option(
        "--kind",
        "KIND",
        "Only this kind of event, by its stored name, or of score: prompt, output.",
    ),
    actor: str | None = option("--actor", "NAME", "Only what this actor asked for."),
    scorer: str | None = option(
        "--scorer", "[KIND:]NAME[@VERSION]", "Only what this scorer judged."
    ),
    since: str | None = option("--since", "TIME", "Only from this time on."),
    until: str | None = option("--until", "TIME", "Only before this time."),
    after: int = option(
        "--after", "N", "Only after this version, or position with --all.", default=0, min=0
    ),
    limit: int | None = option("--limit", "N", "Only the first N.", min=1),
    form: HistoryForm = option(
        "--format", "FORM", f"One of {', '.join(HistoryForm)}.", default=HistoryForm.TEXT
    ),
) -> None:
    """Show who did what, when and why, and what it changed: in one plan, or in all."""
    if (plan is None) is not all_plans:
        raise typer.BadParameter("name a plan, or give --all")
    begin, end = _time("--since", since), _time("--until", until)
    unreadable = 0

    def counted(entries: Iterator[AuditEntry]) -> Iterator[AuditEntry]:
        nonlocal unreadable
        for entry in entries:
            unreadable += entry.unreadable is not None
            yield entry

    on_screen = terminal.is_interactive
    with bar_beside_answer(terminal.notes, "reading events", on_screen=on_screen) as progress:
        audit = terminal.registry.history.audit(
            plan,
            task=task,
            kind=kind,
            actor=actor,
            scorer=scorer,
            since=begin,
            until=end,
            after=after if all_plans else 0,
            after_version=0 if all_plans else after,
            limit=limit,
            progress=progress,
        )
        entries = counted(audit)
        match HistoryForm.JSON if terminal.as_json else form:
            case HistoryForm.TEXT:
                for table in screens.history_tables(entries, all_plans=all_plans):
                    terminal.show(table)
            case HistoryForm.JSON:
                document = json_document("entries", entries, ensure_ascii=terminal.ascii_only)
                terminal.write(document)
            case HistoryForm.JSONL:
                terminal.write(screens.json_lines(entries, ensure_ascii=terminal.ascii_only))
            case HistoryForm.CSV:
                terminal.write(screens.csv_table(entries, on_screen=sys.stdout.isatty()))
    if unreadable:
        terminal.warn(f"{count(unreadable, 'event')} cannot be read; the history says why")


def as_of(
    terminal: Terminal,
    plan: PlanId,
    *,
    version: int | None = option("--version", "N", "After the plan's N-th event."),
    at: str | None = option(
        "--at", "TIME", "At this time, ISO 8601 with its time zone: …T12:00:00Z."
    ),
) -> None:
    """Show a plan as it was at a version or at a time."""
    if (version is None) is (at is None):
        raise typer.BadParameter("give --version or --at")
    then = terminal.registry.history.as_of(plan, version=version, at=_time("--at", at))
    terminal.answer(then, render_past_status)


def diff(
    terminal: Terminal,
    plan: PlanId,
    a: str = argument("A", f"From this point: {_POINT}."),
    b: str | None = argument("B", f"To this point: {_POINT}. Default: now.", default=None),
) -> None:
    """Show what is different in a plan between two points of its history."""
    begin, end = parse_point("A", a, plan), None if b is None else parse_point("B", b, plan)
    terminal.answer(terminal.registry.history.diff(plan, begin, end), screens.render_diff)


def explain(
    terminal: Terminal,
    plan: PlanId,
    *,
    version: int | None = option("--version", "N", "As of this version instead of now."),
    since: str | None = option(
        "--since", "POINT", f"Also what moved the confidence since this point: {_POINT}."
    ),
) -> None:
    """Show what makes up a plan's confidence, and what would flip the gate."""
    begin = None if since is None else parse_point("--since", since, plan)
    explanation = terminal.registry.history.explain(plan, version=version, since=begin)
    terminal.answer(explanation, render_explanation)


def _time(name: str, text: str | None) -> datetime | None:
    return None if text is None else parse_time(name, text)
