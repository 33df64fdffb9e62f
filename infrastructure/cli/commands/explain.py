"""`plangate explain`: a plan's confidence taken apart on a screen, against its threshold."""

import math
from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

from plangate.application.history.explain import Contribution, Explanation, Movement
from plangate.application.history.flip import ScoreChange
from plangate.domain.confidence import reaches
from plangate.infrastructure.cli.input.options import PlanId, point
from plangate.infrastructure.cli.render.gauge import GO_ON, REPLAN
from plangate.infrastructure.cli.render.tables import table_of
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, figure, harmless, written

_AT_MOST: Final = 30
"""So many tasks are shown, those that count most, and moves, the latest; JSON has them all."""


def explain(
    terminal: Terminal,
    plan: PlanId,
    *,
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="N", help="As of this version instead of now."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="POINT",
            help="Also what moved it from there on: a version, an event id or a time.",
        ),
    ] = None,
) -> None:
    """Take a plan's confidence apart: what brings it, and what would flip the gate."""
    begin = None if since is None else point("--since", since, plan)
    terminal.answer(terminal.registry.history.explain(plan, version=version, since=begin), _shown)


class Stair:
    """One of the stairs from 0 to 1: filled from one figure to another, with a mark."""

    def __init__(self, begin: float, end: float, mark: float, style: str) -> None:
        self._begin = begin
        self._end = end
        self._mark = mark
        self._style = style

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        filled, mark = "=|" if options.ascii_only else "━┃"
        width = options.max_width
        begin, end = round(self._begin * width), round(self._end * width)
        bar = Text(" " * begin) + Text(filled * (end - begin), style=self._style)
        bar.pad_right(width - end)
        at = min(int(self._mark * width), width - 1)
        yield bar[:at] + Text(mark, style="yellow") + bar[at + 1 :]


class _Line(NamedTuple):
    """A line of the table: a task, or several, on top of what the lines above bring."""

    name: str
    share: float
    begin: float
    end: float
    style: str = ""
    part: Contribution | None = None
    change: float = 0.0


def _shown(told: Explanation, _hint: Hint) -> RenderableType:
    scored, tasks = len(told.contributions), count(told.task_count, "task")
    return Group(
        Text(written(told.goal), style="bold"),
        Text(f"{harmless(told.at.event_id)} · {scored:,} of {tasks} scored"),
        _table(told),
        *_said(told),
        *(Text(f"· {condition}") for condition in told.conditions),
        *([_moves(told.movement)] if told.movement else []),
    )


def _table(told: Explanation) -> Table:
    """What each task brings, as stairs up to the figure, with the threshold through them all."""
    table = table_of(
        Column("task", overflow="fold", min_width=10, max_width=14),
        Column("prompt", justify="right", no_wrap=True),
        Column("output", justify="right", no_wrap=True),
        Column("share", justify="right", no_wrap=True),
        Column("brings", justify="right", no_wrap=True),
        *([Column("change", justify="right", no_wrap=True)] if told.movement else []),
        Column("", ratio=1, min_width=8),
        Column("flips at", no_wrap=True),
        fill=True,
    )
    for line in (*_parts(told), _sum(told)):
        table.add_row(
            Text(line.name, style=line.style),
            *_scores(line, versions=told.movement is None),
            f"{line.share:.0%}",
            Text(f"{line.end - line.begin:.3f}", style=line.style),
            *([f"{line.change:+.3f}"] if told.movement else []),
            Stair(line.begin, line.end, told.gate_threshold, line.style or "cyan"),
            _flip(line),
        )
    return table


def _parts(told: Explanation) -> Iterator[_Line]:
    """The tasks as they are weighed; before them, together, those that hardly count."""
    shifts = told.movement.tasks if told.movement else ()
    change = {shift.task_id: shift.after - shift.before for shift in shifts}
    rebased = told.base - told.movement.base if told.movement else 0.0
    if told.base or rebased:
        yield _Line("nothing scored", told.base, 0.0, told.base, "dim", change=rebased)
    heaviest = sorted(told.contributions, key=lambda part: part.share)[-_AT_MOST:]
    shown = {part.task_id for part in heaviest}
    hidden = [part for part in told.contributions if part.task_id not in shown]
    reached = sum(part.contribution for part in hidden)
    if hidden:
        share = sum(part.share for part in hidden)
        moved = sum(change.get(part.task_id, 0.0) for part in hidden)
        yield _Line(f"{len(hidden):,} others", share, 0.0, reached, "dim", change=moved)
    for part in told.contributions:
        if part.task_id in shown:
            end = reached + part.contribution
            moved = change.get(part.task_id, 0.0)
            yield _Line(written(part.task_id), part.share, reached, end, "", part, moved)
            reached = end
    scored = {part.task_id for part in told.contributions}
    for shift in shifts:
        if shift.task_id not in scored:
            name = f"{written(shift.task_id)} (no longer)"
            yield _Line(name, 0.0, reached, reached, "dim", change=-shift.before)


def _sum(told: Explanation) -> _Line:
    then = told.movement.rolling_confidence if told.movement else told.rolling_confidence
    whole, style = told.rolling_confidence, _style(told)
    return _Line("confidence", 1.0, 0.0, whole, style, change=whole - then)


def _said(told: Explanation) -> Iterator[Text]:
    """Where the figure stands to the threshold, and what it would take to cross it."""
    now, threshold = told.rolling_confidence, told.gate_threshold
    side = "below" if told.distance < 0 else "above"
    away = f"{figure(abs(told.distance), 0.0)} {side}" if told.distance else "just at"
    yield Text.assemble(
        (figure(now, threshold), _style(told)),
        f" is {away} the {_named(told)} of {figure(threshold, now)}.",
        " A replan is due." if told.replan_due else "",
    )
    flip = told.flip
    if not told.contributions:
        yield Text("Nothing is scored yet: a plan begins with full confidence.")
    elif flip is None:
        yield Text("No other value of a single score would change that.")
    else:
        of_what = f"{flip.kind} score of {written(flip.task_id)}"
        scores = f"{figure(flip.from_score, flip.to_score)} → {_outward(flip)}"
        yield Text(
            f"The smallest change to flip it: {of_what}, {scores} ({harmless(flip.event_id)})."
        )


def _style(told: Explanation) -> str:
    return GO_ON if reaches(told.rolling_confidence, told.gate_threshold) else REPLAN


def _named(told: Explanation) -> str:
    return "threshold" if told.gate_threshold == told.confidence_threshold else "exit threshold"


def _scores(line: _Line, *, versions: bool) -> Iterator[Text]:
    """Prompt and output score, each with the version that brought it if there is room."""
    for score in (line.part.prompt, line.part.output) if line.part else ():
        if score is None:
            yield Text("–")
        else:
            version = score.event_id.rpartition("@")[2]
            yield Text.assemble(f"{score.score:.2f}", (f" @{version}" if versions else "", "dim"))
    if line.part is None:
        yield from (Text(), Text())


def _flip(line: _Line) -> str:
    flip = line.part.flip if line.part else None
    if flip is None:
        return "" if line.part is None else "none can"
    return f"{flip.kind} {'≥' if flip.to_score > flip.from_score else '≤'} {_outward(flip)}"


def _outward(flip: ScoreChange) -> str:
    """The score that flips it, rounded away from the one that stands: as shown it flips too."""
    away = math.ceil if flip.to_score > flip.from_score else math.floor
    return f"{away(flip.to_score * 1_000) / 1_000:.3f}"


def _moves(movement: Movement) -> RenderableType:
    """The events that moved the figure since, one after the other."""
    since = f"Since {harmless(movement.since.event_id)}, at {figure(movement.rolling_confidence)}"
    if not movement.moves:
        return Text(f"{since}, nothing moved it.")
    shown = movement.moves[-_AT_MOST:]
    times = count(len(movement.moves), "time")
    latest = f"; the latest {_AT_MOST}" if shown != movement.moves else ""
    table = table_of(
        Column("event", no_wrap=True),
        Column("task", overflow="fold", max_width=24),
        Column("confidence", no_wrap=True),
        Column("change", justify="right", no_wrap=True),
    )
    for move in shown:
        before, after = figure(move.before, move.after), figure(move.after, move.before)
        table.add_row(
            Text(harmless(move.event_id)),
            Text("" if move.task_id is None else harmless(move.task_id)),
            f"{before} → {after}",
            f"{move.after - move.before:+.3f}",
        )
    return Group(Text(f"{since}, it moved {times}{latest}:"), table)
