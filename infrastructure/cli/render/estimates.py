"""Estimates as text: the value, and in brackets its 95% interval."""

from typing import Final

from rich.text import Text

from plangate.application.evidence.estimates import Estimate

NOT_ENOUGH: Final = "not enough outcomes"

NOTHING: Final = "–"
"""Stands for an estimate where there is no room to say why it is missing."""


def share(estimate: Estimate, missing: str = NOT_ENOUGH) -> Text:
    """A share in percent, or that it is missing."""
    return _unless_missing(estimate, in_percent(estimate), missing)


def decimals(estimate: Estimate, digits: int, missing: str = NOT_ENOUGH) -> Text:
    """A number, or that it is missing."""
    return _unless_missing(estimate, decimal(estimate, digits), missing)


def points(estimate: Estimate, missing: str = NOT_ENOUGH) -> Text:
    """A difference of shares in points, as in `+6 [-2, +13]`, or that it is missing."""
    value, low, high = (f"{round(100 * part):+d}" for part in _parts(estimate))
    return _unless_missing(estimate, f"{value} [{low}, {high}]", missing)


def in_percent(estimate: Estimate) -> str:
    """As in `71% [60, 80]`."""
    value, low, high = _parts(estimate)
    return f"{value:.0%} [{100 * low:.0f}, {100 * high:.0f}]"


def decimal(estimate: Estimate, digits: int = 3) -> str:
    """As in `0.714 [0.601, 0.802]`."""
    value, low, high = (f"{part:.{digits}f}" for part in _parts(estimate))
    return f"{value} [{low}, {high}]"


def _unless_missing(estimate: Estimate, text: str, missing: str) -> Text:
    return Text(missing, style="dim") if estimate.value is None else Text(text)


def _parts(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0
