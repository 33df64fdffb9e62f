"""How a gate separates bad results from good ones, with intervals where outcomes allow them."""

import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.scored_results import JudgedResult
from plangate.application.evidence.statistics import MakeStatistics, ShareCounts
from plangate.application.replay.plan_run import PlanRun
from plangate.application.results import Result

_MOST_GROUPS: Final = 2_000
"""More works than this are pooled at random, so that memory stays flat."""

_SEED: Final = 0

_Row = tuple[int, ...]
"""Bad results, those of them at which the gate was tripped; good ones, likewise."""

_NOTHING: Final[_Row] = (0, 0, 0, 0)


class Separation(Result):
    """Bad and good results, and at how many of each the gate was tripped when they were scored.

    `share_of_bad` and `share_of_good` have intervals from drawing whole works: plans of the
    same goal and titles are drawn together. They are None where what is bad is only what the
    judge said.
    """

    bad: int
    bad_tripped: int
    good: int
    good_tripped: int
    share_of_bad: Estimate | None = None
    share_of_good: Estimate | None = None


class SeparationSoFar:
    """Counts the results of the plans added so far, by what the plans are about."""

    def __init__(self) -> None:
        self.rows: dict[bytes | int, _Row] = {}

    def add(self, results: Iterable[JudgedResult], run: PlanRun, work: bytes) -> None:
        """Add the results of one more plan."""
        row = [0, 0, 0, 0]
        for result in results:
            at = 0 if result.bad else 2
            row[at] += 1
            row[at + 1] += run.was_tripped_at(result)
        if any(row):
            self._count(work, tuple(row))

    def extend(self, part: "SeparationSoFar") -> None:
        """Add the results of the plans that follow."""
        for work, row in part.rows.items():
            self._count(work, row)

    def result(self) -> Separation:
        """The numbers so far, without shares."""
        bad, bad_tripped, good, good_tripped = map(
            sum, zip(_NOTHING, *self.rows.values(), strict=True)
        )
        return Separation(bad=bad, bad_tripped=bad_tripped, good=good, good_tripped=good_tripped)

    def _count(self, work: bytes | int, row: _Row) -> None:
        if isinstance(next(iter(self.rows), work), int):
            work = _pooled(work)
        self._add(work, row)
        if len(self.rows) > _MOST_GROUPS:
            rows, self.rows = self.rows, {}
            for one, counted in rows.items():
                self._add(_pooled(one), counted)

    def _add(self, work: bytes | int, row: _Row) -> None:
        self.rows[work] = tuple(map(sum, zip(self.rows.get(work, _NOTHING), row, strict=True)))


def separations(
    counted: Sequence[SeparationSoFar], make_statistics: MakeStatistics
) -> list[Separation]:
    """The numbers of several policies with their shares, all from the same draws.

    Without the extra for statistics the shares have no intervals, and say so.
    """
    works = sorted({work for one in counted for work in one.rows}, key=repr)
    rows = [[one.rows.get(work, _NOTHING) for work in works] for one in counted]
    shares = [
        ShareCounts([row[of + 1] for row in table], [row[of] for row in table])
        for table in rows
        for of in (0, 2)
    ]
    try:
        found = list(make_statistics().shares(shares, _SEED))
    except AnalysisMissing as missing:
        found = [_plain(one, str(missing)) for one in shares]
    pairs = zip(counted, found[::2], found[1::2], strict=True)
    return [
        one.result().model_copy(update={"share_of_bad": bad, "share_of_good": good})
        for one, bad, good in pairs
    ]


def _plain(share: ShareCounts, missing: str) -> Estimate:
    """A share without its interval."""
    cases, groups = sum(share.among), sum(count > 0 for count in share.among)
    value = sum(share.having) / cases if cases else None
    return Estimate(value=value, cases=cases, plans=groups, reason=f"no interval: {missing}")


def _pooled(work: bytes | int) -> int:
    return work if isinstance(work, int) else zlib.crc32(work) % _MOST_GROUPS
