"""How a plan's rolling confidence moved, with the scores and what the gate did."""

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.history.audit import AuditEntry
from plangate.application.numbers import number
from plangate.application.replay.summary import times_fired
from plangate.domain import events
from plangate.domain.events import PlanEvent
from plangate.domain.judging import judge_key
from plangate.infrastructure.charts import score_points, shown_events, svg
from plangate.infrastructure.charts.shown_events import COLUMNS, HEIGHT, Versions
from plangate.infrastructure.charts.svg import Chart, DataTable

_TITLE: Final = "Confidence over time"
_TOP: Final = 34
"""Above the plot, a row for what happened to the plan."""

_LINE: Final = "#1f5fa8"
_THRESHOLD: Final = "#b3261e"
_ANSWER: Final = "#1b6e3c"
_EVENTS: Final = "#5a616b"

_LANE: Final = 40
"""At most so many events of a kind are drawn in the row above the plot."""

_TABLE_ROWS: Final = 500
_NAMES: Final = {
    shown_events.REPLAN: "gate fired",
    shown_events.ATTEMPT: "new attempt, with its number",
    shown_events.APPROVED: "approved",
    shown_events.REVISED: "revised",
}


def confidence_over_time(entries: Iterable[AuditEntry], threshold: float) -> Chart:
    """Draw the history of one plan, as `registry.history.audit(plan_id)` lists it.

    The horizontal axis counts versions, so that work between long pauses stays readable.
    """
    known = [entry for entry in entries if entry.event is not None and entry.after is not None]
    shown = [entry for entry in known if shown_events.chart_name(entry.event) is not None]
    description = _description(known, threshold)
    axis = Versions(known)
    curves = [_line(axis, known), score_points.judged_points(axis, known)]
    drawn = svg.picture(
        _TITLE,
        description,
        _TOP + HEIGHT + 42,
        svg.placed(
            0,
            _TOP,
            svg.unit_scale(shown_events.height_of),
            _replans(axis, known),
            _thresholds(known, threshold),
            *(reversed(curves) if len(known) > COLUMNS else curves),
            _lane(axis, known),
            _labels(known, threshold),
            _axis(axis, known),
        ),
        class_="pg-plot pg-named pg-confidence",
    )
    return Chart(drawn, _TITLE, description, _table(shown), _legend(known))


# --- what is drawn -------------------------------------------------------------


def _exit_threshold(entries: Sequence[AuditEntry]) -> float | None:
    """Where a tripped gate opens again, if that is another confidence than it trips at."""
    created = (one.event for one in entries if isinstance(one.event, events.PlanCreated))
    return next((event.policy.exit_threshold for event in created), None)


def _thresholds(entries: Sequence[AuditEntry], threshold: float) -> Markup:
    """Where the gate trips: long dashes; and where it opens again: short ones."""
    look: dict[str, str | float] = {"stroke": _THRESHOLD, "class_": "pg-threshold"}
    y = shown_events.height_of
    lines = [svg.across(y(threshold), stroke_width=1.5, stroke_dasharray="6 4", **look)]
    opens_at = _exit_threshold(entries)
    if opens_at is not None:
        lines.append(svg.across(y(opens_at), stroke_width=1, stroke_dasharray="2 3", **look))
    return svg.group(lines)


def _labels(entries: Sequence[AuditEntry], threshold: float) -> Markup:
    """The names of the lines, beside them."""
    y, opens_at, alarm = shown_events.height_of, _exit_threshold(entries), "pg-threshold-label"
    labels = [(y(threshold), f"threshold {number(threshold)}", _THRESHOLD, alarm)]
    if opens_at is not None:
        labels.append((y(opens_at), f"opens at {number(opens_at)}", _THRESHOLD, alarm))
    if shown_events.first_counting(entries) < len(entries):
        last = shown_events.confidence(entries[-1])
        labels.append((y(last), number(last, threshold), _LINE, "pg-line-label"))
    return svg.line_names(labels, HEIGHT)


def _line(axis: Versions, entries: Sequence[AuditEntry]) -> Markup:
    """The confidence as steps: dotted while nothing is scored, then solid."""
    scored = shown_events.first_counting(entries)
    parts = []
    before, after = entries[: scored + 1], entries[scored:]
    if len(before) > 1:
        parts.append(_steps(axis, before[:-1], before[-1].version, "1.5 4", "pg-unscored"))
    if after:
        parts.append(_steps(axis, _thinned(axis, after), axis.last, None, "pg-line"))
    return svg.group(parts)


def _steps(
    axis: Versions, entries: Sequence[AuditEntry], until: int, dashes: str | None, class_: str
) -> Markup:
    path = list[str]()
    for entry in entries:
        x, y = (
            _thousandths(axis.share(entry.version)),
            _rounded(_y(entry)),
        )
        path.append(f"H{x}V{y}" if path else f"M{x} {y}")
    path.append(f"H{_thousandths(axis.share(until))}")
    return svg.stretched(
        path,
        HEIGHT,
        fill="none",
        stroke=_LINE,
        stroke_width=2,
        stroke_dasharray=dashes,
        stroke_linejoin="round",
        class_=class_,
    )


def _thinned(axis: Versions, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The first, lowest, highest and last of each column, where there are many."""
    if len(entries) <= 4 * COLUMNS:
        return list(entries)
    columns: dict[int, list[AuditEntry]] = {}
    for entry in entries:
        columns.setdefault(axis.column(entry.version, COLUMNS), []).append(entry)
    kept: dict[int, AuditEntry] = {}
    for column in columns.values():
        ends = (
            column[0],
            min(column, key=shown_events.confidence),
            max(column, key=shown_events.confidence),
            column[-1],
        )
        kept.update((one.version, one) for one in sorted(ends, key=lambda one: one.version))
    return list(kept.values())


def _replans(axis: Versions, entries: Sequence[AuditEntry]) -> Markup:
    """A thin line down from each replan, unless there are too many to see through."""
    fired = [entry for entry in entries if isinstance(entry.event, events.ReplanTriggered)]
    return svg.group(
        svg.element(
            "line",
            x1=svg.percent(axis.share(entry.version)),
            x2=svg.percent(axis.share(entry.version)),
            y1=-10,
            y2=HEIGHT,
            stroke=_THRESHOLD,
            stroke_width=1,
            stroke_dasharray="2 3",
            class_="pg-fired-line",
        )
        for entry in (fired if len(fired) <= _LANE else ())
    )


def _lane(axis: Versions, entries: Sequence[AuditEntry]) -> Markup:
    """The row above the plot: replans, new attempts and the answers to replans."""
    marked = [entry for entry in entries if shown_events.symbol(entry.event) is not None]
    symbols = []
    by_symbol = shown_events.cells(axis, marked, _LANE, lambda one: shown_events.symbol(one.event))
    for entry, others in by_symbol:
        hover = svg.element("title", shown_events.sentence(entry, others))
        symbols.append(svg.placed(axis.share(entry.version), -17, _drawn(entry.event, hover)))
    return svg.group(symbols)


def _drawn(event: PlanEvent | None, *content: Markup) -> Markup:
    path = shown_events.symbol(event)
    match event:
        case events.ReplanTriggered():
            return svg.element("path", *content, d=path, fill=_THRESHOLD, class_="pg-fired")
        case events.AttemptStarted():
            box = svg.element("path", d=path, fill=_EVENTS, class_="pg-retry")
            look = {"text_anchor": "middle", "fill": "#fff", "class_": "pg-retry-number"}
            number_of = svg.element("text", f"{min(event.attempt, 9)}", x=0, y=3.5, **look)
            return svg.group([*content, box, number_of])
        case _:
            look = {"fill": "none", "stroke": _ANSWER, "class_": "pg-answer"}
            return svg.element("path", *content, d=path, stroke_width=2.5, **look)


def _axis(axis: Versions, entries: Sequence[AuditEntry]) -> Markup:
    """Versions below the plot, and below them when the first and the last were recorded."""
    if not entries:
        return svg.axis_label("nothing recorded yet", 0.5, HEIGHT / 2, text_anchor="middle")
    labels = [
        svg.axis_label(f"@{version}", axis.share(version), HEIGHT + 18, text_anchor="middle")
        for version in svg.ticks(axis.first, axis.last)
    ]
    first, last = (shown_events.recorded_when(entries[place]) for place in (0, -1))
    labels.append(svg.axis_label(first, 0.0, HEIGHT + 36, text_anchor="start"))
    if axis.last > axis.first:
        labels.append(svg.axis_label(last, 1.0, HEIGHT + 36, text_anchor="end", dx=svg.MARGIN))
    return svg.group(labels)


def _legend(entries: Sequence[AuditEntry]) -> Markup:
    """What the symbols mean, of those that occur. Lines have their names beside them."""
    listed = list(score_points.keys(entries))
    for path, name in _NAMES.items():
        found = (one.event for one in entries if shown_events.symbol(one.event) == path)
        of_it = next(found, None)
        if of_it is not None:
            listed.append((svg.element("g", _drawn(of_it), transform="translate(10 6)"), name))
    return svg.legend(listed)


# --- in words ------------------------------------------------------------------


def _description(entries: Sequence[AuditEntry], threshold: float) -> str:
    scored = [entry for entry in entries if shown_events.is_score(entry)]
    if not scored:
        return f"No evidence yet: nothing has been scored. The threshold is {number(threshold)}."
    if shown_events.first_counting(entries) == len(entries):
        return (
            "No evidence yet: no task has been scored by enough judges. "
            f"The threshold is {number(threshold)}."
        )
    newest = entries[-1].after
    if newest is not None and not newest.scored:
        return f"No evidence any more: no score counts. The threshold is {number(threshold)}."
    last, opens_at = shown_events.confidence(entries[-1]), _exit_threshold(entries)
    lowest = min(entries, key=shown_events.confidence)
    replans = sum(isinstance(entry.event, events.ReplanTriggered) for entry in entries)
    judges = len({judge_key(entry.scorer) for entry in scored})
    by = f" by {judges:,} judges" if judges > 1 else ""
    reopens = "" if opens_at is None else f", and a tripped gate opens again at {number(opens_at)}"
    return (
        f"Rolling confidence is {number(last, threshold)} after "
        f"{len(scored):,} {'score' if len(scored) == 1 else 'scores'}{by}; "
        f"the threshold is {number(threshold, last)}{reopens}. "
        f"It was lowest at version {lowest.version:,}, "
        f"{number(shown_events.confidence(lowest), threshold)}. "
        f"The gate {times_fired(replans)}."
    )


def _table(entries: Sequence[AuditEntry]) -> DataTable:
    caption = "Scores, replans, new attempts and answers"
    if len(entries) > _TABLE_ROWS:
        caption += f": the newest {_TABLE_ROWS:,} of {len(entries):,}"
    columns = ("version", "recorded", "what", "task", "score", "confidence after", "who", "why")
    rows = tuple(
        (
            f"{entry.version}",
            shown_events.recorded_when(entry),
            shown_events.chart_name(entry.event) or "",
            entry.task_id or "",
            number(shown_events.score_of(entry)) if shown_events.is_score(entry) else "",
            shown_events.confidence_after(entry),
            shown_events.who(entry),
            svg.shortened(entry.why or "", shown_events.WHY),
        )
        for entry in entries[-_TABLE_ROWS:]
    )
    return DataTable(caption, columns, rows, numeric=frozenset({0, 4, 5}))


def _y(entry: AuditEntry) -> float:
    return shown_events.height_of(shown_events.confidence(entry))


def _thousandths(share: float) -> str:
    return _rounded(1000 * share)


def _rounded(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
