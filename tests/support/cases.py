"""Cases as columns, for the statistics."""

from collections.abc import Iterable

from plangate.application.evidence.cases import Case, Cases, Grouping
from plangate.infrastructure.statistics.columns import Columns


def cases_of(cases: Iterable[Case], *groupings: Grouping) -> Cases:
    """The cases, with the groups of some groupings."""
    found = Cases(groupings)
    for case in cases:
        found.add(case)
    return found


def columns_of(cases: Iterable[Case]) -> Columns:
    """The cases as numpy columns."""
    return Columns.of(cases_of(cases))
