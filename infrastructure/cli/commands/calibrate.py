"""`plangate calibrate`: does low confidence predict rejection? Tables, and bars to look at."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from plangate.application.evidence.calibration import Calibration, Confidence, Estimate
from plangate.infrastructure.cli.commands.replay import Picture
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.render.gauge import Gauge
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless
from plangate.infrastructure.plots import plot

_NOT_ENOUGH: Final = "not enough outcomes"
_CHANCE: Final = 0.5
_BAR: Final = 24

PlanIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="PLAN", help="The plans' ids.", autocompletion=plan_ids),
]


def calibrate(
    terminal: Terminal,
    plans: PlanIds = None,
    *,
    confidence: Annotated[
        Confidence,
        typer.Option(
            "--confidence", metavar="WHICH", help="The task's own, or its plan's: task or rolling."
        ),
    ] = Confidence.TASK,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of what is drawn by chance.")
    ] = 0,
    picture: Picture = None,
) -> None:
    """Hold confidence against outcomes, to tell whether a low one predicts rejection."""
    with progress_bar(terminal, "reading outcomes") as progress:
        answer = terminal.registry.evidence.calibrate(
            plans or None, confidence=confidence, seed=seed, progress=progress
        )
    for one in answer.unreadable:
        terminal.warn(f"{one.plan_id}@{one.version} cannot be read: {one.why}")
    if picture is not None:
        plot(answer, picture)
    terminal.answer(answer, _shown)


def _shown(answer: Calibration, _hint: Hint) -> RenderableType:
    heading = [
        Text("Does low confidence predict rejection?", style="bold"),
        Text(_rests_on(answer), style="dim"),
        Text.assemble(*_ranking(answer.ranking)),
        *_brier(answer),
    ]
    if answer.ranking.value is None and all(one.accepted.value is None for one in answer.bins):
        return Group(*heading)
    return Group(
        *heading,
        _reliability(answer),
        Text("The mark is the mean confidence: where the bar should end.", style="dim"),
        _thresholds(answer),
        Text(
            f"In brackets: 95% intervals, from {answer.resamples:,} draws of whole plans.",
            style="dim",
        ),
    )


def _rests_on(answer: Calibration) -> str:
    told = ", ".join(f"{harmless(name)} {number:,}" for name, number in answer.sources.items())
    rests = (
        f"{count(answer.cases, 'outcome')} of {count(answer.plans, 'plan')}"
        f"{told and f' ({told})'}: {answer.accepted:,} accepted, {answer.rejected:,} rejected; "
        f"{answer.confidence} confidence"
    )
    left_out = f"; {answer.unscored:,} of unscored tasks left out" if answer.unscored else ""
    return rests + left_out


def _ranking(ranking: Estimate) -> tuple[tuple[str, str], str]:
    if ranking.value is None or ranking.low is None or ranking.high is None:
        return ("Nobody can progress: ", "yellow"), ranking.reason or _NOT_ENOUGH
    said = (
        f"of a rejected and an accepted task, the rejected one had the lower confidence in "
        f"{_percent(ranking)} (chance: 50%)."
    )
    if ranking.low > _CHANCE:
        return ("Yes: ", "bold green"), said
    if ranking.high < _CHANCE:
        return ("On the contrary: ", "bold red"), said
    return ("It cannot be told from chance: ", "yellow"), said


def _brier(answer: Calibration) -> Iterator[Text]:
    if answer.brier.value is not None:
        yield Text(
            f"Brier score {_plain(answer.brier)}; always expecting the base rate has "
            f"{_plain(answer.base_brier)}. Lower is better."
        )


def _reliability(answer: Calibration) -> Table:
    table = tables.table_of(
        Column("confidence", no_wrap=True),
        Column("outcomes", justify="right", no_wrap=True),
        Column("accepted", no_wrap=True),
        Column(""),
    )
    for one in answer.bins:
        figure = one.accepted
        bar: RenderableType = ""
        if figure.value is not None and one.mean_confidence is not None:
            bar = Gauge(
                figure.value,
                one.mean_confidence,
                passes=_lies_within(figure, one.mean_confidence),
                width=_BAR,
            )
        table.add_row(
            f"{one.at_least:.1f} – {one.below:.1f}",
            f"{figure.cases:,}",
            _told(figure) if figure.cases else Text("–", style="dim"),
            bar,
        )
    return table


def _thresholds(answer: Calibration) -> Table:
    table = tables.table_of(
        Column("gate", no_wrap=True),
        Column("below", justify="right", no_wrap=True),
        Column("of them rejected", overflow="fold"),
        Column("of all rejected", overflow="fold"),
        Column("passed", justify="right", no_wrap=True),
        Column("of them accepted", overflow="fold"),
    )
    dividing = [point for point in answer.thresholds if point.below and point.above]
    for point in dividing:
        table.add_row(
            f"{point.threshold:.2f}",
            f"{point.below:,}",
            _told(point.precision),
            _told(point.recall),
            f"{point.above:,}",
            _told(point.passed),
        )
    return table


def _told(figure: Estimate) -> Text:
    if figure.value is None:
        return Text(_NOT_ENOUGH, style="dim")
    return Text(_percent(figure))


def _lies_within(figure: Estimate, value: float) -> bool:
    return figure.low is not None and figure.high is not None and figure.low <= value <= figure.high


def _percent(figure: Estimate) -> str:
    return f"{figure.value:.0%} [{figure.low:.0%}, {figure.high:.0%}]".replace("%,", ",").replace(
        "%]", "]"
    )


def _plain(figure: Estimate) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
