"""Only a rejected result is a failure; one below the recorded threshold is kept apart."""

import random

import pytest

from plangate.application.evidence.gate_cases import GateCounts
from plangate.application.evidence.scored_results import ScoredResults
from plangate.application.registry import PlanRegistry
from plangate.application.replay import separation
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.policies import rules_of
from plangate.application.rerun.recorded_commands import commands_of
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork


def what_if(registry: PlanRegistry, threshold: float) -> WhatIf:
    return registry.replay.what_if(policy={"confidence_threshold": threshold})


def test_without_outcomes_nothing_is_said_of_warned_late_and_missed(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.5)
    registry.mark_task(plan_id, "b", "failed")

    answer = what_if(registry, 0.4)

    for totals in (answer.recorded, answer.replayed):
        assert (totals.outcomes, totals.rejections) == (None, None)
    low = answer.recorded.below_threshold
    assert (low.bad, low.bad_tripped, low.good, low.good_tripped) == (1, 1, 0, 0)
    assert (low.share_of_bad, low.share_of_good) == (None, None)
    assert answer.replayed.below_threshold.bad_tripped == 0
    (plan,) = answer.plans
    assert (plan.first_rejection, plan.first_low) == (None, "billing@2")
    assert (plan.recorded.lead_of_rejection, plan.recorded.lead_of_low) == (None, 0)
    assert (plan.replayed.lead_of_rejection, plan.replayed.lead_of_low) == (None, None)


def test_a_rejected_result_counts_when_it_was_scored_not_when_it_was_rejected(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.9)
    registry.score_output(plan_id, "b", 0.1)
    registry.record_outcome(plan_id, "a", "rejected", source="ci")

    answer = what_if(registry, 0.72)

    (plan,) = answer.plans
    assert (plan.first_rejection, plan.recorded.lead_of_rejection) == ("billing@7", -1)
    found = answer.recorded.rejections
    assert found is not None
    assert (found.plans, found.warned, found.late, found.missed) == (1, 0, 1, 0)
    assert (found.lead, found.others, found.false_alarms) == (None, 0, 0)
    outcomes = answer.recorded.outcomes
    assert outcomes is not None
    assert (outcomes.bad, outcomes.bad_tripped, outcomes.good) == (1, 0, 0)


def test_the_newest_outcome_of_each_source_counts(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.1)
    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    registry.record_outcome(plan_id, "a", "accepted", source="ci")
    found = what_if(registry, 0.72).recorded.rejections
    assert found is not None
    assert (found.plans, found.others, found.false_alarms) == (0, 1, 1)

    registry.record_outcome(plan_id, "a", "rejected", source="customer")
    answer = what_if(registry, 0.72).recorded
    assert answer.rejections is not None
    assert (answer.rejections.plans, answer.rejections.warned, answer.rejections.lead) == (1, 1, 0)
    assert answer.outcomes is not None
    assert (answer.outcomes.bad, answer.outcomes.good) == (1, 1)


def test_an_outcome_without_a_result_makes_a_plan_bad_but_counts_for_no_result(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "b", 0.1)
    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    recorded = what_if(registry, 0.72).recorded
    assert recorded.outcomes is None
    assert recorded.rejections is not None
    assert (recorded.rejections.warned, recorded.rejections.lead) == (1, 0)


@pytest.mark.parametrize("withdrawn", ["retracted", "tried again"])
def test_a_result_that_was_withdrawn_is_none(
    registry: PlanRegistry, plan_id: str, withdrawn: str
) -> None:
    registry.score_output(plan_id, "a", 0.1)
    if withdrawn == "retracted":
        registry.retract_score(plan_id, "billing@2", "mistaken")
    else:
        registry.retry(plan_id, "a", "again")
    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    assert what_if(registry, 0.72).recorded.outcomes is None


def test_the_results_are_those_of_the_calibration_of_the_gate() -> None:
    store = memory_event_store()
    RandomWork(registry_on(store), random.Random(11)).go_on(400)
    policy = {"confidence_threshold": 0.6, "latch": True}
    answer = registry_on(store).replay.what_if(policy=policy)
    for totals, rules in ((answer.recorded, None), (answer.replayed, rules_of(policy))):
        counts = GateCounts([rules])
        for plan in answer.plans:
            history = list(commands_of(store, plan.plan_id))
            counts.add(history, ScoredResults(history))
        found = totals.outcomes
        assert found is not None
        assert (found.bad, found.good) == (sum(counts.bad), sum(counts.good))
        stopped = (sum(counts.stopped_bad[0]), sum(counts.stopped_good[0]))
        assert (found.bad_tripped, found.good_tripped) == stopped
        assert found.bad_tripped + found.good_tripped > 0


def test_memory_stays_flat_and_the_numbers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    store = memory_event_store()
    registry = registry_on(store)
    for number in range(12):
        registry.create(f"Goal {number}", [{"id": "a", "title": "A"}], plan_id=f"p{number}")
        registry.score_output(f"p{number}", "a", 0.1 * (number % 8))
        registry.record_outcome(f"p{number}", "a", "rejected", source="ci")
    every = registry.replay.what_if(policy="classic").recorded.outcomes
    monkeypatch.setattr(separation, "_MOST_GROUPS", 4)
    pooled = registry.replay.what_if(policy="classic").recorded.outcomes
    assert every is not None
    assert pooled is not None
    assert (every.bad, every.bad_tripped) == (pooled.bad, pooled.bad_tripped)
    assert every.share_of_bad is not None
    assert pooled.share_of_bad is not None
    assert every.share_of_bad.plans == 12
    assert 1 <= pooled.share_of_bad.plans <= 4
    assert every.share_of_bad.value == every.bad_tripped / every.bad


def test_without_statistics_shares_stand_without_intervals_and_say_so(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.1)
    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    found = what_if(registry, 0.72).recorded.outcomes
    assert found is not None
    assert found.share_of_bad is not None
    assert found.share_of_good is not None
    assert (found.share_of_bad.value, found.share_of_bad.low) == (1.0, None)
    assert (found.share_of_good.value, found.share_of_good.cases) == (None, 0)
    assert found.share_of_bad.reason == "no interval: this registry was made without statistics"
