"""Estimates: statistics with their 95 % intervals; one that rests on too little has no value."""

from typing import Final

from plangate.application.results import Result

MIN_CASES: Final = 20
"""An estimate needs so many outcomes; with fewer, half its interval could be luck."""

MIN_PLANS: Final = 10
"""An estimate needs so many plans, because the intervals come from drawing plans."""

MIN_OF_EACH: Final = 10
"""Comparing accepted with rejected outcomes needs so many of each."""


class Estimate(Result):
    """A statistic, its 95 % interval, and how many outcomes and plans it rests on.

    With too few of them, `value`, `low` and `high` are None, and `reason` says why.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    cases: int
    plans: int
    reason: str | None = None

    @property
    def percent(self) -> str:
        """A share in words, as `48 % [36, 60]`, or why there is none."""
        if self.value is None or self.low is None or self.high is None:
            return self.reason or "not enough outcomes"
        return f"{100 * self.value:.0f} % [{100 * self.low:.0f}, {100 * self.high:.0f}]"


def too_few(
    cases: int,
    plans: int,
    fewer: int = MIN_OF_EACH,
    *,
    unit: str = "outcomes",
    group: str = "plans",
) -> str | None:
    """Why there is too little data for an estimate; None if there is enough.

    `fewer` is the number of accepted or of rejected outcomes, whichever is less, for an
    estimate that needs both. `unit` names the cases, `group` what is drawn.
    """
    return short_of(
        unit,
        (cases, MIN_CASES, unit),
        (plans, MIN_PLANS, group),
        (fewer, MIN_OF_EACH, "of each sort"),
    )


def short_of(unit: str, *counts: tuple[int, int, str]) -> str | None:
    """Why there is too little, from what there is, is needed and is counted; None if enough."""
    short = [f"{there} of {needed} {what}" for there, needed, what in counts if there < needed]
    return f"not enough {unit}: {', '.join(short)}" if short else None
