"""Simulated worlds: groups of cases, some of them bad, and policies that see them with noise.

What each policy does in a world of its kind is known from one with very many groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plangate.application.evidence.held_out import HeldOutFigures, PolicyCase, PolicySearch
from plangate.application.replay.folds import folds_of
from plangate.infrastructure.statistics.held_out import held_out

_THRESHOLDS: Final = np.linspace(0.35, 0.65, 13)
_MANY: Final = 40_000
FOLDS: Final = 5

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """How cases come about.

    Each group has a quality, and up to `most` cases whose quality is near it. With
    `by_group` all cases of a group are bad if its quality is below 0.5, otherwise each by
    chance, the likelier the lower its quality. Gates see the quality with `gate_noise`, the
    plain mean with `mean_noise`; with `blind` both see nothing of it.
    """

    groups: int
    by_group: bool = False
    most: int = 6
    gate_noise: float = 0.06
    mean_noise: float = 0.06
    blind: bool = False

    def cases(self, seed: int) -> "Drawn":
        """Cases of so many groups."""
        return self._drawn(self.groups, seed)

    def truth(self) -> "Drawn":
        """Cases of very many groups."""
        return self._drawn(_MANY, 2**31)

    def _drawn(self, groups: int, seed: int) -> "Drawn":
        chance = np.random.default_rng(seed)
        sizes = chance.integers(1, self.most + 1, groups)
        group = np.repeat(np.arange(groups), sizes)
        quality = chance.normal(0.52, 0.1, groups)
        near = quality[group] + chance.normal(0.0, 0.04, len(group))
        bad = (
            quality[group] < 0.5
            if self.by_group
            else chance.random(len(group)) < 1 / (1 + np.exp(15 * (near - 0.5)))
        )
        seen = chance.permutation(near) if self.blind else near
        gate = seen + chance.normal(0.0, self.gate_noise, len(group))
        mean = seen + chance.normal(0.0, self.mean_noise, len(group))
        return Drawn(group, bad, np.clip(mean, 0.0, 1.0), gate[:, None] < _THRESHOLDS)


@dataclass(frozen=True)
class Drawn:
    """Cases: their groups, which are bad, their means, and what each policy stops."""

    group: NDArray[np.intp]
    bad: Flags
    mean: Floats
    stops: Flags

    def figures(self, seed: int) -> HeldOutFigures:
        """The search by folds; the recorded policy is the strictest candidate."""
        candidates = self.stops.shape[1]
        kinds: dict[str, set[bool]] = {}
        for group, bad in zip(self.group, self.bad, strict=True):
            kinds.setdefault(str(group), set()).add(bool(bad))
        folds = folds_of(kinds, FOLDS, seed)
        recorded = self.stops[:, -1:]
        patterns = np.packbits(np.hstack([self.stops, recorded]), axis=1, bitorder="little")
        cases = [
            PolicyCase(
                plan=plan,
                group=int(group),
                fold=folds[str(group)],
                bad=bool(self.bad[plan]),
                mean=float(self.mean[plan]),
                stopped=int.from_bytes(patterns[plan].tobytes(), "little"),
            )
            for plan, group in enumerate(self.group)
        ]
        neighbours: Sequence[tuple[int, ...]] = [
            tuple(other for other in (number - 1, number + 1) if 0 <= other < candidates)
            for number in range(candidates)
        ]
        return held_out(cases, PolicySearch(candidates, neighbours, fixed=1))

    def balanced_accuracy(self, policy: int) -> float:
        """That of one policy."""
        return self._of(self.stops[:, policy])

    def of_cut(self, cut: float) -> float:
        """The balanced accuracy of a cut on the plain mean."""
        return self._of(self.mean < cut)

    def _of(self, stopped: Flags) -> float:
        return float((stopped[self.bad].mean() + (~stopped[~self.bad]).mean()) / 2)
