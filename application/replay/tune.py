"""Choose a policy by what it does on work it was not chosen by, and say if that is enough.

Everything is compared with what needs no such choice: a cut on the plain mean of the scores,
the recorded policy, the presets, and gates that always or never fire.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, Strict

from plangate.application.evidence.gate_worth import Cost
from plangate.application.evidence.held_out import (
    FoldFigures,
    HeldOutFigures,
    PolicyFigures,
    PolicyMeasure,
    PolicySearch,
    is_better,
)
from plangate.application.evidence.same_work import SameWork
from plangate.application.evidence.statistics import Statistics
from plangate.application.models import Model
from plangate.application.replay.folds import By, grouped_cases
from plangate.application.replay.policy_grid import MAX_POLICIES, CandidatePolicy, Candidates
from plangate.application.replay.truth import GivenTruth, Truth, TruthKind
from plangate.application.replay.tuning_cases import TuningCases
from plangate.application.rerun.assumptions import ASSUMPTIONS, Assumption
from plangate.application.rerun.policies import rules_of
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset

MAX_FOLDS: Final = 20


class TuneOptions(Model):
    """How policies are chosen between: the truth, the groups and folds, costs, and the seed."""

    truth: GivenTruth = Truth(kind=TruthKind.OUTCOMES)
    by: By = By.GOAL
    folds: Annotated[int, Strict(), Field(ge=2, le=MAX_FOLDS)] = 5
    cost: Cost | None = None
    tries: Annotated[int, Strict(), Field(ge=1, le=MAX_POLICIES)] | None = None
    seed: Annotated[int, Strict(), Field(ge=0)] = 0


class ComparedPolicy(Result):
    """A line of the table: a policy, or a way to choose one, and its figures.

    `tuned` is what the search chooses, `mean` a cut on the plain mean of the scores,
    `recorded` each plan's own policy; then the presets, and gates that `always` or `never`
    fire. `policy` is the whole policy, `cut` the threshold of the mean, as all cases choose
    them.
    """

    name: str
    policy: Policy | None = None
    cut: float | None = None
    figures: PolicyFigures


class TuneFold(Result):
    """One fold: which policy and which cut on the mean the others chose, and how both did."""

    changes: dict[str, Any]
    figures: FoldFigures


class Tuning(Result):
    """A choice of policy, what it is worth on unseen groups, and whether to make it.

    `recommended` is the whole policy; None if its interval overlaps that of anything it is
    compared with, or where there are too few cases; `why` says so. `changes` are its values
    of the grid. `tried` policies were tried, `unfit` combinations are not valid, `alike`
    policies are within one standard error of the best.

    `cases` of `plans` in `groups`, `bad` of them bad, have been compared. Plans `without` a
    case are in nothing; `unrepeated` ones are of work with fewer than three plans. `same_work`
    counts plans by how their work was recognised.
    """

    recommended: Policy | None
    why: str
    changes: dict[str, Any] | None
    compared: tuple[ComparedPolicy, ...]
    assumptions: tuple[Assumption, ...] = ASSUMPTIONS
    folds: tuple[TuneFold, ...]
    truth: Truth
    truth_means: str
    measure: PolicyMeasure
    cost: Cost | None
    by: By
    cases: int
    bad: int
    plans: int
    groups: int
    without: int
    unrepeated: int
    same_work: dict[SameWork, int]
    tried: int
    unfit: int
    alike: int | None
    seed: int
    unreadable: tuple[UnreadablePlan, ...] = ()


def cases_for(candidates: Candidates, options: TuneOptions) -> TuningCases:
    """What to add plans to, before it is chosen between the candidates."""
    tried = (rules_of(candidate.policy) for candidate in candidates.policies)
    by_outcome = options.truth.kind is TruthKind.OUTCOMES
    return TuningCases([*tried, *_FIXED], by_outcome=by_outcome)


def tune(
    seen: TuningCases, candidates: Candidates, options: TuneOptions, statistics: Statistics
) -> Tuning:
    """Choose between the candidates by folds."""
    tried = candidates.policies
    grouped = grouped_cases(seen, options.truth, options.by, options.folds, options.seed)
    search = PolicySearch(
        candidates=len(tried),
        neighbours=tuple(candidate.neighbours for candidate in tried),
        fixed=len(_FIXED),
        cost=options.cost,
    )
    found = statistics.held_out(grouped.cases, search)
    chosen = None if found.chosen is None else tried[found.chosen]
    compared = _compared(found, chosen)
    why_not = _why_not(compared, options)
    return Tuning(
        recommended=None if why_not or chosen is None else chosen.policy,
        why=why_not or _BETTER,
        changes=None if chosen is None else chosen.changes,
        compared=compared,
        folds=tuple(
            TuneFold(changes=tried[fold.chosen].changes, figures=fold) for fold in found.folds
        ),
        truth=options.truth,
        truth_means=options.truth.sentence,
        measure=PolicyMeasure.BALANCED_ACCURACY if options.cost is None else PolicyMeasure.COST,
        cost=options.cost,
        by=options.by,
        cases=len(grouped.cases),
        bad=sum(case.bad for case in grouped.cases),
        plans=grouped.plans,
        groups=grouped.groups,
        without=seen.without,
        unrepeated=grouped.unrepeated,
        same_work=grouped.same_work,
        tried=len(tried),
        unfit=candidates.unfit,
        alike=found.alike,
        seed=options.seed,
        unreadable=tuple(seen.unreadable),
    )


_FIXED: Final = (None, *(rules_of(preset) for preset in Preset))
"""The recorded policy, and the presets."""

_BETTER: Final = (
    "On groups that it was not chosen by it does better than a cut on the plain mean, the "
    "recorded policy, and a gate that always or never fires; no interval overlaps its own."
)
_RIVALS: Final[Mapping[str, str]] = {
    "mean": "a cut on the plain mean of the scores",
    "recorded": "the recorded policy",
    "always": "a gate that always fires",
    "never": "a gate that never fires",
}


def _why_not(compared: Sequence[ComparedPolicy], options: TuneOptions) -> str | None:
    """Why the choice is not recommended; None if it is."""
    lines = {line.name: line.figures.held_out for line in compared}
    tuned = lines["tuned"]
    if tuned.reason is not None:
        reason = tuned.reason if tuned.cases else options.truth.without_cases
        return f"Nothing is recommended: {reason}."
    near = [
        what for name, what in _RIVALS.items() if not is_better(tuned, lines[name], options.cost)
    ]
    if not near:
        return None
    return f"Nothing is recommended: what is tuned is not clearly better than {_listed(near)}."


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _compared(found: HeldOutFigures, chosen: CandidatePolicy | None) -> tuple[ComparedPolicy, ...]:
    policy = None if chosen is None else chosen.policy
    recorded, *presets = found.fixed
    return (
        ComparedPolicy(name="tuned", policy=policy, figures=found.tuned),
        ComparedPolicy(name="mean", cut=found.cut, figures=found.mean),
        ComparedPolicy(name="recorded", figures=recorded),
        *(
            ComparedPolicy(name=preset, policy=rules_of(preset)(Policy()), figures=figures)
            for preset, figures in zip(Preset, presets, strict=True)
        ),
        ComparedPolicy(name="always", figures=found.always),
        ComparedPolicy(name="never", figures=found.never),
    )
