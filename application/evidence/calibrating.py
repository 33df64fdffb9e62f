"""Collect the recorded outcomes of plans with the confidences before them, and calibrate."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from plangate.application.event_store import EventStore
from plangate.application.evidence.calibration import Calibration, CalibrationOptions, Confidence
from plangate.application.evidence.cases import Case, Cases, CaseScore
from plangate.application.evidence.gate_cases import GateCounts
from plangate.application.evidence.gate_worth import GateWorth
from plangate.application.evidence.outcomes import Outcomes, RecordedOutcome
from plangate.application.evidence.scored_results import (
    TRIPPED,
    ScoredResult,
    ScoredResults,
    seen_at_scores,
)
from plangate.application.evidence.statistics import Statistics
from plangate.application.plan_log import PlanIds, Step
from plangate.application.progress import Progress
from plangate.application.rerun.assumptions import ASSUMPTIONS
from plangate.application.rerun.over_plans import Workers, add_plans
from plangate.application.rerun.policies import Given, rules_of
from plangate.application.rerun.recorded_commands import listed_commands
from plangate.application.rerun.rerun import Rules, replayed
from plangate.application.results import UnreadablePlan
from plangate.domain.errors import InvalidInput
from plangate.domain.evolve import evolve
from plangate.domain.judging import JudgeKey, judge_key
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Outcome

_THRESHOLDS: Final = tuple(step / 20 for step in range(21))
_DAY: Final = 86_400.0


class Calibrating:
    """The cases of the plans added so far, under each plan's own policy or another one.

    `counts` has what each of some gates stops of them.
    """

    def __init__(
        self, options: CalibrationOptions, rules: Rules | None, gates: Sequence[Rules | None] = ()
    ) -> None:
        self._options = options
        self._rules = rules
        self.cases = Cases(groupings=() if options.by is None else (options.by,))
        self.counts = GateCounts(gates)
        self.passes = 1 + len(gates)
        self.unscored = self.unjudged = self.unfit = 0
        self.unreadable: list[UnreadablePlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        history = listed_commands(store, plan_id, self.unreadable)
        outcomes, results = Outcomes(), ScoredResults(history)
        for command in history:
            before = command.before
            for entry in command.events:
                last = entry is command.events[-1]
                after = command.after if last else evolve(before, entry.event)
                outcomes.add(Step(before, entry, after))
                before = after
        try:
            tripped = seen_at_scores(replayed(history, self._rules), TRIPPED)
            self.counts.add(history, results)
        except InvalidInput:
            self.unfit += 1
            return
        for outcome in outcomes.newest():
            before_it = results.outcomes[outcome.task_id, outcome.source].results
            stopped = tripped[before_it[-1].number - 1] if before_it else None
            self._add(history[-1].after, outcome, before_it, stopped=stopped)

    def extend(self, part: "Calibrating") -> None:
        """Add the cases of the plans that follow."""
        self.cases.extend(part.cases)
        self.counts.extend(part.counts)
        self.unscored += part.unscored
        self.unjudged += part.unjudged
        self.unfit += part.unfit
        self.unreadable += part.unreadable

    def _add(
        self,
        plan: Plan,
        outcome: RecordedOutcome,
        results: Sequence[ScoredResult],
        *,
        stopped: bool | None,
    ) -> None:
        confidence = outcome.assessment.confidence
        if self._options.confidence is Confidence.ROLLING:
            confidence = outcome.rolling_confidence
        if confidence is None:
            self.unscored += 1
            return
        self.unjudged += stopped is None
        task = plan.tasks.get(outcome.task_id)
        self.cases.add(
            Case(
                plan_id=plan.plan_id,
                confidence=confidence,
                accepted=outcome.outcome is Outcome.ACCEPTED,
                stopped=stopped,
                source=outcome.source,
                labels=tuple(dict.fromkeys((*plan.labels, *(task.labels if task else ())))),
                scores=tuple(_by_judge(results)),
            )
        )


def _by_judge(results: Sequence[ScoredResult]) -> Iterator[CaseScore]:
    """Each judge's newest score, the newest of all last."""
    newest: dict[JudgeKey, ScoredResult] = {}
    for result in results:
        key = judge_key(result.scored.scorer)
        newest.pop(key, None)
        newest[key] = result
    for key, (_, scored) in newest.items():
        when = scored.occurred_at or scored.at
        version = scored.scorer.version if scored.scorer else None
        yield CaseScore(str(key), version or "", scored.score, when.timestamp() / _DAY)


def calibrate(
    store: EventStore,
    workers: Workers | None,
    plan_ids: PlanIds,
    options: CalibrationOptions,
    *,
    policy: Given,
    statistics: Statistics,
    progress: Progress,
) -> Calibration:
    """Compare the recorded outcomes of plans with the confidences before them."""
    rules = None if policy == {} else rules_of(policy)
    tried = () if options.cost is None else _THRESHOLDS
    found = Calibrating(options, rules, [partial(_at_threshold, rules, one) for one in tried])
    add_plans(found, store, workers, plan_ids, progress)
    changes, cases, seed = _changes(policy), found.cases, options.seed
    accepted = sum(cases.accepted)
    judges = statistics.judges(cases, seed)
    tests = [part.p for one in judges for part in (one.drift, one.change)]
    return Calibration(
        **dict(statistics.reliability(cases, seed)),
        assumptions=ASSUMPTIONS if changes or options.cost is not None else (),
        confidence=options.confidence,
        cases=len(cases),
        plans=len(cases.plans.names),
        accepted=accepted,
        rejected=len(cases) - accepted,
        unscored=found.unscored,
        sources=dict(sorted(cases.sources.items())),
        gate=_gate_worth(found, changes, statistics, seed),
        judges=judges,
        comparisons=sum(p is not None for p in tests),
        more=statistics.more_outcomes(cases, seed),
        by=options.by,
        groups=() if options.by is None else statistics.groups(cases, options.by, seed),
        costs=(
            None
            if options.cost is None
            else statistics.costs(found.counts, _THRESHOLDS, options.cost, seed)
        ),
        resamples=statistics.resamples,
        seed=seed,
        unreadable=tuple(found.unreadable),
    )


def _gate_worth(
    found: Calibrating, changes: Mapping[str, Any], statistics: Statistics, seed: int
) -> GateWorth:
    cases = found.cases
    verdicts = Counter(zip(cases.accepted, cases.stopped, strict=True))
    precision, recall, good_stopped = statistics.gate_shares(cases, seed)
    return GateWorth(
        policy=dict(changes),
        stopped_bad=verdicts[0, 1],
        stopped_good=verdicts[1, 1],
        missed_bad=verdicts[0, 0],
        passed_good=verdicts[1, 0],
        unjudged=found.unjudged,
        unfit=found.unfit,
        precision=precision,
        recall=recall,
        good_stopped=good_stopped,
    )


def _changes(policy: Given) -> dict[str, Any]:
    """The changes of a policy, as they are shown."""
    if isinstance(policy, Policy):
        return policy.model_dump(mode="json")
    return {"preset": policy} if isinstance(policy, str) else dict(policy)


def _at_threshold(rules: Rules | None, threshold: float, recorded: Policy) -> Policy:
    """A policy with another threshold; an exit threshold is never below it."""
    policy = recorded if rules is None else rules(recorded)
    leaves = policy.exit_threshold
    given = {
        "confidence_threshold": threshold,
        "exit_threshold": None if leaves is None else max(leaves, threshold),
    }
    return policy.model_copy(update=given)
