"""The panel "The past": what happened to a plan, how it was, and what makes up its confidence."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

import typer

from plangate.application.errors import UnreadableEvent
from plangate.application.history.audit import AuditEntry, names_of
from plangate.application.near_matches import did_you_mean, near_matches
from plangate.domain.events import touches
from plangate.infrastructure.cli.input.completion import event_kinds, plan_ids
from plangate.infrastructure.cli.input.options import (
    PlanId,
    argument,
    flag,
    option,
    parse_point,
    time_of,
)
from plangate.infrastructure.cli.render import history as screens
from plangate.infrastructure.cli.render.explain import render_explanation
from plangate.infrastructure.cli.render.json_stream import json_document
from plangate.infrastructure.cli.render.progress_bar import bar_beside_answer
from plangate.infrastructure.cli.render.status import render_past_status
from plangate.infrastructure.cli.render.text import count
from plangate.infrastructure.cli.terminal import Terminal

_ON_A_SCREEN: Final = 1_000
_WIDER: Final = 8
_LOOKED_AT: Final = 20_000
"""How many of the newest events of all plans are searched for what an unknown name may mean."""
_POINT = "a version, an event id or a time"


class HistoryForm(StrEnum):
    """The forms a history can be printed in."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def history(  # noqa: C901  (a branch a form)
    terminal: Terminal,
    plan: str | None = argument("PLAN", "The plan's id.", default=None, autocompletion=plan_ids),
    *,
    all_plans: bool = flag("--all", "All plans, in the order the events were recorded."),
    task: str | None = option("--task", "ID", "Only events about this task."),
    kind: str | None = option(
        "--kind",
        "KIND",
        "Only this kind of event, by its stored name, or of score: prompt, output.",
        autocompletion=event_kinds,
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
    limit: int | None = option(
        "-n", "N", f"Only the newest N. Default: {_ON_A_SCREEN} on a screen, else all.", min=1
    ),
    form: HistoryForm = option(
        "--format", "FORM", f"One of {', '.join(HistoryForm)}.", default=HistoryForm.TEXT
    ),
) -> None:
    """Show who did what, when and why, and what it changed: in one plan, or in all.

    Example: plangate history billing --since yesterday -n 20
    """
    if (plan is None) is not all_plans:
        raise typer.BadParameter("name a plan, or give --all")
    begin, end = time_of("--since", since), time_of("--until", until)
    plan = None if plan is None else terminal.plan(plan)
    shown = unreadable = 0

    def counted(entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        nonlocal shown, unreadable
        for entry in entries:
            shown += 1
            unreadable += entry.unreadable is not None
            yield entry

    chosen = HistoryForm.JSON if terminal.as_json else form
    on_screen = terminal.is_interactive
    if limit is None and on_screen and chosen is HistoryForm.TEXT:
        limit = _ON_A_SCREEN
    with bar_beside_answer(terminal.notes, "reading events", on_screen=on_screen) as progress:
        named = {"task": task, "actor": actor, "scorer": scorer}
        filters: dict[str, Any] = {
            **named,
            "kind": kind,
            "since": begin,
            "until": end,
            "progress": progress,
        }

        def read(point: int) -> Iterator[AuditEntry]:
            filters["after" if all_plans else "after_version"] = max(point, after)
            return terminal.registry.history.audit(plan, **filters)

        found = read(0) if limit is None else _newest(read, _last(terminal, plan), limit)
        entries = counted(found)
        match chosen:
            case HistoryForm.TEXT:
                with terminal.paged():
                    for table in screens.history_tables(entries, all_plans=all_plans):
                        terminal.show(table)
            case HistoryForm.JSON:
                document = json_document("entries", entries, ensure_ascii=terminal.ascii_only)
                terminal.write(document)
            case HistoryForm.JSONL:
                terminal.write(screens.json_lines(entries, ensure_ascii=terminal.ascii_only))
            case HistoryForm.CSV:
                terminal.write(screens.csv_table(entries, on_screen=sys.stdout.isatty()))
    if not shown:
        terminal.warn(*_unknown(terminal, plan, named))
    if unreadable:
        terminal.warn(f"{count(unreadable, 'event')} cannot be read; the history says why")


def _unknown(
    terminal: Terminal, plan: str | None, named: Mapping[str, str | None]
) -> Iterator[str]:
    """Each filter that names nothing that there is, with what resembles it."""
    given = {name: value for name, value in named.items() if value is not None}
    if not given:
        return
    known: dict[str, set[str]] = {name: set() for name in named}
    after = max(_last(terminal, None) - _LOOKED_AT, 0) if plan is None else 0
    for entry in terminal.registry.history.audit(plan, after=after):
        known["task"].update(touches(entry.event).task_ids if entry.event is not None else ())
        known["actor"].update([entry.actor] if entry.actor else ())
        if entry.scorer is not None:
            known["scorer"].update(names_of(entry.scorer))
    for name, value in given.items():
        if value not in known[name]:
            meant = did_you_mean(near_matches(value, sorted(known[name])))
            yield f"no event is of the {name} {value!r}{f'; {meant}' if meant else ''}"


def _last(terminal: Terminal, plan: str | None) -> int:
    """The last position, or the plan's version; 0 where an event of it cannot be read."""
    if plan is None:
        return terminal.registry.history.last_position()
    try:
        return terminal.registry.gate(plan).version
    except UnreadableEvent:
        return 0


def as_of(
    terminal: Terminal,
    plan: PlanId,
    *,
    version: int | None = option("--version", "N", "After the plan's N-th event."),
    at: str | None = option("--at", "TIME", "At this time, as in 20:13, yesterday or 1h ago."),
) -> None:
    """Show a plan as it was at a version or at a time.

    Example: plangate plan as-of billing --at "2h ago"
    """
    if (version is None) is (at is None):
        raise typer.BadParameter("give --version or --at")
    then = terminal.registry.history.as_of(
        terminal.plan(plan), version=version, at=time_of("--at", at)
    )
    terminal.answer(then, render_past_status)


def diff(
    terminal: Terminal,
    plan: PlanId,
    a: str = argument("A", f"From this point: {_POINT}."),
    b: str | None = argument("B", f"To this point: {_POINT}. Default: now.", default=None),
) -> None:
    """Show what is different in a plan between two points of its history.

    Example: plangate plan diff billing "1d ago"
    """
    plan = terminal.plan(plan)
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
    """Show what makes up a plan's confidence, and what would flip the gate.

    Example: plangate explain billing --since yesterday
    """
    plan = terminal.plan(plan)
    begin = None if since is None else parse_point("--since", since, plan)
    explanation = terminal.registry.history.explain(plan, version=version, since=begin)
    terminal.answer(explanation, render_explanation)


def _newest(read: Callable[[int], Iterator[AuditEntry]], last: int, most: int) -> list[AuditEntry]:
    """The last `most` entries, oldest first: read from ever further back until there are as many.

    `read` gives the entries after a version or a position, of which `last` is the last.
    """
    window = most
    while True:
        begin = max(last - window, 0)
        found = deque(read(begin), maxlen=most)
        if len(found) == most or begin == 0:
            return [*found]
        window *= _WIDER
