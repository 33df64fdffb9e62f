"""The gate's verdict on a screen: a bar, the confidence, the verdict and its evidence."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from plangate.application.gate_decision import GateDecision
from plangate.application.numbers import number
from plangate.application.results import NO_EVIDENCE, Evidence, PlanStatus
from plangate.domain.confidence import reaches
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.cli.render.tables import STYLES
from plangate.infrastructure.cli.render.text import harmless

GO_ON: Final = "bold green"
REPLAN: Final = "bold red"
_NARROW: Final = 56
"""Columns below which a bar beside its numbers would be too short to read."""
LABELS: Final[Mapping[Verdict, str]] = {
    Verdict.GO: "Go on.",
    Verdict.REPLAN: "Replan first.",
    Verdict.WAIT: "Wait.",
    Verdict.BLOCKED: "Blocked.",
    Verdict.COMPLETE: "Complete.",
    Verdict.PAUSED: "Paused.",
    Verdict.ARCHIVED: "Archived.",
    Verdict.DELETED: "Deleted.",
}


class Gauge:
    """A bar from 0 to 1, filled up to a confidence, with a mark at the threshold."""

    def __init__(self, confidence: float, threshold: float, *, passes: bool, width: int) -> None:
        self._confidence = confidence
        self._threshold = threshold
        self._style = "green" if passes else "red"
        self._width = width

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        filled, empty, mark = "=-|" if options.ascii_only else "━─┃"
        width = min(self._width, options.max_width)
        full = round(self._confidence * width)
        bar = Text(filled * full, style=self._style) + Text(empty * (width - full), style="dim")
        at = min(int(self._threshold * width), width - 1)
        yield bar[:at] + Text(mark, style="bold yellow") + bar[at + 1 :]

    def __rich_measure__(self, _console: Console, options: ConsoleOptions) -> Measurement:
        width = min(self._width, options.max_width)
        return Measurement(width, width)


class _Measured:
    """A confidence and its threshold: in one row with the bar, on a narrow screen below it."""

    def __init__(self, bar: Gauge | None, measured: Text, threshold: Text) -> None:
        self._bars = [] if bar is None else [bar]
        self._measured = measured
        self._threshold = threshold

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < _NARROW:
            yield from self._bars
            beside = "  " if self._bars else "\n"
            yield Text.assemble("confidence ", self._measured, beside, self._threshold)
            return
        row = Table.grid(padding=(0, 1))
        row.add_row("confidence", *self._bars, self._measured, self._threshold)
        yield row


def render_gauge(
    confidence: float, threshold: float, evidence: Evidence, verdict: Verdict, sentence: str
) -> RenderableType:
    """The gauge, below it the verdict with a sentence, and how much has been judged.

    Without a score there is no bar: a full one would claim what was not judged.
    """
    now, wanted = number(confidence, threshold), number(threshold, confidence)
    passes = reaches(confidence, threshold)
    bar = Gauge(confidence, threshold, passes=passes, width=40)
    measured = Text(now, style=GO_ON if passes else REPLAN)
    row = _Measured(
        bar if evidence.scored else None,
        measured if evidence.scored else Text(NO_EVIDENCE, style="dim"),
        Text(f"threshold {wanted}", style="yellow", no_wrap=True),
    )
    said = evidence.sentence
    doubtful = (
        evidence.scoring_failed
        or evidence.clamped
        or evidence.done_unscored
        or evidence.awaits_judges
    )
    return Group(
        row,
        Text.assemble((LABELS[verdict], f"bold {STYLES[verdict]}"), sentence and f" {sentence}"),
        *(
            []
            if said == NO_EVIDENCE
            else [Text(f"{said[0].upper()}{said[1:]}.", style="yellow" if doubtful else "dim")]
        ),
    )


def render_decision(decision: GateDecision) -> RenderableType:
    """The gauge of a decision, and why it was made."""
    return render_gauge(
        decision.rolling_confidence,
        decision.threshold,
        decision.evidence,
        decision.verdict,
        harmless(decision.reason),
    )


def render_plan_gauge(plan: PlanStatus) -> RenderableType:
    """The gauge of a plan; a confidence that disagrees with the verdict is explained."""
    confidence, threshold = plan.rolling_confidence, plan.confidence_threshold
    below = f"{number(confidence, threshold)} is below {number(threshold, confidence)}"
    sentence = below if plan.needs_replan else ""
    if plan.gate.exhausted:
        sentence = "No replans are left, so only an approval leads on"
    elif plan.replan_due and not plan.needs_replan:
        sentence = "The last replan was not answered yet"
    elif plan.needs_replan and not plan.replan_due:
        sentence = f"{below}, but no replan is due"
    return render_gauge(
        confidence, threshold, plan.evidence, plan.verdict, sentence and f"{sentence}."
    )
