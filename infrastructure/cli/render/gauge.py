"""The gate's verdict on a screen: a bar, the confidence, and go on or replan."""

from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from plangate.infrastructure.cli.answers import Verdict
from plangate.infrastructure.cli.render.text import Hint, number

GO_ON: Final = "bold green"
REPLAN: Final = "bold red"


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


def render_verdict(verdict: Verdict, _hint: Hint) -> RenderableType:
    """The gauge, and below it whether a replan is due: the two may differ."""
    confidence, threshold = verdict.rolling_confidence, verdict.confidence_threshold
    now, wanted = number(confidence, threshold), number(threshold, confidence)
    row = Table.grid(padding=(0, 1))
    row.add_row(
        Text("confidence"),
        Gauge(confidence, threshold, passes=not verdict.needs_replan, width=40),
        Text(now, style=REPLAN if verdict.needs_replan else GO_ON),
        Text(f"threshold {wanted}", style="yellow"),
    )
    return Group(row, Text.assemble(*_sentence(verdict, f"{now} is below {wanted}")))


def _sentence(verdict: Verdict, below: str) -> tuple[tuple[str, str], str]:
    if verdict.gate.exhausted:
        return ("Replan first: ", REPLAN), "no replans are left, so only an approval leads on"
    if verdict.replan_due:
        why = below if verdict.needs_replan else "the last replan was not answered yet"
        return ("Replan first: ", REPLAN), why
    return ("Go on.", GO_ON), f" {below}, but no replan is due." if verdict.needs_replan else ""
