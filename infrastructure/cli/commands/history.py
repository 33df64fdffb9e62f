"""`plangate history`: every event of a plan or of all, as text, JSON, JSON Lines or CSV.

Whatever the form, events are told as they are read, so that a log of any length
needs no more memory than a page of it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from plangate.application.history.audit import AuditEntry, StateAt
from plangate.application.progress import Progress, no_progress
from plangate.domain.confidence import differ
from plangate.domain.events import ReplanTriggered
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.input.options import moment
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import event_text
from plangate.infrastructure.cli.render.gauge import GO_ON, REPLAN
from plangate.infrastructure.cli.render.history_files import as_document, as_lines, as_sheet
from plangate.infrastructure.cli.render.tables import table_of
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.cli.wording import count, figure, harmless

_ROWS: Final = 200
"""So many events stand in one table; the next goes on below it."""


class Form(StrEnum):
    """How a history is written down."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def history(
    terminal: Terminal,
    plan: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", help="The plan's id.", autocompletion=plan_ids),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Of all plans, in the order they were recorded.")
    ] = False,
    task: Annotated[
        str | None, typer.Option("--task", metavar="ID", help="Only what is about this task.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind of event, by its stored name, or of score: prompt, output.",
        ),
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="Only what this one asked for.")
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer", metavar="[KIND:]NAME[@VERSION]", help="Only what this one judged."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Only before this time.")
    ] = None,
    after: Annotated[
        int,
        typer.Option(
            "--after", metavar="N", min=0, help="Only beyond this version, or with --all position."
        ),
    ] = 0,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", metavar="FORM", help=f"One of {', '.join(Form)}.")
    ] = Form.TEXT,
) -> None:
    """Progress who did what, when and why, and what it changed: of one plan, or of all."""
    if (plan is None) is not everything:
        raise typer.BadParameter("name a plan, or give --all")
    begin, end = _moment("--since", since), _moment("--until", until)
    with _progress(terminal) as progress:
        entries = terminal.registry.history.audit(
            plan,
            task=task,
            kind=kind,
            actor=actor,
            scorer=scorer,
            since=begin,
            until=end,
            after=after,
            limit=limit,
            progress=progress,
        )
        counted = _Counted(entries)
        _write(terminal, Form.JSON if terminal.as_json else form, counted, whole=everything)
    if counted.unreadable:
        terminal.warn(f"{count(counted.unreadable, 'event')} cannot be read; the history says why")


class _Counted:
    """Entries on their way, and how many of them could not be read."""

    def __init__(self, entries: Iterator[AuditEntry]) -> None:
        self._entries = entries
        self.unreadable = 0

    def __iter__(self) -> Iterator[AuditEntry]:
        for entry in self._entries:
            self.unreadable += entry.unreadable is not None
            yield entry


def _write(terminal: Terminal, form: Form, entries: Iterable[AuditEntry], *, whole: bool) -> None:
    match form:
        case Form.TEXT:
            for table in _tables(iter(entries), whole=whole):
                terminal.show(table)
        case Form.JSON:
            terminal.write(as_document(entries, ensure_ascii=terminal.writes_ascii))
        case Form.JSONL:
            terminal.write(as_lines(entries, ensure_ascii=terminal.writes_ascii))
        case Form.CSV:
            terminal.write(as_sheet(entries))


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Progress]:
    """A bar while the answer goes elsewhere; on a screen the answer itself shows how far it is."""
    if terminal.is_watched:
        yield no_progress
    else:
        with progress_bar(terminal, "reading") as progress:
            yield progress


def _moment(option: str, text: str | None) -> datetime | None:
    return None if text is None else moment(option, text)


# --- on a screen ---


def _tables(entries: Iterator[AuditEntry], *, whole: bool) -> Iterator[RenderableType]:
    """Tables of the same widths, one below the other; the first has a heading."""
    first, day = True, None
    while chunk := list(islice(entries, _ROWS)):
        table = table_of(
            Column("position" if whole else "@", justify="right", width=8 if whole else 5),
            Column("when, UTC", width=10),
            Column("who", overflow="fold", width=10),
            Column("what and why", overflow="fold", ratio=1),
            Column("confidence", width=13),
            fill=True,
        )
        table.show_header = first
        for entry in chunk:
            place = entry.position if whole else entry.version
            when, day = _when(entry.recorded_at, day)
            table.add_row(
                "" if place is None else str(place),
                when,
                Text("" if entry.actor is None else harmless(entry.actor)),
                _what(entry, whole=whole),
                _figures(entry.before, entry.after),
            )
        yield table
        first = False
    if first:
        yield Text("No events.")


def _when(at: datetime | None, day: date | None) -> tuple[Text, date | None]:
    """A time, with its date if that is another than before."""
    if at is None:
        return Text(), day
    at = at.astimezone(UTC)
    time = Text(f"{at:%H:%M:%S}")
    if at.date() == day:
        return time, day
    return Text.assemble(f"{at:%Y-%m-%d}\n", time), at.date()


def _what(entry: AuditEntry, *, whole: bool) -> RenderableType:
    plan = f"{harmless(entry.plan_id)} · " if whole else ""
    if entry.event is None:
        why = f"{plan}{entry.event_id} cannot be read: {entry.unreadable}"
        return Text(harmless(why), style=REPLAN)
    fired = isinstance(entry.event, ReplanTriggered)
    what = Text.assemble((plan, "bold"), (event_text.what(entry.event), REPLAN if fired else ""))
    why = event_text.why(entry.event, None)
    return Group(what, *([Padding(Text(why, style="dim"), (0, 0, 0, 2))] if why else []))


def _figures(before: StateAt | None, after: StateAt | None) -> Text:
    """The rolling confidence where it moved, and whether a replan became due or was answered."""
    if after is None:
        return Text()
    now = after.rolling_confidence
    was = now if before is None else before.rolling_confidence
    due = before is not None and before.replan_due
    style = "" if differ(was, now) or before is None else "dim"
    said = Text(figure(now), style=style)
    if differ(was, now):
        said = Text(f"{was:.3f} → {now:.3f}")
    if due is not after.replan_due:
        said.append(
            "\nreplan due" if after.replan_due else "\nanswered",
            style=REPLAN if after.replan_due else GO_ON,
        )
    return said
