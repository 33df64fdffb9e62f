"""Totals and ladders as text: what is not known is not shown."""

from plangate.application.evidence.estimates import Estimate
from plangate.application.registry import PlanRegistry
from plangate.application.replay.summary import (
    change_text,
    compared_shares,
    ladder_results,
    lead,
    lines,
    setting,
    share,
    times_would_have_fired,
    why_no_interval,
)


def test_a_share_is_written_as_far_as_it_is_known() -> None:
    assert share(None) == share(Estimate(cases=3, plans=1, reason="too few")) == ""
    assert share(Estimate(value=0.125, cases=3, plans=1)) == "12%"
    assert share(Estimate(value=0.5, low=0.25, high=0.75, cases=30, plans=20)) == "50% [25, 75]"


def test_a_setting_is_written_as_it_is_typed() -> None:
    assert [setting(one) for one in (None, True, 0.5, 3, "hold")] == [
        *("none", "true", "0.5", "3", "hold")
    ]


def test_refused_inputs_and_plans_with_rejected_results_alone_are_shown(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.1)
    registry.next_task(plan_id)
    plain = registry.replay.what_if(policy={"gate": "hold"}, ladder=True)
    shown = {
        line.what: (line.recorded, line.replayed) for line in lines(plain.recorded, plain.replayed)
    }
    assert shown["inputs refused"] == ("0", "1")
    assert why_no_interval(plain.recorded) is None

    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    answer = registry.replay.what_if(policy={"gate": "hold"}, ladder=True)
    assert (
        why_no_interval(answer.recorded) == "no interval: this registry was made without statistics"
    )
    names = [line.what for line in lines(answer.recorded, answer.replayed)]
    assert "warned, of 1 plan with a rejected result" in names
    assert not any("accepted results only" in name for name in names)
    assert ladder_results(answer).startswith("Bad: at how many of 1 results rejected later")

    registry.record_outcome(plan_id, "a", "accepted", source="ci")
    good = registry.replay.what_if(policy={"gate": "hold"})
    names = [line.what for line in lines(good.recorded, good.replayed)]
    assert "fired in plans with accepted results only, of 1" in names
    assert not any(name.startswith("warned") for name in names)


def test_shares_are_compared_as_far_as_they_are_known(registry: PlanRegistry, plan_id: str) -> None:
    def shares() -> dict[str, tuple[str, str]]:
        answer = registry.replay.what_if(policy={"confidence_threshold": 0.9})
        return {
            one.what: (share(one.recorded), share(one.replayed))
            for one in compared_shares(answer.recorded, answer.replayed)
        }

    registry.score_output(plan_id, "a", 0.8)
    assert shares() == {
        "1 results at or above the recorded threshold": ("0%", "100%"),
        "0 results below the recorded threshold": ("", ""),
    }

    registry.record_outcome(plan_id, "a", "rejected", source="ci")
    assert shares() == {
        "0 accepted results: fewer is better": ("", ""),
        "1 rejected results: more is better": ("0%", "100%"),
        "1 plans with a rejected result: warned in time": ("0%", "100%"),
    }


def test_a_change_is_written_with_both_values_and_no_refusal_where_none_was(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.8)
    answer = registry.replay.what_if(policy={"confidence_threshold": 0.9})
    assert [change_text(one) for one in answer.changes] == ["confidence_threshold 0.72 → 0.9"]
    assert "inputs refused" not in [one.what for one in lines(answer.recorded, answer.replayed)]


def test_texts_of_counts_and_leads() -> None:
    assert [times_would_have_fired(times) for times in range(4)] == [
        "would never have fired",
        "would have fired once",
        "would have fired twice",
        "would have fired 3 times",
    ]
    assert [lead(one) for one in (None, 2.0, -1.5)] == ["–", "2.0", "−1.5"]
