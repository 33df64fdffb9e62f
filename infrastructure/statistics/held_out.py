"""Choose among policies by folds, and estimate what the choice is worth on unseen groups."""

from collections.abc import Sequence

import numpy as np

from plangate.application.evidence.estimates import MIN_CASES, MIN_OF_EACH, Estimate, short_of
from plangate.application.evidence.held_out import (
    MIN_GROUPS,
    FoldFigures,
    HeldOutFigures,
    PolicyCase,
    PolicyFigures,
    PolicySearch,
)
from plangate.infrastructure.statistics.policy_cases import PolicyCases
from plangate.infrastructure.statistics.policy_estimates import PolicyEstimates


def held_out(cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
    """The figures of a search; the same for the same cases."""
    if (reason := _too_few(cases)) is not None:
        none = _nothing(len(cases), len({case.plan for case in cases}), reason)
        return HeldOutFigures(
            chosen=None,
            cut=None,
            alike=None,
            tuned=none,
            mean=none,
            fixed=(none,) * search.fixed,
            always=none,
            never=none,
            folds=(),
        )
    table = PolicyCases(cases, search)
    chosen, alike = table.choose(table.every)
    cut = table.best_cut(table.every)
    tuned, by_mean = np.zeros((2, len(cases)), dtype=np.bool_)
    folds: list[FoldFigures] = []
    for number in range(int(table.fold.max()) + 1):
        here = table.fold == number
        one, _ = table.choose(~here)
        threshold = table.best_cut(~here)
        tuned[here] = table.stopped(one)[here]
        by_mean[here] = table.below(threshold)[here]
        folds.append(table.fold_figures(here, one, threshold))
    line = PolicyEstimates(table, by_mean, table.stopped(search.candidates), len(folds)).figures
    return HeldOutFigures(
        chosen=chosen,
        cut=cut,
        alike=alike,
        tuned=line(tuned, table.stopped(chosen)),
        mean=line(by_mean, table.below(cut)),
        fixed=tuple(map(line, map(table.stopped, range(search.candidates, search.policies)))),
        always=line(table.every, varies=False),
        never=line(~table.every, varies=False),
        folds=tuple(folds),
    )


def _too_few(cases: Sequence[PolicyCase]) -> str | None:
    """Why there is too little to choose by; None if there is enough."""
    bad = [case.group for case in cases if case.bad]
    good = [case.group for case in cases if not case.bad]
    return short_of(
        "cases",
        (len(cases), MIN_CASES, "cases"),
        (min(len(bad), len(good)), MIN_OF_EACH, "of each sort"),
        (len({*bad, *good}), MIN_GROUPS, "groups"),
        (min(len({*bad}), len({*good})), 2, "groups of each sort"),
    )


def _nothing(cases: int, plans: int, reason: str) -> PolicyFigures:
    none = Estimate(cases=cases, plans=plans, reason=reason)
    return PolicyFigures(
        in_sample=None,
        held_out=none,
        stopped_bad=none,
        stopped_good=none,
        precision=none,
        over_mean=none,
        over_recorded=none,
    )
