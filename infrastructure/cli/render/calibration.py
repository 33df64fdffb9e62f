"""Does low confidence predict rejection? The answer in a sentence, tables and bars."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.estimates import Estimate
from plangate.application.rerun.assumptions import ASSUMED
from plangate.infrastructure.cli.render.estimates import (
    decimal,
    in_percent,
    share,
)
from plangate.infrastructure.cli.render.gate_worth import cost_table, gate_worth, more_table
from plangate.infrastructure.cli.render.gauge import Gauge
from plangate.infrastructure.cli.render.judges import group_table, judge_tables
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from plangate.infrastructure.cli.render.text import Hint, count, harmless

_CHANCE: Final = 0.5
_BAR: Final = 24


def render_calibration(answer: Calibration, _hint: Hint) -> RenderableType:
    """The answer, the reliability of each confidence range, and what each threshold would do."""
    heading = [
        Text("Does low confidence predict rejection?", style="bold"),
        Text(_basis(answer), style="dim"),
        Text.assemble(*_ranking(answer.ranking)),
        *_brier(answer),
    ]
    asked = [*_groups(answer), *_costs(answer)]
    if answer.ranking.value is None and all(one.accepted.value is None for one in answer.bins):
        return Group(*heading, *asked)
    return Group(
        *heading,
        _reliability(answer),
        Text("The mark is the mean confidence: where the bar should end.", style="dim"),
        _thresholds(answer),
        *gate_worth(answer.gate),
        *judge_tables(answer),
        *asked,
        *more_table(answer.more),
        Text(
            f"In brackets: 95% intervals, from {answer.resamples:,} draws of whole plans. –: not "
            "enough outcomes." + (f" {ASSUMED}" if answer.assumptions else ""),
            style="dim",
        ),
    )


def _groups(answer: Calibration) -> Iterator[RenderableType]:
    return iter(()) if answer.by is None else group_table(answer.by, answer.groups)


def _costs(answer: Calibration) -> Iterator[RenderableType]:
    return iter(()) if answer.costs is None else cost_table(answer.costs)


def _basis(answer: Calibration) -> str:
    sources = ", ".join(f"{harmless(name)} {cases:,}" for name, cases in answer.sources.items())
    basis = (
        f"{count(answer.cases, 'outcome')} of {count(answer.plans, 'plan')}"
        f"{sources and f' ({sources})'}: {answer.accepted:,} accepted, "
        f"{answer.rejected:,} rejected; "
        f"{answer.confidence} confidence"
    )
    left_out = f"; {answer.unscored:,} of unscored tasks left out" if answer.unscored else ""
    return basis + left_out


def _ranking(ranking: Estimate) -> tuple[tuple[str, str], str]:
    if ranking.value is None or ranking.low is None or ranking.high is None:
        return ("Inconclusive: ", "yellow"), ranking.reason or "not enough outcomes"
    sentence = (
        f"of a rejected and an accepted task, the rejected one had the lower confidence in "
        f"{in_percent(ranking)} (chance: 50%)."
    )
    if ranking.low > _CHANCE:
        return ("Yes: ", "bold green"), sentence
    if ranking.high < _CHANCE:
        return ("On the contrary: ", "bold red"), sentence
    return ("No better than chance: ", "yellow"), sentence


def _brier(answer: Calibration) -> Iterator[Text]:
    if answer.brier.value is not None:
        yield Text(
            f"Brier score {decimal(answer.brier)}; always expecting the base rate has "
            f"{decimal(answer.base_brier)}. Lower is better."
        )


def _reliability(answer: Calibration) -> Listing:
    table = Listing(fixed("confidence"), right("outcomes"), fixed("accepted"), Column(""))
    for one in answer.bins:
        estimate = one.accepted
        bar: RenderableType = ""
        if estimate.value is not None and one.mean_confidence is not None:
            bar = Gauge(
                estimate.value,
                one.mean_confidence,
                passes=_lies_within(estimate, one.mean_confidence),
                width=_BAR,
            )
        table.add_row(
            f"{one.at_least:.1f} – {one.below:.1f}",
            f"{estimate.cases:,}",
            share(estimate),
            bar,
        )
    return table


def _thresholds(answer: Calibration) -> Listing:
    table = Listing(
        right("cut"),
        right("below"),
        "of them rejected",
        "of all rejected",
        right("passed"),
        "of them accepted",
    )
    dividing = [point for point in answer.thresholds if point.below and point.above]
    for point in dividing:
        table.add_row(
            f"{point.threshold:.2f}",
            f"{point.below:,}",
            share(point.precision),
            share(point.recall),
            f"{point.above:,}",
            share(point.passed),
        )
    return table


def _lies_within(estimate: Estimate, value: float) -> bool:
    return (
        estimate.low is not None
        and estimate.high is not None
        and estimate.low <= value <= estimate.high
    )
