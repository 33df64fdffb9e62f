"""Make observations, and limit how many one check lists."""

from collections.abc import Iterable, Iterator
from typing import Final

from plangate.application.errors import StoreError
from plangate.application.operations.reports import Health, Observation

RESTORE: Final = "bring a backup back: plangate store restore"

MAX_LISTED: Final = 100
"""How many observations of one check are listed; the others are counted."""


class CheckResult:
    """The observations of one check: the first ones, then the number of the others."""

    def __init__(self, check: str, fine: str) -> None:
        self._check = check
        self._fine = fine
        self._listed: list[Observation] = []
        self._more = 0

    def add(self, observations: Iterable[Observation]) -> None:
        """Add what the check found."""
        for observation in observations:
            if len(self._listed) < MAX_LISTED:
                self._listed.append(observation)
            else:
                self._more += 1

    def observations(self) -> Iterator[Observation]:
        """What was found, or that all is well."""
        if not self._listed:
            yield fine(self._check, self._fine)
        yield from self._listed
        if self._more:
            yield self._listed[-1].model_copy(
                update={"found": f"and {self._more:,} more", "place": None, "advice": None}
            )


def guarded(check: str, observations: Iterable[Observation]) -> Iterator[Observation]:
    """The observations; where the store fails, that too is one."""
    try:
        yield from observations
    except StoreError as error:
        yield problem(check, f"cannot be examined: {error}", None, RESTORE)


def fine(check: str, found: str) -> Observation:
    """An observation that all is well."""
    return Observation(check=check, health=Health.OK, found=found)


def problem(check: str, found: str, place: str | None, advice: str | None) -> Observation:
    """An observation that something is wrong."""
    return Observation(check=check, health=Health.PROBLEM, found=found, place=place, advice=advice)


def warning(check: str, found: str, place: str | None, advice: str | None) -> Observation:
    """An observation that needs attention."""
    return Observation(check=check, health=Health.WARNING, found=found, place=place, advice=advice)
