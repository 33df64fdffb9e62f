"""Find out how far judges agree: two on the same tasks or work, and one with itself.

What matters is the gate: how often its verdict would be another one if another judge, or the
same one again, had been asked. It is run again for each judge alone, under several policies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final

from pydantic import Field, Strict

from plangate.application.event_store import EventStore
from plangate.application.evidence.agreement_cases import AgreementCases
from plangate.application.evidence.agreement_results import (
    Agreement,
    AgreementEstimates,
    AgreementPart,
    ComparedJudge,
    Drawn,
    Judge,
    PairAgreement,
)
from plangate.application.evidence.estimates import MIN_PLANS, Estimate
from plangate.application.evidence.pair_sums import PairSums
from plangate.application.evidence.run_pairs import Judges, of_two_judges, repeats
from plangate.application.evidence.same_work import SameWork
from plangate.application.evidence.statistics import Statistics
from plangate.application.evidence.works_in_log import repeated_works
from plangate.application.models import Model
from plangate.application.plan_log import PlanIds
from plangate.application.progress import Progress, part_of
from plangate.application.rerun.over_plans import Workers, add_plans
from plangate.application.rerun.policies import Given, rules_of
from plangate.application.rerun.rerun import Rules
from plangate.domain.errors import InvalidInput, Problem

MAX_PAIRS: Final = 100
"""How many pairs of judges are listed."""

OWN: Final = "own"
"""The name of the policies that the plans were recorded with."""

POLICIES: Final[Mapping[str, Given]] = {
    "classic": "classic",
    "steady": "steady",
    "threshold 0.5": {"preset": "classic", "confidence_threshold": 0.5},
}
"""What is always tried beside the plans' own policies."""


class AgreementOptions(Model):
    """The seed of the random draws."""

    seed: Annotated[int, Strict(), Field(ge=0)] = 0


def agreement(
    store: EventStore,
    workers: Workers | None,
    plan_ids: PlanIds,
    policies: Mapping[str, Given],
    *,
    statistics: Statistics,
    seed: int,
    progress: Progress,
) -> Agreement:
    """Read the plans twice, first their creation, and compare what judges gave to them."""
    tried = tried_policies(policies)
    works = repeated_works(store, plan_ids, part_of(progress, 0, 2))
    cases = AgreementCases(list(tried.values()), works.of_plan)
    add_plans(cases, store, workers, plan_ids, part_of(progress, 1, 2))
    names = tuple(tried)
    part = partial(_part, statistics, names, seed)
    return Agreement(
        plans=cases.plans,
        judges=tuple(
            ComparedJudge(
                kind=judge.kind,
                name=judge.name,
                plans=cases.plans_of[judge],
                scores=cases.scores_of[judge],
            )
            for judge in sorted(cases.plans_of, key=str)
        ),
        policies=names,
        same_tasks=part(cases.pairs, _no_task(cases), joint=cases.joint, partly=cases.partly),
        same_work=part(of_two_judges(cases.runs, len(names)), _no_work(cases), by=works.by),
        repeats=part(
            repeats(cases.runs, len(names)),
            "no judge scored several plans of the same work",
            by=works.by,
        ),
        unfit={names[index]: count for index, count in sorted(cases.unfit.items())},
        resamples=statistics.resamples,
        seed=seed,
        unreadable=tuple(cases.unreadable),
    )


def _part(
    statistics: Statistics,
    policies: Sequence[str],
    seed: int,
    pairs: Mapping[Judges, PairSums],
    reason: str,
    *,
    joint: PairSums | None = None,
    partly: int = 0,
    by: Sequence[SameWork] = (),
) -> AgreementPart:
    works = {work for sums in pairs.values() for work in sums.works} if by else set()
    drawn, lone = Drawn.WORKS if by else Drawn.PLANS, set[int]()
    if by and len(works) < MIN_PLANS:
        drawn = Drawn.PLANS_OF_WORKS
        lone = {work for sums in pairs.values() for work in sums.lone_works()}
        left = {judges: sums.without(lone) for judges, sums in pairs.items()}
        pairs = {judges: sums for judges, sums in left.items() if sums}
        if lone and not pairs:
            reason = f"a judge has a single plan of each work: {len(lone)} of {MIN_PLANS} works"
    recognised = Counter(by[work] for work in works - lone)
    listed = sorted(pairs, key=lambda judges: (-len(pairs[judges]), *map(str, judges)))
    none = Estimate(cases=0, plans=0, reason=reason)
    *of_pairs, of_all = [AgreementEstimates(kappa=none, alpha=none, verdicts=())]
    if pairs:
        *of_pairs, of_all = statistics.agreement(
            [pairs[judges] for judges in listed],
            joint,
            policies,
            by_work=drawn is not Drawn.PLANS_OF_WORKS,
            listed=MAX_PAIRS,
            seed=seed,
        )
    return AgreementPart(
        **dict(of_all),
        drawn=drawn,
        works={one: recognised[one] for one in SameWork if recognised[one]},
        lone_works=len(lone),
        partly=partly,
        pair_count=len(pairs),
        pairs=tuple(
            PairAgreement(
                **dict(found), judges=tuple(Judge(kind=j.kind, name=j.name) for j in judges)
            )
            for judges, found in zip(listed, of_pairs, strict=False)
        ),
        reason=None if pairs else reason,
    )


def tried_policies(policies: Mapping[str, Given]) -> dict[str, Rules | None]:
    """The rules of every policy that is tried, by its name; None for the plans' own.

    Raises `InvalidInput` for a name that is taken, and for changes that fit no policy.
    """
    if not isinstance(policies, Mapping):
        raise InvalidInput([Problem("policies", "must map names to policies")])
    taken = [name for name in policies if name == OWN or name in POLICIES]
    if taken:
        raise InvalidInput([Problem("policies", f"the name {taken[0]!r} is tried anyway")])
    return {OWN: None} | {name: rules_of(given) for name, given in {**POLICIES, **policies}.items()}


def _no_task(cases: AgreementCases) -> str:
    judges = sorted(map(str, cases.plans_of))
    if not judges:
        return "there are no scores"
    if len(judges) == 1:
        return (
            f"one judge only, {judges[0]}: let another one, with its own scorer, score the same "
            "tasks"
        )
    return "no task has scores of two judges in the same attempt"


def _no_work(cases: AgreementCases) -> str:
    if len(cases.plans_of) == 1:
        return "one judge only"
    return "no two judges scored plans of their own of the same work"
