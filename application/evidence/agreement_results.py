"""The answer about agreement: of judges in their scores, and in what the gate makes of them."""

from enum import StrEnum

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.same_work import SameWork
from plangate.application.rerun.assumptions import ASSUMPTIONS, Assumption
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScorerKind


class Drawn(StrEnum):
    """What intervals come from drawing.

    `plans`: whole plans. `works`: whole works with all their plans, so that an interval
    speaks of other works too. `plans_of_works`: the plans of each work, where there are too
    few works: it speaks of these works alone.
    """

    PLANS = "plans"
    WORKS = "works"
    PLANS_OF_WORKS = "plans_of_works"


class Judge(Result):
    """A judge, by the kind and name of its scorer; both are None for scores without one."""

    kind: ScorerKind | None
    name: str | None

    def __str__(self) -> str:
        return str(JudgeKey(self.kind, self.name))


class ComparedJudge(Judge):
    """A judge, and how many plans and scores it has."""

    plans: int
    scores: int


class VerdictAgreement(Result):
    """How far the gate's verdicts agree under one policy, plan by plan.

    `fires`: how often the gate fires. `differs`: how often its verdict would be another one
    if the other judge, or the same one again, had been asked. `kappa`: Cohen's kappa of
    whether it fires; 0 is chance.
    """

    policy: str
    fires: Estimate
    differs: Estimate
    kappa: Estimate


class AgreementEstimates(Result):
    """How far scores of the same work agree.

    `kappa` is Cohen's kappa of whether a score is below its plan's threshold; of several
    pairs, 1 minus their disagreements by those that each pair would have by chance. `alpha`
    is Krippendorff's alpha of the scores, with the interval metric. 1 is agreement, 0 chance.
    """

    kappa: Estimate
    alpha: Estimate
    verdicts: tuple[VerdictAgreement, ...]


class PairAgreement(AgreementEstimates):
    """How far two judges agree, or one with itself."""

    judges: tuple[Judge, ...]


class AgreementPart(AgreementEstimates):
    """How far all pairs of judges agree together, and each of them.

    `pairs` lists the 100 with the most scores; `pair_count` counts all. `works` counts the
    works that are compared, by how they were recognised; `lone_works` those left out because
    works are too few to draw them, and a judge has a single plan of it. `partly` counts the
    pairs in a plan whose verdicts are not compared, because the two share less than half of
    what either scored. Without a pair there is a `reason`.
    """

    drawn: Drawn
    works: dict[SameWork, int]
    lone_works: int
    partly: int
    pair_count: int
    pairs: tuple[PairAgreement, ...]
    reason: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Why estimates are missing: each reason once, with what it is the reason for."""
        together = [("all", (self.kappa, self.alpha))] if self.pair_count > 1 else []
        rows = [
            *((" and ".join(map(str, one.judges)), (one.kappa, one.alpha)) for one in self.pairs),
            *together,
            *((one.policy, (one.fires, one.differs, one.kappa)) for one in self.verdicts),
        ]
        reasons: dict[str, dict[str, None]] = {}
        for name, estimates in rows:
            for reason in filter(None, (one.reason for one in estimates)):
                reasons.setdefault(reason, {})[name] = None
        return tuple(f"{reason} ({', '.join(names)})" for reason, names in reasons.items())


class Agreement(Result):
    """How far judges agree, and on how much that rests.

    `same_tasks`: two judges of the same task in the same attempt. `same_work`: two judges
    that each scored plans of their own of the same work. `repeats`: one judge, and several
    plans of the same work. Of these two, tasks with the same title are compared, in their
    first attempts. Verdicts rest on the `assumptions`. `unfit` counts those that are missing,
    by policy, because its changes do not fit a plan's own policy. `resamples` draws, seeded by
    `seed`, lead to the intervals.
    """

    assumptions: tuple[Assumption, ...] = ASSUMPTIONS
    plans: int
    judges: tuple[ComparedJudge, ...]
    policies: tuple[str, ...]
    same_tasks: AgreementPart
    same_work: AgreementPart
    repeats: AgreementPart
    unfit: dict[str, int]
    resamples: int
    seed: int
    unreadable: tuple[UnreadablePlan, ...] = ()
