"""The scores in the chart of a plan's history, each judge with a symbol of its own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from plangate.application.history.audit import AuditEntry
from plangate.domain import events
from plangate.domain.judging import JudgeKey, judge_key
from plangate.domain.vocabulary import ScoreKind
from plangate.infrastructure.charts import svg
from plangate.infrastructure.charts.shown_events import (
    COLUMNS,
    Versions,
    cells,
    height_of,
    is_score,
    score_of,
    sentence,
)

_ROWS: Final = 8
_OUTPUT: Final = "#1f5fa8"
_PROMPT: Final = "#7a5c00"
_DIAMOND: Final = "M0 -5L5 0L0 5L-5 0Z"

_JUDGES: Final = (
    ("pg-output", _OUTPUT, "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z"),
    ("pg-output pg-judge-1", "#a04000", "M-4 -4H4V4H-4Z"),
    ("pg-output pg-judge-2", "#1b6e3c", "M0 -5L5 4H-5Z"),
    ("pg-output pg-judge-3", "#6b3fa0", "M0 5L5 -4H-5Z"),
)
"""The looks of the judges with the most output scores: a circle, a square, two triangles."""

_OTHERS: Final = ("pg-output pg-judge-others", "#5a616b", "M-4 -1.5H4V1.5H-4Z")


def judged_points(axis: Versions, entries: Sequence[AuditEntry]) -> Markup:
    """Each score: a filled symbol of a result, a hollow diamond of an instruction."""
    scores = [entry for entry in entries if is_score(entry)]
    looks, dense = _looks(scores), len(scores) > COLUMNS
    drawn = [] if dense else list(_together(axis, entries))
    for entry, others in cells(axis, scores, COLUMNS, lambda one: (_kind(one), _row(one))):
        hover = svg.element("title", sentence(entry, others))
        x, y = axis.share(entry.version), height_of(score_of(entry))
        if entry.score_kind is ScoreKind.PROMPT:
            drawn.append(svg.placed(x, y, _diamond(hover)))
        else:
            look = looks[judge_key(entry.scorer)]
            drawn.append(svg.placed(x, y, _symbol(look, hover, dense=dense)))
    return svg.group(drawn)


def keys(entries: Sequence[AuditEntry]) -> Iterator[tuple[Markup, str]]:
    """What the symbols mean, of those that occur."""
    scores = [entry for entry in entries if is_score(entry)]
    looks = _looks(scores)
    for judge, look in list(looks.items())[: len(_JUDGES)]:
        name = f"score by {' '.join(filter(None, judge)) or 'an unnamed judge'}"
        yield _centred(_symbol(look)), name if len(looks) > 1 else "output score"
    more = len(looks) - len(_JUDGES)
    if more > 0:
        yield _centred(_symbol(_OTHERS)), f"scores by {more:,} other judge{'s' * (more > 1)}"
    if any(entry.score_kind is ScoreKind.PROMPT for entry in scores):
        yield _centred(_diamond()), "prompt score"


_Look = tuple[str, str, str]


def _looks(scores: Sequence[AuditEntry]) -> Mapping[JudgeKey, _Look]:
    """How each judge of a result is drawn, those with the most scores first."""
    counts = Counter(
        judge_key(entry.scorer) for entry in scores if entry.score_kind is ScoreKind.OUTPUT
    )
    ordered = [judge for judge, _ in counts.most_common()]
    return {
        judge: _JUDGES[rank] if rank < len(_JUDGES) else _OTHERS
        for rank, judge in enumerate(ordered)
    }


def _together(axis: Versions, entries: Sequence[AuditEntry]) -> Iterator[Markup]:
    """A thin line through the scores that several judges gave one attempt of a task."""
    attempts: dict[str, list[list[AuditEntry]]] = {}
    for entry in entries:
        if isinstance(entry.event, events.AttemptStarted):
            attempts.setdefault(entry.event.task_id, []).append([])
        elif is_score(entry) and entry.score_kind is ScoreKind.OUTPUT:
            attempts.setdefault(entry.task_id or "", [[]])[-1].append(entry)
    for judged in (one for of_task in attempts.values() for one in of_task):
        if len({judge_key(entry.scorer) for entry in judged}) > 1:
            places = ((axis.share(one.version), height_of(score_of(one))) for one in judged)
            path = [f"{1_000 * x:.1f} {y:.1f}" for x, y in places]
            yield svg.stretched(
                [f"M{path[0]}", *(f"L{one}" for one in path[1:])],
                height_of(0),
                fill="none",
                stroke=svg.SOFT,
                stroke_width=1,
                stroke_opacity=0.5,
                class_="pg-together",
            )


def _symbol(look: _Look, *content: Markup, dense: bool = False) -> Markup:
    class_, color, path = look
    more: dict[str, str] = {"transform": "scale(0.625)"} if dense else {}
    class_ = f"{class_} pg-dense" if dense else class_
    return svg.element("path", *content, d=path, fill=color, stroke="#fff", class_=class_, **more)


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


def _centred(symbol: Markup) -> Markup:
    return svg.element("g", symbol, transform="translate(10 6)")


def _kind(entry: AuditEntry) -> object:
    judge = judge_key(entry.scorer) if entry.score_kind is ScoreKind.OUTPUT else None
    return entry.score_kind, judge


def _row(entry: AuditEntry) -> int:
    return int(score_of(entry) * _ROWS)
