"""What each judge's scores are worth, whether its bias changed, and the groups of a calibration."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from plangate.application.evidence.calibration import Calibration, CalibrationGroup
from plangate.application.evidence.cases import Grouping
from plangate.infrastructure.cli.render.estimates import points, share
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from plangate.infrastructure.cli.render.text import count, harmless

_BY_SCORE: Final = {Grouping.SCORER, Grouping.VERSION, Grouping.MONTH}
_SHOWN: Final = (0.5, 0.7, 0.9)


def judge_tables(answer: Calibration) -> Iterator[RenderableType]:
    """A row for each judge, and a sentence for each change."""
    if not answer.judges:
        return
    yield Text.assemble(
        ("What a judge's score is worth", "bold"), ": the share accepted, by an isotonic fit"
    )
    worths = Listing("judge", right("outcomes"), *(fixed(f"{score:g}") for score in _SHOWN))
    for judge in answer.judges:
        at = {round(one.score, 2): one.accepted for one in judge.worth}
        worths.add_row(
            harmless(judge.judge),
            f"{judge.accepted.cases:,}",
            *(share(at[score]) for score in _SHOWN),
        )
    yield worths
    yield Text("It is shown, and never applied to a score.", style="dim")
    biases = Listing("judge", right("mean score"), fixed("accepted"), fixed("too high by, points"))
    for judge in answer.judges:
        biases.add_row(
            harmless(judge.judge),
            f"{judge.mean_score:.2f}",
            share(judge.accepted),
            points(judge.bias),
        )
    yield biases
    yield from _changes(answer)


def _changes(answer: Calibration) -> Iterator[RenderableType]:
    how = f"{count(answer.comparisons, 'test')}, corrected by Benjamini–Hochberg"
    if not answer.comparisons:
        yield Text("Too few plans to test whether a judge changed.", style="dim")
        return
    changes = [change for judge in answer.judges for change in judge.changes]
    if not changes:
        yield Text(f"No judge is found to have changed ({how}).", style="dim")
        return
    for change in changes:
        yield Text.assemble(("Changed: ", "bold red"), harmless(change))
    yield Text(f"({how})", style="dim")


def group_table(by: str, groups: tuple[CalibrationGroup, ...]) -> Iterator[RenderableType]:
    """A row for each group."""
    yield Text(f"By {by}", style="bold")
    if not groups:
        yield Text("No outcome can be grouped.", style="dim")
        return
    table = Listing(
        by,
        right("cases"),
        fixed("accepted"),
        fixed("too high"),
        fixed("ranking"),
        fixed("stopped"),
    )
    for group in groups:
        table.add_row(
            harmless(group.name),
            f"{group.accepted.cases:,}",
            share(group.accepted),
            points(group.bias),
            share(group.ranking),
            share(group.gate_recall),
        )
    yield table
    newest = "Of several scores of a result, the newest names its group. "
    yield Text(
        f"{newest if by in _BY_SCORE else ''}too high: the mean confidence, in points; ranking: "
        "pairs in which the rejected one had the lower confidence; stopped: of the rejected, by "
        "the gate; –: not enough outcomes.",
        style="dim",
    )
