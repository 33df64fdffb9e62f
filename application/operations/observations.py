"""How observations are put: few words for each, and not without end."""

from collections.abc import Iterable, Iterator
from typing import Final

from plangate.application.errors import StoreError
from plangate.application.operations.reports import Health, Observation

RESTORE: Final = "bring a backup back: plangate restore-backup"

MOST: Final = 100
"""Observations that one check tells one by one; of more, it tells how many they are."""


class Told:
    """The observations of one check: the first of them one by one, then their number."""

    def __init__(self, check: str, fine: str) -> None:
        self._check = check
        self._fine = fine
        self._found: list[Observation] = []
        self._more = 0

    def take(self, observations: Iterable[Observation]) -> None:
        """Take note of observations."""
        for observation in observations:
            if len(self._found) < MOST:
                self._found.append(observation)
            else:
                self._more += 1

    def observations(self) -> Iterator[Observation]:
        """What was found; that all is well where that was nothing."""
        if not self._found:
            yield fine(self._check, self._fine)
        yield from self._found
        if self._more:
            yield self._found[-1].model_copy(
                update={"found": f"and {self._more:,} more", "place": None, "advice": None}
            )


def guarded(check: str, observations: Iterable[Observation]) -> Iterator[Observation]:
    """The observations, and that there could be no more where the store failed."""
    try:
        yield from observations
    except StoreError as error:
        yield problem(check, f"cannot be examined: {error}", None, RESTORE)


def fine(check: str, found: str) -> Observation:
    """That all is well."""
    return Observation(check=check, health=Health.OK, found=found)


def problem(check: str, found: str, place: str | None, advice: str | None) -> Observation:
    """That something is wrong."""
    return Observation(check=check, health=Health.PROBLEM, found=found, place=place, advice=advice)


def warning(check: str, found: str, place: str | None, advice: str | None) -> Observation:
    """That something needs a look."""
    return Observation(check=check, health=Health.WARNING, found=found, place=place, advice=advice)
