"""A plan's past on a screen and for other programs: its events, and what changed in between.

Events are printed as they are read, so that a log of any length needs no more memory
than a page of it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from plangate.application.history.audit import AuditEntry, StateAt
from plangate.application.history.diff import ChangeKind, PlanDiff
from plangate.application.numbers import confidence_text
from plangate.application.results import NO_EVIDENCE, PlanStatus
from plangate.domain import events
from plangate.domain.confidence import differ
from plangate.infrastructure.cli.render import event_text
from plangate.infrastructure.cli.render.gauge import GO_ON, REPLAN
from plangate.infrastructure.cli.render.tables import Listing, fixed
from plangate.infrastructure.cli.render.text import Hint, count, harmless, harmless_json, local

_ROWS: Final = 200
"""How many events one table holds; the next continues below it."""

_STATE: Final = ("task_status", "rolling_confidence", "replan_due", "gate_tripped")
_COLUMNS: Final = (
    *(
        "position",
        "event_id",
        "plan_id",
        "version",
        "recorded_at",
        "occurred_at",
        "actor",
        "scorer",
    ),
    *("kind", "task_id", "score_kind", "score", "raw_score", "scale", "what", "why"),
    *(f"{field}_{when}" for field in _STATE for when in ("before", "after")),
    *("correlation_id", "causation_id", "unreadable"),
)
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[\s\"']*[=+\-@＝＋－＠])")  # noqa: RUF001

_SIGNS: Final = {
    ChangeKind.TASK_CAME: ("+", "green"),
    ChangeKind.TASK_LEFT: ("-", "red"),
    ChangeKind.TASK_MOVED: ("↕", "cyan"),
}


def json_lines(entries: Iterable[AuditEntry], *, ensure_ascii: bool) -> Iterator[str]:
    """One JSON object a line."""
    for entry in entries:
        yield harmless_json(entry.model_dump_json(ensure_ascii=ensure_ascii)) + "\n"


def csv_table(entries: Iterable[AuditEntry], *, on_screen: bool) -> Iterator[str]:
    """A table with a heading, in which no text can pass for a formula.

    On a screen, control characters are written out; other programs get the text as it is.
    """
    yield _csv_row(_COLUMNS)
    for entry in entries:
        cells = _cells(entry)
        shown = (harmless(cell) if isinstance(cell, str) else cell for cell in cells)
        yield _csv_row(shown if on_screen else cells)


def without_formulas(text: str) -> str:
    """`text` with an apostrophe wherever a spreadsheet could see the start of a formula.

    That is at the beginning of a cell, and after what a spreadsheet may take for the
    end of one: a semicolon, a tab, a new line.
    """
    return _FORMULA.sub(r"\1'", text)


def _csv_row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    safe = (without_formulas(cell) if isinstance(cell, str) else cell for cell in cells)
    csv.writer(line, lineterminator="\n").writerow(safe)
    return line.getvalue()


def _cells(entry: AuditEntry) -> Iterator[object]:
    event, scorer = entry.event, entry.scorer
    yield from (entry.position, entry.event_id, entry.plan_id, entry.version)
    yield entry.recorded_at and entry.recorded_at.isoformat()
    occurred_at, scale = getattr(event, "occurred_at", None), getattr(event, "scale", None)
    yield occurred_at and occurred_at.isoformat()
    yield entry.actor
    yield scorer and f"{scorer.kind}:{scorer.name}{f'@{scorer.version}' if scorer.version else ''}"
    yield from (entry.kind, entry.task_id, entry.score_kind)
    yield from (getattr(event, "score", None), getattr(event, "raw_score", None))
    yield scale and "{:g} to {:g}".format(*scale)
    yield event and event_text.what(event)
    yield entry.why
    for field in _STATE:
        for state in (entry.before, entry.after):
            value = None if state is None else getattr(state, field)
            yield str(value).lower() if isinstance(value, bool) else value
    yield from (entry.correlation_id, entry.causation_id, entry.unreadable)


def history_tables(entries: Iterator[AuditEntry], *, all_plans: bool) -> Iterator[RenderableType]:
    """Tables of the same widths, one below the other; the first has a heading."""
    first, day = True, None
    while chunk := list(islice(entries, _ROWS)):
        table = Listing(
            Column("position" if all_plans else "@", justify="right", width=8 if all_plans else 5),
            Column("when", width=10),
            Column("who", overflow="fold", width=10),
            Column("what and why", overflow="fold", ratio=1),
            Column("confidence", width=13),
            fill=True,
            header=first,
        )
        for entry in chunk:
            ordinal = entry.position if all_plans else entry.version
            when, day = _when(entry.recorded_at, day)
            table.add_row(
                "" if ordinal is None else str(ordinal),
                when,
                Text("" if entry.actor is None else harmless(entry.actor)),
                _what(entry, all_plans=all_plans),
                _change(entry.before, entry.after),
                heading=None if all_plans else f"@{ordinal}",
            )
        yield table
        first = False
    if first:
        yield Text("No events.")


def render_diff(diff: PlanDiff, _hint: Hint) -> RenderableType:
    """What differs between two points of a plan's history, and which event changed it."""
    begin, end = harmless(diff.a.event_id), harmless(diff.b.event_id)
    heading = (
        Text(harmless(diff.goal), style="bold"),
        Text(f"{begin} → {end} · {count(diff.events, 'event')}"),
    )
    if not diff.changes:
        return Group(*heading, Text("Nothing is different."))
    table = Listing(fixed(""), "what", Column("event"))
    for change in diff.changes:
        sign, style = _SIGNS.get(change.kind, ("~", ""))
        event = harmless(change.event_id or "")
        table.add_row(Text(sign, style=style), Text(harmless(change.text)), Text(event))
    return Group(*heading, table)


def change_lines(diff: PlanDiff, plan: PlanStatus) -> Iterator[str]:
    """What a revision changed about the tasks of what is now `plan`, a line each."""
    titles = {task.id: task.title for task in plan.tasks}
    for change in diff.changes:
        sign = _SIGNS.get(change.kind, ("~", ""))[0]
        if change.kind is ChangeKind.TASK_CAME:
            title = titles.get(change.task_id or "") or ""
            yield f"  {sign} {change.task_id}: {title}"
        elif change.kind in {ChangeKind.TASK, *_SIGNS}:
            yield f"  {sign} {change.text}"


def _when(at: datetime | None, day: date | None) -> tuple[Text, date | None]:
    """A time, with its date where the day changes."""
    if at is None:
        return Text(), day
    at = local(at)
    time = Text(f"{at:%H:%M:%S}")
    if at.date() == day:
        return time, day
    return Text.assemble(f"{at:%Y-%m-%d}\n", time), at.date()


def _what(entry: AuditEntry, *, all_plans: bool) -> RenderableType:
    plan = f"{harmless(entry.plan_id)} · " if all_plans else ""
    if entry.event is None:
        why = f"{plan}{entry.event_id} cannot be read: {entry.unreadable}"
        return Text(harmless(why), style=REPLAN)
    fired = isinstance(entry.event, events.ReplanTriggered)
    what = Text.assemble((plan, "bold"), (event_text.what(entry.event), REPLAN if fired else ""))
    why = event_text.why(entry.event, None)
    return Group(what, *([Padding(Text(why, style="dim"), (0, 0, 0, 2))] if why else []))


def _change(before: StateAt | None, after: StateAt | None) -> Text:
    """The rolling confidence where it moved, and whether a replan became due or was answered."""
    if after is None:
        return Text()
    was = after if before is None else before
    due = before is not None and before.replan_due
    text = Text(confidence_text(after.rolling_confidence, after.scored), style="dim")
    if before is None and not after.scored:
        text = Text(NO_EVIDENCE, style="dim")
    elif bool(was.scored) is not bool(after.scored) or differ(
        was.rolling_confidence, after.rolling_confidence
    ):
        moved = (confidence_text(one.rolling_confidence, one.scored) for one in (was, after))
        text = Text(" → ".join(moved))
    if due is not after.replan_due:
        text.append(
            "\nreplan due" if after.replan_due else "\nanswered",
            style=REPLAN if after.replan_due else GO_ON,
        )
    return text
