"""What makes up a plan's rolling confidence, as stairs against the threshold."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Column
from rich.text import Text

from plangate.application.history.explain import Contribution, Explanation, Movement
from plangate.application.history.score_parts import JudgeScore
from plangate.application.numbers import number
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import ScoreKind
from plangate.infrastructure.cli.render.event_text import given_as
from plangate.infrastructure.cli.render.gauge import GO_ON, REPLAN
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from plangate.infrastructure.cli.render.text import Hint, count, harmless

_AT_MOST: Final = 30
"""How many tasks (the heaviest) and moves (the latest) are shown; JSON has them all."""


class Stair:
    """One step of the stairs from 0 to 1: filled from `begin` to `end`, with a mark."""

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


class _TableRow(NamedTuple):
    """A line of the table: a task, or several, on top of the contributions above it."""

    name: str
    share: float
    begin: float
    end: float
    style: str = ""
    part: Contribution | None = None
    change: float = 0.0


def render_explanation(answer: Explanation, _hint: Hint) -> RenderableType:
    """The parts of the confidence, its distance to the threshold, and what would flip the gate."""
    return Group(
        Text(harmless(answer.goal), style="bold"),
        Text(f"{harmless(answer.at.event_id)} · {answer.evidence.sentence}"),
        *([_table(answer)] if answer.contributions else []),
        *_sentences(answer),
        *(Text(f"· {condition}") for condition in answer.conditions),
        *_as_given(answer),
        *([_moves(answer.movement)] if answer.movement else []),
    )


def _table(answer: Explanation) -> Listing:
    """Each task's contribution as stairs up to the confidence, crossed by the threshold."""
    table = Listing(
        Column("task", overflow="fold", min_width=10, max_width=14),
        right("prompt"),
        right("output"),
        right("share"),
        right("brings"),
        *([right("change")] if answer.movement else []),
        Column("", ratio=1, min_width=8),
        fixed("flips at"),
        fill=True,
    )
    for line in (*_parts(answer), _sum(answer)):
        table.add_row(
            Text(line.name, style=line.style),
            *_scores(line, versions=answer.movement is None),
            f"{line.share:.0%}",
            Text(f"{line.end - line.begin:.3f}", style=line.style),
            *([f"{line.change:+.3f}"] if answer.movement else []),
            Stair(line.begin, line.end, answer.gate_threshold, line.style or "cyan"),
            _flip(line),
        )
    return table


def _parts(answer: Explanation) -> Iterator[_TableRow]:
    """The tasks in the order they are weighed; first, as one line, those that hardly count."""
    shifts = answer.movement.tasks if answer.movement else ()
    change = {shift.task_id: shift.after - shift.before for shift in shifts}
    heaviest = sorted(answer.contributions, key=lambda part: part.share)[-_AT_MOST:]
    shown = {part.task_id for part in heaviest}
    hidden = [part for part in answer.contributions if part.task_id not in shown]
    reached = sum(part.contribution for part in hidden)
    if hidden:
        share = sum(part.share for part in hidden)
        moved = sum(change.get(part.task_id, 0.0) for part in hidden)
        yield _TableRow(f"{len(hidden):,} others", share, 0.0, reached, "dim", change=moved)
    for part in answer.contributions:
        if part.task_id in shown:
            end = reached + part.contribution
            moved = change.get(part.task_id, 0.0)
            yield _TableRow(harmless(part.task_id), part.share, reached, end, "", part, moved)
            reached = end
    scored = {part.task_id for part in answer.contributions}
    for shift in shifts:
        if shift.task_id not in scored:
            name = f"{harmless(shift.task_id)} (no longer)"
            yield _TableRow(name, 0.0, reached, reached, "dim", change=-shift.before)


def _sum(answer: Explanation) -> _TableRow:
    whole, style, past = answer.rolling_confidence, _style(answer), answer.movement
    then = 0.0 if past is None else past.rolling_confidence - past.base
    return _TableRow("confidence", 1.0, 0.0, whole, style, change=whole - then)


def _sentences(answer: Explanation) -> Iterator[Text]:
    """How far the confidence is from the threshold, and what it would take to cross it."""
    now, threshold = answer.rolling_confidence, answer.gate_threshold
    side = "below" if answer.distance < 0 else "above"
    away = f"{number(abs(answer.distance), 0.0)} {side}" if answer.distance else "just at"
    if not answer.contributions:
        yield Text(
            f"Nothing is scored, so there is no confidence yet. The threshold is"
            f" {number(threshold)}.{' A replan is due.' if answer.replan_due else ''}"
        )
        if answer.outlook is not None:
            yield Text(answer.outlook.sentence)
        return
    name = "threshold" if threshold == answer.confidence_threshold else "exit threshold"
    yield Text.assemble(
        (number(now, threshold), _style(answer)),
        f" is {away} the {name} of {number(threshold, now)}.",
        " A replan is due." if answer.replan_due else "",
    )
    flip = answer.flip
    if flip is not None:
        yield Text(f"The smallest change to flip it: {harmless(flip.text)}.")
    elif (pair := answer.flip_pair) is not None:
        yield Text("No other value of a single score would change that. The smallest two changes:")
        yield Text(f"  {harmless(pair.one.text)}")
        yield Text(f"  and {harmless(pair.other.text)}.")
    else:
        yield Text("No other value of a single score would change that, nor of any two.")
    if answer.outlook is not None:
        yield Text(answer.outlook.sentence)


def _as_given(answer: Explanation) -> Iterator[Text]:
    """The scores of the heaviest tasks given otherwise or at another time, and by each judge."""
    for part in sorted(answer.contributions, key=lambda part: part.share)[-_AT_MOST:]:
        for kind, score in ((ScoreKind.PROMPT, part.prompt), (ScoreKind.OUTPUT, part.output)):
            if score is None:
                continue
            name = f"{kind} score of {harmless(part.task_id)}"
            if given := given_as(score):
                yield Text(f"· {name}: {given}")
            yield from (_said(name, judge) for judge in score.judges)


def _said(name: str, judge: JudgeScore) -> Text:
    """What one judge said of a task, and for how much of its score that counts."""
    given = given_as(judge)
    part = f"{judge.share:.0%} of the score" if judge.share else "left out of the score"
    return Text(
        f"· {name} by {harmless(judge.judge)}: {judge.score:.2f}, {part}"
        f"{given and ', '}{given} ({harmless(judge.event_id)})"
    )


def _style(answer: Explanation) -> str:
    return GO_ON if reaches(answer.rolling_confidence, answer.gate_threshold) else REPLAN


def _scores(line: _TableRow, *, versions: bool) -> Iterator[Text | str]:
    """Prompt and output score; each that one event gives with its version, if there is room."""
    if line.part is None:
        yield from (Text(), Text())
        return
    for score in (line.part.prompt, line.part.output):
        if score is None:
            yield "–"
        else:
            of_one = versions and not score.judges
            version = f" @{score.event_id.rpartition('@')[2]}" if of_one else ""
            yield Text.assemble(f"{score.score:.2f}", (version, "dim"))


def _flip(line: _TableRow) -> str:
    flip = line.part.flip if line.part else None
    if flip is None:
        return "" if line.part is None else "none can"
    return f"{flip.kind} {'≥' if flip.to_score > flip.from_score else '≤'} {flip.outward}"


def _moves(movement: Movement) -> RenderableType:
    """The events that moved the confidence since, one after the other."""
    begin = "with nothing scored" if movement.base else f"at {number(movement.rolling_confidence)}"
    since = f"Since {harmless(movement.since.event_id)}, {begin}"
    if not movement.moves:
        return Text(f"{since}, nothing moved it.")
    shown = movement.moves[-_AT_MOST:]
    times = count(len(movement.moves), "time")
    latest = f"; the latest {_AT_MOST}" if shown != movement.moves else ""
    moves = [Text(f"· {harmless(move.sentence)}") for move in shown]
    return Group(Text(f"{since}, it moved {times}{latest}:"), *moves)
