"""Estimates as text: the value, and in brackets its 95% interval."""

from typing import Final

from rich.text import Text

from plangate.application.evidence.estimates import Estimate

NOTHING: Final = "–"
"""Stands for an estimate that is missing; why is said once, beside the table."""


def share(estimate: Estimate) -> Text:
    """A share in percent; a dash where it is missing."""
    return _unless_missing(estimate, in_percent(estimate))


def decimals(estimate: Estimate) -> Text:
    """A number; a dash where it is missing."""
    return _unless_missing(estimate, decimal(estimate, 2))


def points(estimate: Estimate) -> Text:
    """A difference of shares in points, as in `+6 [-2, +13]`; a dash where it is missing."""
    value, low, high = (f"{round(100 * part):+d}" for part in _parts(estimate))
    return _unless_missing(estimate, f"{value} [{low}, {high}]")


def in_percent(estimate: Estimate) -> str:
    """As in `71% [60, 80]`."""
    value, low, high = _parts(estimate)
    return f"{value:.0%} [{100 * low:.0f}, {100 * high:.0f}]"


def decimal(estimate: Estimate, digits: int = 3) -> str:
    """As in `0.714 [0.601, 0.802]`."""
    value, low, high = (f"{part:.{digits}f}" for part in _parts(estimate))
    return f"{value} [{low}, {high}]"


def _unless_missing(estimate: Estimate, text: str) -> Text:
    return Text(NOTHING, style="dim") if estimate.value is None else Text(text)


def _parts(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0
