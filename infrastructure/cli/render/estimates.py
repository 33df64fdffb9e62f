"""Estimates as text: the value, and in brackets its 95% interval."""

from typing import Final

from rich.text import Text

from plangate.application.evidence.estimates import Estimate

NOT_ENOUGH: Final = "not enough outcomes"


def share(estimate: Estimate) -> Text:
    """A share in percent, or that there are not enough outcomes."""
    return Text(NOT_ENOUGH, style="dim") if estimate.value is None else Text(in_percent(estimate))


def decimals(estimate: Estimate, digits: int) -> Text:
    """A number, or that there are not enough outcomes."""
    if estimate.value is None:
        return Text(NOT_ENOUGH, style="dim")
    return Text(decimal(estimate, digits))


def in_percent(estimate: Estimate) -> str:
    """As in `71% [60, 80]`."""
    value, low, high = _parts(estimate)
    return f"{value:.0%} [{100 * low:.0f}, {100 * high:.0f}]"


def points(estimate: Estimate) -> Text:
    """A difference of shares in points, as in `+6 [-2, +13]`; or that there are too few."""
    if estimate.value is None:
        return Text(NOT_ENOUGH, style="dim")
    value, low, high = (f"{round(100 * part):+d}" for part in _parts(estimate))
    return Text(f"{value} [{low}, {high}]")


def decimal(estimate: Estimate, digits: int = 3) -> str:
    """As in `0.714 [0.601, 0.802]`."""
    value, low, high = (f"{part:.{digits}f}" for part in _parts(estimate))
    return f"{value} [{low}, {high}]"


def _parts(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0
