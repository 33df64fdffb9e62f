"""How a plan's rolling confidence moved, with the scores and what the gate did."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.history.audit import AuditEntry
from plangate.application.numbers import number
from plangate.domain import events
from plangate.domain.confidence import UNSCORED
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import ScoreKind, Scorer
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.svg import Chart, DataTable

_TITLE: Final = "Confidence over time"
_HEIGHT: Final = 200
_TOP: Final = 34
"""Above the plot, a row for what happened to the plan."""

_LINE: Final = "#1f5fa8"
_THRESHOLD: Final = "#b3261e"
_OUTPUT: Final = "#1f5fa8"
_PROMPT: Final = "#7a5c00"
_EVENTS: Final = "#5a616b"

_COLUMNS: Final = 120
_ROWS: Final = 8
"""Of more than `_COLUMNS` scores, one is drawn for each cell of such a grid."""

_LANE: Final = 40
"""At most so many events of a kind are drawn in the row above the plot."""

_TABLE_ROWS: Final = 500
_WHY: Final = 200

# Symbols differ in shape too, and are drawn around the origin.
_REPLAN: Final = "M-5.5 -4.5H5.5L0 5.5Z"
_RETRY: Final = "M-4.5 -4.5H4.5V4.5H-4.5Z"
_ANSWER: Final = "M-5.5 0L-2 4.5L5.5 -4.5"
_DIAMOND: Final = "M0 -5L5 0L0 5L-5 0Z"


def confidence_over_time(entries: Iterable[AuditEntry], threshold: float) -> Chart:
    """Draw the history of one plan, as `registry.history.audit(plan_id)` lists it.

    The horizontal axis counts versions, so that work between long pauses stays readable.
    """
    known = [entry for entry in entries if entry.event is not None and entry.after is not None]
    shown = [entry for entry in known if _what(entry.event) is not None]
    description = _description(known, threshold)
    axis = _Versions(known)
    curves = [_line(axis, known), _points(axis, known)]
    drawn = svg.picture(
        _TITLE,
        description,
        _TOP + _HEIGHT + 42,
        svg.placed(
            0,
            _TOP,
            svg.unit_scale(_y),
            _replans(axis, known),
            _threshold(threshold),
            *(reversed(curves) if len(known) > _COLUMNS else curves),
            _lane(axis, known),
            _axis(axis, known),
        ),
        class_="pg-plot pg-confidence",
    )
    return Chart(drawn, _TITLE, description, _table(shown), _legend(known, threshold))


class _Versions:
    """Where a version lies between the first and the last, from 0 to 1."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        self.first = entries[0].version if entries else 1
        self.last = entries[-1].version if entries else 1

    def share(self, version: int) -> float:
        span = self.last - self.first
        return (version - self.first) / span if span else 0.5

    def column(self, version: int, columns: int) -> int:
        return int(self.share(version) * columns)


# --- what is drawn -------------------------------------------------------------


def _threshold(threshold: float) -> Markup:
    return svg.across(
        _y(threshold),
        stroke=_THRESHOLD,
        stroke_width=1.5,
        stroke_dasharray="6 4",
        class_="pg-threshold",
    )


def _line(axis: _Versions, entries: Sequence[AuditEntry]) -> Markup:
    """The confidence as steps: dotted while nothing is scored, then solid."""
    scored = _first_counting(entries)
    parts = []
    before, after = entries[: scored + 1], entries[scored:]
    if len(before) > 1:
        parts.append(_steps(axis, before[:-1], before[-1].version, "1.5 4", "pg-unscored"))
    if after:
        parts.append(_steps(axis, _thinned(axis, after), axis.last, None, "pg-line"))
    return svg.group(parts)


def _steps(
    axis: _Versions, entries: Sequence[AuditEntry], until: int, dashes: str | None, class_: str
) -> Markup:
    path = list[str]()
    for entry in entries:
        x, y = _thousandths(axis.share(entry.version)), _rounded(_y(_confidence(entry)))
        path.append(f"H{x}V{y}" if path else f"M{x} {y}")
    path.append(f"H{_thousandths(axis.share(until))}")
    return svg.stretched(
        path,
        _HEIGHT,
        fill="none",
        stroke=_LINE,
        stroke_width=2,
        stroke_dasharray=dashes,
        stroke_linejoin="round",
        class_=class_,
    )


def _thinned(axis: _Versions, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The first, lowest, highest and last of each column, where there are many."""
    if len(entries) <= 4 * _COLUMNS:
        return list(entries)
    columns: dict[int, list[AuditEntry]] = {}
    for entry in entries:
        columns.setdefault(axis.column(entry.version, _COLUMNS), []).append(entry)
    kept: dict[int, AuditEntry] = {}
    for column in columns.values():
        ends = (column[0], min(column, key=_confidence), max(column, key=_confidence), column[-1])
        kept.update((one.version, one) for one in sorted(ends, key=lambda one: one.version))
    return list(kept.values())


def _points(axis: _Versions, entries: Sequence[AuditEntry]) -> Markup:
    """Each score: a filled circle of a result, a hollow diamond of an instruction."""
    scores = [entry for entry in entries if _is_score(entry)]
    cells = _cells(axis, scores, _COLUMNS, lambda one: (one.score_kind, int(_score(one) * _ROWS)))
    size, class_ = (4.0, "pg-output") if len(scores) <= _COLUMNS else (2.5, "pg-output pg-dense")
    points = []
    for entry, others in cells:
        hover = svg.element("title", _sentence(entry, others))
        x, y = axis.share(entry.version), _y(_score(entry))
        if entry.score_kind is ScoreKind.PROMPT:
            points.append(svg.placed(x, y, _diamond(hover)))
        else:
            points.append(
                svg.element(
                    "circle",
                    hover,
                    cx=svg.percent(x),
                    cy=y,
                    r=size,
                    fill=_OUTPUT,
                    stroke="#fff",
                    class_=class_,
                )
            )
    return svg.group(points)


def _diamond(*content: Markup) -> Markup:
    return svg.element(
        "path",
        *content,
        d=_DIAMOND,
        fill="#fff",
        stroke=_PROMPT,
        stroke_width=1.5,
        class_="pg-prompt",
    )


def _replans(axis: _Versions, entries: Sequence[AuditEntry]) -> Markup:
    """A thin line down from each replan, unless there are too many to see through."""
    fired = [entry for entry in entries if isinstance(entry.event, events.ReplanTriggered)]
    return svg.group(
        svg.element(
            "line",
            x1=svg.percent(axis.share(entry.version)),
            x2=svg.percent(axis.share(entry.version)),
            y1=-10,
            y2=_HEIGHT,
            stroke=_THRESHOLD,
            stroke_width=1,
            stroke_dasharray="2 3",
            class_="pg-fired-line",
        )
        for entry in (fired if len(fired) <= _LANE else ())
    )


def _lane(axis: _Versions, entries: Sequence[AuditEntry]) -> Markup:
    """The row above the plot: replans, retries and the answers to replans."""
    marked = [entry for entry in entries if _symbol(entry.event) is not None]
    symbols = []
    for entry, others in _cells(axis, marked, _LANE, lambda one: _symbol(one.event)):
        hover = svg.element("title", _sentence(entry, others))
        symbols.append(svg.placed(axis.share(entry.version), -17, _drawn(entry.event, hover)))
    return svg.group(symbols)


def _drawn(event: PlanEvent | None, *content: Markup) -> Markup:
    path = _symbol(event)
    if path == _ANSWER:
        style = {"fill": "none", "stroke": "#1b6e3c", "class_": "pg-answer"}
        return svg.element("path", *content, d=path, stroke_width=2.5, **style)
    replan = path == _REPLAN
    color, name = (_THRESHOLD, "pg-fired") if replan else (_EVENTS, "pg-retry")
    return svg.element("path", *content, d=path, fill=color, class_=name)


def _axis(axis: _Versions, entries: Sequence[AuditEntry]) -> Markup:
    """Versions below the plot, and below them when the first and the last were recorded."""
    if not entries:
        return svg.axis_label("nothing recorded yet", 0.5, _HEIGHT / 2, text_anchor="middle")
    labels = [
        svg.axis_label(f"@{version}", axis.share(version), _HEIGHT + 18, text_anchor="middle")
        for version in svg.ticks(axis.first, axis.last)
    ]
    first, last = (_when(entries[place]) for place in (0, -1))
    labels.append(svg.axis_label(first, 0.0, _HEIGHT + 36, text_anchor="start"))
    if axis.last > axis.first:
        labels.append(svg.axis_label(last, 1.0, _HEIGHT + 36, text_anchor="end"))
    return svg.group(labels)


def _legend(entries: Sequence[AuditEntry], threshold: float) -> Markup:
    """What the symbols mean, of those that occur."""
    wide = {"x1": 0, "x2": 20, "y1": 6, "y2": 6}
    line = svg.element("line", **wide, stroke=_LINE, stroke_width=2, class_="pg-line")
    dashes = {"stroke": _THRESHOLD, "stroke_dasharray": "6 4", "class_": "pg-threshold"}
    listed = [
        (line, "rolling confidence"),
        (svg.element("line", **wide, stroke_width=1.5, **dashes), f"threshold {number(threshold)}"),
    ]
    kinds = {entry.score_kind for entry in entries if _is_score(entry)}
    if ScoreKind.OUTPUT in kinds:
        dot = svg.element("circle", cx=10, cy=6, r=4, fill=_OUTPUT, class_="pg-output")
        listed.append((dot, "output score"))
    if ScoreKind.PROMPT in kinds:
        listed.append((_centred(_diamond()), "prompt score"))
    names = {_REPLAN: "gate fired", _RETRY: "new attempt", _ANSWER: "approved or revised"}
    for path, name in names.items():
        of_it = next((one.event for one in entries if _symbol(one.event) == path), None)
        if of_it is not None:
            listed.append((_centred(_drawn(of_it)), name))
    return svg.legend(listed)


def _centred(symbol: Markup) -> Markup:
    return svg.element("g", symbol, transform="translate(10 6)")


# --- in words ------------------------------------------------------------------


def _description(entries: Sequence[AuditEntry], threshold: float) -> str:
    scores = sum(map(_is_score, entries))
    if not scores:
        return f"No evidence yet: nothing has been scored. The threshold is {number(threshold)}."
    if _first_counting(entries) == len(entries):
        return (
            "No evidence yet: no task has been scored by enough judges. "
            f"The threshold is {number(threshold)}."
        )
    last = _confidence(entries[-1])
    lowest = min(entries, key=_confidence)
    replans = sum(isinstance(entry.event, events.ReplanTriggered) for entry in entries)
    fired = {0: "never", 1: "once", 2: "twice"}.get(replans, f"{replans:,} times")
    return (
        f"Rolling confidence is {number(last, threshold)} after "
        f"{scores:,} {'score' if scores == 1 else 'scores'}; "
        f"the threshold is {number(threshold, last)}. "
        f"It was lowest at version {lowest.version:,}, {number(_confidence(lowest), threshold)}. "
        f"The gate fired {fired}."
    )


def _table(entries: Sequence[AuditEntry]) -> DataTable:
    caption = "Scores, replans, new attempts and answers"
    if len(entries) > _TABLE_ROWS:
        caption += f": the newest {_TABLE_ROWS:,} of {len(entries):,}"
    columns = ("version", "recorded", "what", "task", "score", "confidence after", "who", "why")
    rows = tuple(
        (
            f"{entry.version}",
            _when(entry),
            _what(entry.event) or "",
            entry.task_id or "",
            number(_score(entry)) if _is_score(entry) else "",
            number(_confidence(entry)),
            _who(entry),
            svg.shortened(entry.why or "", _WHY),
        )
        for entry in entries[-_TABLE_ROWS:]
    )
    return DataTable(caption, columns, rows, numeric=frozenset({0, 4, 5}))


def _sentence(entry: AuditEntry, others: int) -> str:
    """What a hover says: what, which task, the value, who, why."""
    score = f" {number(_score(entry))}" if _is_score(entry) else ""
    task = f"{entry.task_id}: " if entry.task_id else ""
    parts = [f"{task}{_what(entry.event)}{score}, confidence {number(_confidence(entry))}"]
    parts += [who for who in (_who(entry),) if who]
    parts += [svg.shortened(entry.why, _WHY)] if entry.why else []
    parts.append(f"version {entry.version}, {_when(entry)}")
    parts += [f"and {others:,} more nearby"] if others else []
    return "\n".join(parts)


def _what(event: PlanEvent | None) -> str | None:
    """What the chart shows of an event, None if nothing."""
    match event:
        case events.TaskScored():
            return f"{event.kind} score"
        case events.ReplanTriggered():
            return "gate fired"
        case events.AttemptStarted():
            return f"attempt {event.attempt}"
        case events.GateApproved():
            return "approved"
        case events.PlanRevised():
            return "revised"
        case _:
            return None


def _symbol(event: PlanEvent | None) -> str | None:
    match event:
        case events.ReplanTriggered():
            return _REPLAN
        case events.AttemptStarted():
            return _RETRY
        case events.GateApproved() | events.PlanRevised():
            return _ANSWER
        case _:
            return None


def _who(entry: AuditEntry) -> str:
    scorer, actor = entry.scorer, entry.actor
    named = [f"by {_named(scorer)}"] if scorer else []
    return ", ".join([*named, f"sent by {actor}"] if actor else named)


def _named(scorer: Scorer) -> str:
    version = "" if scorer.version is None else f"@{scorer.version}"
    return f"{scorer.kind} {scorer.name}{version}"


def _when(entry: AuditEntry) -> str:
    return "" if entry.recorded_at is None else f"{entry.recorded_at:%Y-%m-%d %H:%M} UTC"


# --- numbers -------------------------------------------------------------------


def _cells(
    axis: _Versions,
    entries: Sequence[AuditEntry],
    columns: int,
    row: Callable[[AuditEntry], object],
) -> Iterator[tuple[AuditEntry, int]]:
    """The entries to draw, each with how many it stands for besides."""
    if len(entries) <= columns:
        yield from ((entry, 0) for entry in entries)
        return
    cells: dict[object, list[AuditEntry]] = {}
    for entry in entries:
        cells.setdefault((axis.column(entry.version, columns), row(entry)), []).append(entry)
    yield from ((together[0], len(together) - 1) for together in cells.values())


def _is_score(entry: AuditEntry) -> bool:
    return isinstance(entry.event, events.TaskScored)


def _first_counting(entries: Sequence[AuditEntry]) -> int:
    """The index of the first score that counts, or how many entries there are.

    Where a policy asks for several judges, the first scores do not move the confidence.
    """
    created = entries[0].event if entries else None
    alone = not isinstance(created, events.PlanCreated) or created.policy.min_judges == 1
    found = (
        n
        for n, one in enumerate(entries)
        if _is_score(one) and (alone or _confidence(one) != UNSCORED)
    )
    return next(found, len(entries))


def _score(entry: AuditEntry) -> float:
    return entry.event.score if isinstance(entry.event, events.TaskScored) else 0.0


def _confidence(entry: AuditEntry) -> float:
    return entry.after.rolling_confidence if entry.after else 0.0


def _y(value: float) -> float:
    return _HEIGHT * (1 - value)


def _thousandths(share: float) -> str:
    return _rounded(1000 * share)


def _rounded(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
