"""Which outcomes are compared with which confidence; the statistics have their own tests."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from typing_extensions import override

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.agreement_results import AgreementEstimates
from plangate.application.evidence.calibration import (
    Calibration,
    CalibrationGroup,
    Reliability,
)
from plangate.application.evidence.cases import Cases, Grouping
from plangate.application.evidence.comparisons import Comparison, Significance
from plangate.application.evidence.estimates import Estimate, too_few
from plangate.application.evidence.gate_cases import GateCounts
from plangate.application.evidence.gate_worth import Cost, CostPoint, Costs, MoreOutcomes
from plangate.application.evidence.held_out import HeldOutFigures, PolicyCase, PolicySearch
from plangate.application.evidence.judge_calibration import (
    ChangePoint,
    Drift,
    JudgeCalibration,
)
from plangate.application.evidence.pair_sums import PairSums
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.evidence.statistics import ShareCounts, Statistics
from plangate.application.registry import PlanRegistry
from plangate.application.rerun import over_plans
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.policy import Policy
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.application.rerun.test_over_plans import Sharing
from tests.support.clocks import counted_ids, registry_on, ticking
from tests.support.ledgers import some_ledger

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
EVEN = {"prompt_weight": 0.5, "output_weight": 0.5, "decay": 0.5}


NONE = Estimate(cases=0, plans=0, reason="not enough outcomes")


class Listening(Statistics):
    """Statistics that keep their input and estimate nothing."""

    resamples = 17

    def __init__(self) -> None:
        self.cases = Cases()
        self.counts: GateCounts | None = None
        self.seed = -1

    @override
    def reliability(self, cases: Cases, seed: int) -> Reliability:
        self.cases, self.seed = cases, seed
        return Reliability(
            ranking=NONE,
            brier=NONE,
            base_brier=NONE,
            bias=NONE,
            bins=(),
            thresholds=(),
            worth=(),
        )

    @override
    def agreement(
        self,
        pairs: Sequence[PairSums],
        joint: PairSums | None,
        policies: Sequence[str],
        *,
        by_work: bool,
        listed: int,
        seed: int,
    ) -> Sequence[AgreementEstimates]:
        return ()

    @override
    def groups(self, cases: Cases, by: Grouping, seed: int) -> tuple[CalibrationGroup, ...]:
        return ()

    @override
    def gate_shares(self, cases: Cases, seed: int) -> tuple[Estimate, Estimate, Estimate]:
        return NONE, NONE, NONE

    @override
    def costs(
        self, counts: GateCounts, thresholds: Sequence[float], cost: Cost, seed: int
    ) -> Costs:
        self.counts = counts
        return Costs(missed=cost.missed, stopped=cost.stopped, points=(), cheapest=None)

    @override
    def judges(self, cases: Cases, seed: int) -> tuple[JudgeCalibration, ...]:
        return ()

    @override
    def more_outcomes(self, cases: Cases, seed: int) -> tuple[MoreOutcomes, ...]:
        return ()

    @override
    def significances(self, comparisons: Sequence[Comparison]) -> Sequence[Significance]:
        return ()

    @override
    def shares(self, counts: Sequence[ShareCounts], seed: int) -> Sequence[Estimate]:
        return ()

    @override
    def held_out(self, cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
        raise NotImplementedError


@pytest.fixture
def heard() -> Listening:
    return Listening()


@pytest.fixture
def listening(heard: Listening) -> Iterator[PlanRegistry]:
    """A registry with the plan p, whose statistics keep its input."""
    store = memory_event_store()
    with PlanRegistry(
        store,
        views=memory_view_store(),
        ledger=lambda: some_ledger(store),
        keys=MemoryKeyStore,
        clock=ticking(),
        new_id=counted_ids(),
        statistics=lambda: cast("Any", heard),
    ) as registry:
        registry.create("Move billing", TASKS, plan_id="p", policy=EVEN)
        yield registry


def cases(heard: Listening) -> list[tuple[str, float, bool]]:
    found = heard.cases
    rows = zip(found.plan, found.confidence, found.accepted, strict=True)
    return [(found.plans.names[plan], value, bool(accepted)) for plan, value, accepted in rows]


def groups(heard: Listening, by: str) -> list[str]:
    _, numbers, names = heard.cases.groups[Grouping(by)]
    return [names.names[number] for number in numbers]


def test_an_outcome_goes_with_the_confidence_just_before_it(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.5)
    listening.score_prompt("p", "a", 1.0)
    listening.record_outcome("p", "a", "accepted", source="ci")
    listening.score_output("p", "a", 0.0)

    result = listening.evidence.calibrate()

    assert cases(heard) == [("p", 0.75, True)]
    assert (result.cases, result.plans, result.accepted, result.rejected) == (1, 1, 1, 0)
    assert (result.confidence, result.resamples, result.seed, heard.seed) == ("task", 17, 0, 0)


def test_the_rolling_confidence_of_that_moment_may_be_asked_for(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.25)
    listening.score_output("p", "b", 1.0)
    listening.record_outcome("p", "a", "rejected", source="ci")

    result = listening.evidence.calibrate(confidence="rolling", seed=5)

    assert cases(heard) == [("p", (0.25 * 0.5 + 1.0) / 1.5, False)]
    assert (result.confidence, result.seed, heard.seed) == ("rolling", 5, 5)


def test_a_later_outcome_replaces_the_earlier_one_of_its_source(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.9)
    listening.record_outcome("p", "a", "accepted", source="ci")
    listening.record_outcome("p", "a", "accepted", source="customer")
    listening.score_output("p", "a", 0.4)
    listening.record_outcome("p", "a", "rejected", source="ci")

    result = listening.evidence.calibrate("p")

    assert cases(heard) == [("p", 0.9, True), ("p", 0.4, False)]
    assert result.sources == {"ci": 1, "customer": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"op": "drop", "task_id": "a"},
        {"op": "replace", "task_id": "a", "by": {"id": "c", "title": "C"}},
        {"op": "split", "task_id": "a", "into": [{"id": i, "title": i} for i in "cd"]},
    ],
    ids=lambda change: change["op"],
)
def test_a_task_that_left_the_plan_has_the_confidence_it_left_with(
    listening: PlanRegistry, heard: Listening, change: dict[str, object]
) -> None:
    listening.score_output("p", "a", 0.6)
    listening.revise("p", "It was too wide.", [change])
    listening.record_outcome("p", "a", "rejected", source="ci")
    listening.archive("p", "It is over.")
    listening.record_outcome("p", "b", "accepted", source="ci")
    listening.delete("p")

    result = listening.evidence.calibrate()

    assert cases(heard) == [("p", 0.6, False)]
    assert result.unscored == 1
    assert (
        listening.evidence.calibrate(confidence="rolling").unscored == 2
    )  # nothing is scored any more


def test_plans_can_be_chosen(listening: PlanRegistry, heard: Listening) -> None:
    for plan_id, score in (("q", 0.5), ("r", 0.75)):
        listening.create("Other", TASKS, plan_id=plan_id)
        listening.score_output(plan_id, "a", score)
        listening.record_outcome(plan_id, "a", "accepted", source="ci")
    result: list[tuple[int, int]] = []

    everything = listening.evidence.calibrate(progress=lambda done, of: result.append((done, of)))
    assert cases(heard) == [("q", 0.5, True), ("r", 0.75, True)]
    assert (everything.plans, result[-1][0]) == (2, result[-1][1])

    assert listening.evidence.calibrate(["r"]).plans == 1
    assert cases(heard) == [("r", 0.75, True)]


def test_invalid_options_are_refused(listening: PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="confidence: must be one of 'task' or 'rolling'"):
        listening.evidence.calibrate(confidence="mean")
    with pytest.raises(InvalidInput, match="seed: must be at least 0"):
        listening.evidence.calibrate(seed=-1)
    with pytest.raises(InvalidInput, match="seed: must be a whole number"):
        listening.evidence.calibrate(seed=True)
    with pytest.raises(PlanNotFound):
        listening.evidence.calibrate("nowhere")


@pytest.mark.parametrize(
    "cost, why",
    [
        ({"missed": 5}, "cost.stopped: is required"),
        ({"missed": -1, "stopped": 1}, "cost.missed: must be at least 0"),
        ({"missed": 0, "stopped": 0}, "one of missed and stopped must cost something"),
        ({"missed": 1, "stopped": 1, "late": 1}, "cost.late"),
    ],
)
def test_invalid_costs_are_refused(
    listening: PlanRegistry, cost: dict[str, float], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        listening.evidence.calibrate(cost=cost)


# --- the gate, the judges, and groups ---

MILD = {"kind": "model", "name": "mild", "version": "2"}
STRICT = {"kind": "human", "name": "strict"}


def test_the_gate_is_that_of_the_plan_or_of_a_policy_to_try(listening: PlanRegistry) -> None:
    for task, score, outcome in (("a", 0.9, "accepted"), ("b", 0.1, "rejected")):
        listening.score_output("p", task, score)
        listening.record_outcome("p", task, outcome, source="ci")
    listening.create("Other", TASKS, plan_id="q")
    listening.score_prompt("q", "a", 0.5)
    listening.record_outcome("q", "a", "accepted", source="ci")

    own = listening.evidence.calibrate().gate
    never = listening.evidence.calibrate(policy={"confidence_threshold": 0.0}).gate

    assert (own.stopped_bad, own.missed_bad, own.stopped_good, own.passed_good) == (1, 0, 0, 1)
    assert (own.policy, own.unjudged, own.unfit) == ({}, 1, 0)
    assert (never.stopped_bad, never.missed_bad) == (0, 1)
    assert never.policy == {"confidence_threshold": 0.0}
    named = listening.evidence.calibrate(policy="steady").gate
    whole = listening.evidence.calibrate(policy=Policy(confidence_threshold=0.2)).gate
    assert (named.policy, whole.policy["confidence_threshold"]) == ({"preset": "steady"}, 0.2)


def test_a_plan_that_the_policy_does_not_fit_is_counted(listening: PlanRegistry) -> None:
    policy = {"confidence_threshold": 0.8}
    listening.create("Other", TASKS, plan_id="q", policy=policy)
    listening.score_output("q", "a", 0.1)
    listening.record_outcome("q", "a", "rejected", source="ci")

    result = listening.evidence.calibrate(policy={"exit_threshold": 0.75})

    assert (result.gate.unfit, result.cases) == (1, 0)


def test_costs_are_asked_for_with_a_policy_for_each_threshold(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.create("Other", TASKS, plan_id="q", policy=EVEN | {"exit_threshold": 0.75})
    for plan_id in ("p", "q"):
        listening.score_output(plan_id, "a", 0.6)
        listening.record_outcome(plan_id, "a", "rejected", source="ci")
    done: list[tuple[int, int]] = []

    result = listening.evidence.calibrate(
        cost={"missed": 5, "stopped": 1}, progress=lambda *given: done.append(given)
    )

    assert heard.counts is not None
    stopped = [sum(row) for row in heard.counts.stopped_bad]
    assert stopped == [0] * 13 + [2] * 8  # thresholds from 0 to 1; 0.6 reaches 0.6
    assert result.costs is not None
    assert (result.costs.missed, result.costs.overlapping) == (5, ())
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1]
    some = listening.evidence.calibrate(policy={"gate": "advise"}, cost={"missed": 5, "stopped": 1})
    assert some.costs is not None


def test_cases_are_told_apart_by_scorer_version_source_label_and_month(
    listening: PlanRegistry, heard: Listening
) -> None:
    late, early = datetime(2024, 1, 31, 23, tzinfo=UTC), datetime(2024, 2, 1, 1, tzinfo=UTC)
    labelled = {"id": "a", "title": "A", "labels": ["db"]}
    listening.create("Other", [labelled, TASKS[1]], plan_id="q", labels=["big", "db"])
    listening.score_output("q", "a", 0.6, scorer=MILD, occurred_at=late)
    listening.record_outcome("q", "a", "accepted", source="ci")
    listening.score_output("q", "b", 0.6, scorer=STRICT, occurred_at=early)
    listening.record_outcome("q", "b", "rejected", source="ci")
    listening.score_prompt("p", "a", 0.5)
    listening.record_outcome("p", "a", "rejected", source="review")
    found = {}
    for by in Grouping:
        listening.evidence.calibrate(by=by.value)
        found[by.value] = groups(heard, by)

    assert found == {
        "scorer": ["no output score", "model:mild", "human:strict"],
        "version": ["no output score", "model:mild 2", "human:strict without a version"],
        "source": ["review", "ci", "ci"],
        "label": ["no label", "big", "db", "big", "db"],
        "month": ["no output score", "2024-01", "2024-02"],
    }


def test_every_judge_of_a_result_has_its_newest_score(
    listening: PlanRegistry, heard: Listening
) -> None:
    for score, scorer in ((0.2, MILD), (0.5, STRICT), (0.9, MILD), (0.7, None)):
        listening.score_output("p", "a", score, scorer=scorer)
    listening.record_outcome("p", "a", "accepted", source="ci")

    listening.evidence.calibrate()

    scores = heard.cases.scores
    named = [scores.judges.names[number] for number in scores.judge]
    assert list(zip(named, scores.score, strict=True)) == [
        ("human:strict", 0.5),
        ("model:mild", 0.9),
        ("unnamed", 0.7),
    ]
    assert [scores.versions.names[number] for number in scores.version] == ["", "2", ""]
    assert list(scores.accepted) == [1, 1, 1]


def test_shared_out_over_processes_the_cases_are_the_same(
    heard: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_EVENTS_AT_ONCE", 1)
    store = memory_event_store()
    registry = registry_on(store)
    for number in range(4):
        name = f"p{number}"
        registry.create("G", TASKS, plan_id=name, labels=["even"] if number % 2 else [name])
        scorer = MILD | {"name": f"m{number % 2}"}
        registry.score_output(name, "a", number / 4, scorer=scorer)
        registry.record_outcome(name, "a", "accepted", source=f"ci{number % 2}")
        registry.record_outcome(name, "b", "accepted", source="ci")

    def found(sharing: Sharing | None) -> tuple[object, ...]:
        queries = EvidenceQueries(store, lambda: heard, sharing)
        answer = queries.calibrate(by="label", cost={"missed": 1, "stopped": 1})
        scores = heard.cases.scores
        judged = [scores.judges.names[number] for number in scores.judge]
        return answer, cases(heard), groups(heard, "label"), judged, list(scores.plan)

    assert found(None) == found(sharing := Sharing(store))
    assert len(sharing.slices) > 1


def test_the_thresholds_that_are_not_clearly_dearer_are_named() -> None:
    def point(threshold: float, *, overlaps: bool) -> CostPoint:
        return CostPoint(
            threshold=threshold,
            missed_bad=0,
            stopped_good=0,
            total=0.0,
            mean=NONE,
            extra=NONE,
            overlaps=overlaps,
        )

    points = (point(0.1, overlaps=False), point(0.2, overlaps=True), point(0.3, overlaps=True))

    found = Costs(missed=1, stopped=1, points=points, cheapest=0.2)

    assert found.overlapping == (0.3,)


@pytest.mark.parametrize(
    "drift, change, said",
    [
        (0.04, 0.9, ("unnamed drifts by +0.020 [+0.010, +0.030] in 30 days (q = 0.04)",)),
        (0.06, None, ()),
        (
            None,
            0.05,
            ("unnamed is too high by -0.05 before 2026-04-01, by +0.25 since (q = 0.05)",),
        ),
    ],
)
def test_a_judge_changed_where_a_corrected_test_says_so(
    drift: float | None, change: float | None, said: tuple[str, ...]
) -> None:
    slope = Estimate(value=0.02, low=0.01, high=0.03, cases=90, plans=30)
    judge = JudgeCalibration(
        judge="unnamed",
        versions={},
        accepted=NONE,
        mean_score=0.5,
        bias=NONE,
        ranking=NONE,
        worth=(),
        drift=Drift(slope=slope, q=drift),
        change=ChangePoint(day=date(2026, 4, 1), before=-0.05, after=0.25, q=change),
    )

    assert judge.changes == said


def test_a_gate_says_what_it_stopped(listening: PlanRegistry) -> None:
    gate = listening.evidence.calibrate().gate
    known = Estimate(value=0.48, low=0.36, high=0.6, cases=88, plans=60)

    some = gate.model_copy(update={"stopped_bad": 42, "missed_bad": 1_046, "recall": known})

    assert some.sentence == (
        "The gate stopped 42 of 1,088 results that were rejected later (48 % [36, 60]), and "
        "0 of 0 that were accepted (not enough outcomes)."
    )


def test_a_registry_without_statistics_refuses() -> None:
    with (
        registry_on(memory_event_store()) as registry,
        pytest.raises(AnalysisMissing, match="without statistics"),
    ):
        registry.evidence.calibrate()


def test_a_plan_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    with connect(database) as registry:
        for plan_id in ("p", "q"):
            registry.create("Move billing", TASKS, plan_id=plan_id)
            registry.score_output(plan_id, "a", 0.9)
            registry.record_outcome(plan_id, "a", "accepted", source="ci")
            registry.pause(plan_id, "lunch")
    with closing(sqlite3.connect(database)) as file:
        file.execute(
            "UPDATE stored_events SET state = '{' "
            "WHERE originator_id = 'p' AND originator_version = 5"
        )
        file.commit()
    with connect(database) as registry:
        result = registry.evidence.calibrate()

    assert (result.cases, result.plans) == (1, 1)
    assert [(one.plan_id, one.version) for one in result.unreadable] == [("p", 5)]
    assert result.brier.reason == (
        "not enough outcomes: 1 of 20 outcomes, 1 of 10 plans, 0 of 10 of each sort"
    )
    assert Calibration.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(
    "cases, plans, fewer, said",
    [
        (20, 10, 10, None),
        (19, 10, 10, "19 of 20 outcomes"),
        (20, 9, 10, "9 of 10 plans"),
        (20, 10, 9, "9 of 10 of each sort"),
    ],
)
def test_how_much_is_enough(cases: int, plans: int, fewer: int, said: str | None) -> None:
    assert too_few(cases, plans, fewer) == (said and f"not enough outcomes: {said}")


def test_a_calibration_says_what_it_rests_on_and_how_well_confidence_ranks(
    listening: PlanRegistry,
) -> None:
    none = listening.evidence.calibrate()
    assert none.sentence == (
        "0 outcomes of 0 plans, 0 of them rejected; task confidence. Not enough outcomes."
    )
    ranking = Estimate(value=0.714, low=0.6, high=0.8, cases=1_200, plans=40)
    found = none.model_copy(
        update={"ranking": ranking, "cases": 1_200, "plans": 40, "rejected": 90}
    )
    assert found.sentence == (
        "1,200 outcomes of 40 plans, 90 of them rejected; task confidence. A rejected task had "
        "the lower confidence in 71 % [60, 80] of pairs with an accepted one (chance: 50 %)."
    )
