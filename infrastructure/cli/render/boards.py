"""The task board, the confidence over time and the replans on a screen."""

from collections.abc import Callable
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.numbers import number
from plangate.application.views.board import BoardPage
from plangate.application.views.replans import ReplanPage
from plangate.application.views.timeline import TimelinePage
from plangate.infrastructure.cli.render import tables, text
from plangate.infrastructure.cli.render.gauge import Gauge

_BAR: Final = 14


def render_board(*, one_plan: bool) -> Callable[[BoardPage, text.Hint], RenderableType]:
    """How to show tasks: those of one plan, or of several."""

    def render(page: BoardPage, _hint: text.Hint) -> RenderableType:
        if not page.tasks:
            return Text("No tasks.")
        table = tables.Listing(
            tables.fixed("task"),
            *([] if one_plan else [tables.fixed("plan")]),
            Column("title", ratio=1, overflow="fold"),
            tables.fixed("status"),
            tables.fixed("since"),
            tables.right("confidence"),
            Column("worker", overflow="fold"),
            fill=True,
        )
        for task in page.tasks:
            until = f", until {text.until(task.lease_until)}" if task.lease_until else ""
            table.add_row(
                Text(text.harmless(task.task_id)),
                *([] if one_plan else [Text(text.harmless(task.plan_id))]),
                Text(text.harmless(task.title)),
                tables.status_text(task.status),
                text.ago(task.since),
                "–" if task.confidence is None else number(task.confidence),
                Text(text.harmless(task.worker or "") + until),
            )
        return Group(table, *_more(page.next))

    return render


def render_timeline(page: TimelinePage, _hint: text.Hint) -> RenderableType:
    """Each score, with the confidence of its plan after it."""
    if not page.scores:
        return Text("No scores.")
    table = tables.Listing(
        tables.right("@"),
        tables.fixed("when"),
        tables.fixed("task"),
        tables.fixed("score"),
        tables.right("confidence"),
        Column("", width=_BAR),
    )
    for one in page.scores:
        confidence, threshold = one.rolling_confidence, one.confidence_threshold
        passes = confidence >= threshold
        table.add_row(
            str(one.version),
            text.timestamp(one.at),
            Text(text.harmless(one.task_id)),
            f"{one.kind} {one.score:.2f}",
            Text(number(confidence, threshold), style="green" if passes else "red"),
            Gauge(confidence, threshold, passes=passes, width=_BAR),
        )
    return Group(table, *_more(page.next))


def render_replans(page: ReplanPage, _hint: text.Hint) -> RenderableType:
    """Each replan that a gate triggered."""
    if not page.replans:
        return Text("No replans.")
    table = tables.Listing(
        tables.fixed("event"),
        tables.fixed("when"),
        tables.fixed("task"),
        tables.right("confidence"),
        tables.right("threshold"),
        tables.right("replan"),
    )
    for one in page.replans:
        confidence, threshold = one.rolling_confidence, one.confidence_threshold
        table.add_row(
            Text(text.harmless(f"{one.plan_id}@{one.version}")),
            text.timestamp(one.at),
            Text(text.harmless(one.task_id)),
            number(confidence, threshold),
            number(threshold, confidence),
            str(one.replan_count),
        )
    return Group(table, *_more(page.next))


def _more(following: str | None) -> list[Text]:
    return [] if following is None else [Text("There are more: -n N shows N.", style="dim")]
