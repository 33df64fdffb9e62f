"""Cases as numpy columns, and the statistics that follow from sums by plan."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.cases import Cases, JudgeScores
from plangate.infrastructure.statistics.intervals import Floats
from plangate.infrastructure.statistics.resampling import (
    Basis,
    WeightedValues,
    effective,
    group_sums,
    ratio,
)

Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]


class Columns(NamedTuple):
    """Cases of `plans` plans, numbered from 0: a score or a confidence, and the outcome."""

    plan: Numbers
    score: Floats
    accepted: Flags
    plans: int

    @classmethod
    def of(cls, rows: Cases | JudgeScores) -> "Columns":
        """The columns of all cases, or of all scores of judges."""
        score = rows.confidence if isinstance(rows, Cases) else rows.score
        plan = np.array(rows.plan, dtype=np.intp)
        accepted = np.array(rows.accepted, dtype=np.bool_)
        return cls._numbered(plan, np.array(score, dtype=np.float64), accepted)

    def at(self, places: Numbers | Flags) -> "Columns":
        """Some of the cases."""
        return self._numbered(self.plan[places], self.score[places], self.accepted[places])

    @classmethod
    def _numbered(cls, plan: Numbers, score: Floats, accepted: Flags) -> "Columns":
        found, numbered = np.unique(plan, return_inverse=True)
        return cls(numbered.astype(np.intp), score, accepted, len(found))

    @property
    def fewer(self) -> int:
        """How many were accepted or rejected, whichever is less."""
        accepted = int(self.accepted.sum())
        return min(accepted, len(self.accepted) - accepted)

    @property
    def width(self) -> int:
        """How many cases a plan has, on average."""
        return max(1, len(self.plan) // max(self.plans, 1))

    def sums(self, of_cases: Flags | Floats) -> Floats:
        """Values of the cases, summed by plan."""
        return group_sums(self.plan, self.plans, of_cases)

    def basis(self, fewer: int, *, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Basis:
        """What an estimate over all cases rests on, unless it is a share."""
        sizes = self.sums(np.ones(len(self.plan)))
        return Basis(
            len(self.plan),
            self.plans,
            fewer,
            share=False,
            bounds=bounds,
            effective=effective(sizes),
        )


def ranking(columns: Columns) -> WeightedValues:
    """How often a rejected case has the lower score than an accepted one; ties count half."""
    order = np.argsort(columns.score, kind="stable")
    plan, accepted = columns.plan[order], columns.accepted[order]
    starts = tie_starts(columns.score[order])

    def values(weights: Floats) -> Floats:
        ranked = weights[:, plan]
        of_accepted = np.add.reduceat(ranked * accepted, starts, axis=1)
        of_rejected = np.add.reduceat(ranked * ~accepted, starts, axis=1)
        in_all = of_accepted.sum(axis=1, keepdims=True)
        higher = in_all - np.cumsum(of_accepted, axis=1) + of_accepted / 2
        pairs = of_rejected.sum(axis=1) * in_all[:, 0]
        return ratio((of_rejected * higher).sum(axis=1), pairs)[None, :]

    return values


def tie_starts(ranked: Floats) -> Numbers:
    """Where each run of equal scores starts."""
    return np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
