"""Calibrations of groups of cases: by scorer, version, source, label or month."""

import numpy as np

from plangate.application.evidence.calibration import CalibrationGroup
from plangate.application.evidence.cases import Cases, Grouping
from plangate.infrastructure.statistics.columns import Columns
from plangate.infrastructure.statistics.reliability import whole_and_shares
from plangate.infrastructure.statistics.resampling import RESAMPLES


def groups(
    cases: Cases, by: Grouping, seed: int, resamples: int = RESAMPLES
) -> tuple[CalibrationGroup, ...]:
    """The estimates of each group, in the order of their names."""
    columns = Columns.of(cases)
    places, numbers, names = cases.groups[by]
    place, number = np.array(places, dtype=np.intp), np.array(numbers, dtype=np.intp)
    stopped = np.array(cases.stopped, dtype=np.int8)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(len(names.names) + 1))
    found = {}
    for index, name in enumerate(names.names):
        own = place[order[starts[index] : starts[index + 1]]]
        group, verdict = columns.at(own), stopped[own]
        of_gate = [(verdict > 0, ~group.accepted & (verdict >= 0))]
        whole, (recall,) = whole_and_shares(group, of_gate, resamples=resamples, seed=seed)
        found[name] = CalibrationGroup(
            name=name,
            accepted=whole.accepted,
            mean_confidence=float(group.score.mean()),
            bias=whole.bias,
            ranking=whole.ranking,
            brier=whole.brier,
            gate_recall=recall,
        )
    return tuple(found[name] for name in sorted(found))
