"""`plangate replay what-if` and `sweep` compare what happened with what would have."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.replay.summary import NO_OUTCOMES
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.assumptions import ASSUMED
from plangate.infrastructure.cli.render import comparison
from tests.infrastructure.cli.conftest import Output, Plangate


@pytest.fixture
def worked_on(registry: PlanRegistry, billing: str) -> str:
    """A plan in which the gate fired at one score, was approved, and went on."""
    registry.score_output(billing, "a", 0.6)
    registry.approve(billing, "good enough")
    registry.score_output(billing, "b", 0.9)
    return billing


def lines(said: Output) -> list[str]:
    """What was said, line by line, each with single spaces."""
    return [" ".join(line.split()) for line in said.stdout.splitlines()]


def test_one_plan_is_shown_in_full(plangate: Plangate, worked_on: str) -> None:
    said = lines(plangate("replay", "what-if", worked_on, "--set", "confidence_threshold=0.5"))
    assert said[0] == "Tried on 1 plan: confidence_threshold 0.5"
    shown = " ".join(said)
    assert ASSUMED in shown
    assert "2 of 4 commands (50%) come after the first difference of their plan" in shown
    assert "scores ahead of billing@2, the first result below the" in shown
    for line in (
        "billing: Move billing",
        "confidence_threshold 0.5, not 0.72",
        "state blocked complete",
        "confidence 0.762 0.762",
        "times the gate fired 1 0",
        "bells: work could go on 1 0",
        "stops: it held all work 0 0",
        "gate flips 2 0",
        "task a replanning done",
        "billing@2 a 0.60 0.600 replan 0.600",
        "billing@6 b 0.90 0.762 0.762",
        "first difference, at billing@3: a done, not replanning",
        "1 input would have had no effect:",
        "billing@5 ApproveGate: there was nothing to do",
    ):
        assert line in said


def test_a_plan_that_would_not_have_changed_is_reported_as_such(
    plangate: Plangate, worked_on: str
) -> None:
    said = lines(plangate("replay", "what-if", worked_on, "--set", "confidence_threshold=0.72"))
    assert "its own policy" in said
    assert "Nothing would have changed." in said


def test_a_plan_without_scores_has_no_samples(plangate: Plangate, billing: str) -> None:
    said = lines(plangate("replay", "what-if", billing, "--set", "decay=1"))
    assert "decay 1, not 0.85" in said
    assert not any(line.startswith("event scored") for line in said)


def test_refused_commands_are_shown_with_the_reason(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    registry.score_output(billing, "a", 0.1)
    registry.next_task(billing)
    said = lines(plangate("replay", "what-if", billing, "--set", "gate=hold"))
    assert "billing@5 ClaimNextTask: PlanHeld: the plan 'billing' is held" in " ".join(said)
    assert "first difference, at billing@5: no b in progress" in said


def test_an_additional_event_is_shown_too(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    registry.mark_task(billing, "a", "replanning")
    registry.score_output(billing, "a", 0.8, mark_done=False)
    said = lines(plangate("replay", "what-if", billing, "--set", "confidence_threshold=0.9"))
    assert "first difference, at billing@3: also a replan at 0.800" in said


def test_many_plans_are_shown_in_totals(
    plangate: Plangate, registry: PlanRegistry, worked_on: str
) -> None:
    registry.create("g", [{"id": "x", "title": "X"}], plan_id="other")
    registry.score_output("other", "x", 0.9)
    assert worked_on
    said = lines(plangate("replay", "what-if", "--all", "--set", "confidence_threshold=0.5"))
    for line in (
        "Tried on 2 plans: confidence_threshold 0.5",
        "changed in 2 plans: confidence_threshold 0.72 → 0.5",
        "times the gate fired 1 0",
        "bells: work could go on 1 0",
        "stops: from then on it held all work 0 0",
        "plans in which it fired 1 0",
        "gate flips per plan 1.00 0.00",
        "plans blocked 1 0",
        "plans complete 1 2",
        "tasks done 2 3",
        "tasks replanning 1 0",
        "gate tripped at low results, of 1 1 0",
        "gate tripped at other results, of 2 0 0",
        "billing 1 → 0 blocked → complete 1 a done, not replanning",
        "1 plan would not have changed",
    ):
        assert line in said
    assert NO_OUTCOMES in " ".join(said)


def test_with_outcomes_the_gate_is_held_against_them(
    plangate: Plangate, registry: PlanRegistry, worked_on: str
) -> None:
    registry.record_outcome(worked_on, "a", "rejected", source="ci")
    registry.create("g", [{"id": "x", "title": "X"}], plan_id="other")
    registry.score_output("other", "x", 0.6)
    registry.record_outcome("other", "x", "accepted", source="ci")
    said = lines(plangate("replay", "what-if", "--all", "--set", "confidence_threshold=0.5"))
    for line in (
        "gate tripped at rejected results, of 1 1 0",
        "gate tripped at accepted results, of 1 1 0",
        "warned, of 1 plan with a rejected result 1 0",
        "scores ahead, on average 0.0 –",
        "late: fired only afterwards 0 0",
        "missed: never fired 0 1",
        "fired in plans with accepted results only, of 1 1 0",
    ):
        assert line in said
    assert "Without intervals: not enough outcomes: 1 of 20 outcomes" in " ".join(said)
    assert "low results" not in " ".join(said)

    said = lines(plangate("replay", "what-if", worked_on, "--set", "confidence_threshold=0.5"))
    assert "scores ahead of the result rejected at billing@8 0.0 –" in said
    said = lines(plangate("replay", "sweep", "--all", "--grid", "confidence_threshold=0.5"))
    assert "happened 2 2 0 1.50 1 1 1 0 0 0%" in said
    assert "0.5 0 0 0 0.00 0 0 0 0 1 50%" in said


def test_the_ladder_has_a_row_for_each_change(plangate: Plangate, worked_on: str) -> None:
    asked = ("--set", "exit_threshold=0.6", "--set", "confidence_threshold=0.5")
    said = lines(plangate("replay", "what-if", worked_on, *asked))
    shown = " ".join(said)
    assert "What each change does, alone and with those above it:" in said
    assert "what happened 1 1 0 1 0 1 1 0 1 0" in said
    assert "confidence threshold 0.5 0 0 0 0 0 0 0 0 0 0" in said
    assert "Low: at how many of 1 results below the recorded threshold" in shown
    assert "exit_threshold 0.6 alone: not tried on 1 plan" in shown


@pytest.mark.parametrize("command", ["what-if", "sweep"])
def test_help_says_what_is_assumed(plangate: Plangate, command: str) -> None:
    assert ASSUMED in " ".join(lines(plangate("replay", command, "--help")))


def test_long_lists_are_cut_short(
    plangate: Plangate, registry: PlanRegistry, worked_on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "AT_MOST", 1)
    for name in ("p1", "p2"):
        registry.create("g", [{"id": "x", "title": "X"}], plan_id=name)
        registry.score_output(name, "x", 0.6)
    said = lines(plangate("replay", "what-if", "--all", "--set", "confidence_threshold=0.5"))
    assert "and 2 more plans that would have changed" in said
    said = lines(plangate("replay", "what-if", worked_on, "--set", "confidence_threshold=0.5"))
    assert "and 1 more score" in said


def test_json_has_everything(plangate: Plangate, worked_on: str) -> None:
    said = plangate("--json", "replay", "what-if", worked_on, "--set", "confidence_threshold=0.5")
    answer = WhatIf.model_validate_json(said.stdout)
    assert (said.exit_code, said.stderr) == (0, "")
    assert answer.plans[0].fired == ("billing@2",)
    said = plangate("--json", "replay", "sweep", worked_on, "--grid", "decay=0.5,1")
    sweep = Sweep.model_validate_json(said.stdout)
    assert [point.changes for point in sweep.points] == [{"decay": 0.5}, {"decay": 1}]


def test_json_of_all_plans_is_the_whole_answer(
    plangate: Plangate, registry: PlanRegistry, worked_on: str
) -> None:
    registry.create("g", [{"id": "x", "title": "X"}], policy={"exit_threshold": 0.8})
    policy = {"confidence_threshold": 0.9}
    answer = registry.replay.what_if(policy=policy, ladder=True)
    assert worked_on in {plan.plan_id for plan in answer.plans}
    assert answer.unfit
    said = plangate("replay", "what-if", "--all", "--set", "confidence_threshold=0.9", "--json")
    assert WhatIf.model_validate_json(said.stdout) == answer


def test_a_what_if_of_no_plans_says_so(plangate: Plangate) -> None:
    plangate("store", "migrate")
    asked = ("replay", "what-if", "--all", "--policy", "steady")
    assert lines(plangate(*asked))[0] == "Tried on 0 plans: steady"
    assert WhatIf.model_validate_json(plangate(*asked, "--json").stdout).plans == ()


def test_a_refusal_leaves_no_half_document(plangate: Plangate, worked_on: str) -> None:
    said = plangate("replay", "what-if", worked_on, "nowhere", "--policy", "steady", "--json")
    assert (said.exit_code, said.stdout) == (3, "")
    assert said.error["type"] == "PlanNotFound"


def test_unreadable_plans_are_reported(
    plangate: Plangate, worked_on: str, registry: PlanRegistry, database: Path
) -> None:
    assert worked_on
    registry.create("g", [{"id": "x", "title": "X"}], plan_id="other")
    with closing(sqlite3.connect(database)) as file:
        file.execute("DELETE FROM stored_events WHERE originator_version = 2")
        file.commit()
    for words in (
        ("replay", "what-if", "--set", "decay=1"),
        ("replay", "sweep", "--grid", "decay=1"),
    ):
        said = plangate(*words, "--all")
        assert said.exit_code == 0
        assert "left out: billing@2 cannot be read: it is missing" in lines(said)


def test_plans_whose_policy_contradicts_the_change_are_reported(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    assert billing
    tasks = [{"id": "x", "title": "X"}]
    registry.create("g", tasks, plan_id="odd", policy={"exit_threshold": 0.8})
    said = lines(plangate("replay", "what-if", "--all", "--set", "confidence_threshold=0.9"))
    assert said[0] == "Tried on 1 plan: confidence_threshold 0.9"
    assert any(line.startswith("not tried on odd: exit_threshold 0.8 must be") for line in said)
    said = lines(plangate("replay", "sweep", "--all", "--grid", "confidence_threshold=0.7,0.9"))
    assert (
        "confidence_threshold 0.9: not tried on 1 plan, whose own policy it contradicts: "
        "exit_threshold 0.8 must be at least the confidence_threshold 0.9"
    ) in " ".join(said)


def test_a_sweep_is_a_table_of_policies_under_what_happened(
    plangate: Plangate, worked_on: str
) -> None:
    assert worked_on
    said = lines(
        plangate(
            "replay",
            "sweep",
            "--all",
            "--grid",
            "decay=0.85",
            "--grid",
            "confidence_threshold=0.5:0.7:0.1",
        )
    )
    assert said[0] == "Tried 3 policies on 1 plan."
    shown = " ".join(said)
    assert ASSUMED in shown
    assert "At most 2 of 4 commands (50%) come after the first difference of their plan" in shown
    assert NO_OUTCOMES in shown
    for line in (
        "happened 1 1 0 2.00 1 0 0%",
        "0.85 0.5 0 0 0 0.00 0 0 50%",
        "0.85 0.6 0 0 0 0.00 0 0 50%",
        "0.85 0.7 1 1 0 2.00 1 0 50%",
    ):
        assert line in said


def test_a_picture_is_drawn_beside_the_answer(
    plangate: Plangate, worked_on: str, tmp_path: Path
) -> None:
    said = plangate(
        "--json", "replay", "what-if", worked_on, "--set", "decay=1", "--plot", "plan.svg"
    )
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.json["plans"][0]["plan_id"] == worked_on
    said = plangate("replay", "sweep", "--all", "--grid", "decay=0.5,1", "--plot", "sweep.html")
    assert said.stdout.startswith("Tried 2 policies")
    assert (tmp_path / "plan.svg").read_text("utf-8").startswith("<?xml")
    assert (tmp_path / "sweep.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_picture_that_cannot_be_written_is_a_refusal(plangate: Plangate, worked_on: str) -> None:
    said = plangate(
        "replay", "what-if", worked_on, "--set", "decay=1", "--plot", "nowhere/plan.svg"
    )
    assert (said.exit_code, said.stdout) == (2, "")
    assert "'nowhere/plan.svg': there is no folder 'nowhere'" in " ".join(said.stderr.split())


@pytest.mark.parametrize(
    "words, problem",
    [
        (
            ("replay", "what-if", "billing", "--set", "decay=1", "--plot", "p.jpg"),
            "a plot is a file ending in",
        ),
        (("replay", "what-if", "billing"), "give --policy, --set or both"),
        (("replay", "what-if", "--set", "decay=1"), "name plans, or give --all"),
        (
            ("replay", "what-if", "billing", "--all", "--set", "decay=1"),
            "name plans, or give --all",
        ),
        (("replay", "what-if", "billing", "--set", "decay"), "'decay': write FIELD=VALUE"),
        (("replay", "what-if", "billing", "--set", "=1"), "'=1': write FIELD=VALUE"),
        (
            ("replay", "what-if", "billing", "--set", "decay=1", "--set", "decay=0.5"),
            "'decay' is given twice",
        ),
        (("replay", "sweep", "--all"), "Missing option '--grid'"),
        (("replay", "sweep", "--all", "--grid", "decay="), "write FIELD=VALUE,VALUE,…"),
        (
            ("replay", "sweep", "--all", "--grid", "decay=0.5:1"),
            "write FROM:TO:STEP, as in 0.5:0.9:0.05",
        ),
        (("replay", "sweep", "--all", "--grid", "decay=0.5:1:much"), "write FROM:TO:STEP"),
        (("replay", "sweep", "--all", "--grid", "decay=0.5:1:0"), "write FROM:TO:STEP"),
        (
            ("replay", "sweep", "--all", "--grid", "decay=1:0.5:0.1"),
            "the steps must lead from FROM up to TO",
        ),
        (
            ("replay", "sweep", "--all", "--grid", "decay=0.5:1:-0.1"),
            "the steps must lead from FROM up to TO",
        ),
        (
            ("replay", "sweep", "--all", "--grid", "decay=0:1:0.0001"),
            "has 10,001 values; at most 1,000",
        ),
        (("replay", "sweep", "--all", "--grid", "decay=nan:1:1"), "write FROM:TO:STEP"),
        (("replay", "sweep", "--all", "--grid", "decay=0:inf:1"), "write FROM:TO:STEP"),
    ],
)
def test_wrong_arguments_are_usage_errors(
    plangate: Plangate, billing: str, words: tuple[str, ...], problem: str
) -> None:
    assert billing
    said = plangate(*words)
    assert said.exit_code == 2
    assert problem in " ".join(said.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "words, problem",
    [
        (("replay", "what-if", "nowhere", "--set", "decay=1"), "there is no plan 'nowhere'"),
        (("replay", "what-if", "billing", "--set", "decay=2"), "decay: must be at most 1"),
        (("replay", "what-if", "billing", "--set", "decay=slow"), "decay: must be a number"),
        (("replay", "what-if", "billing", "--set", "decay=[1]"), "decay: must be a number"),
        (
            ("replay", "what-if", "billing", "--policy", "strict"),
            "the preset 'strict' is not known",
        ),
        (("replay", "what-if", "billing", "--set", "speed=1"), "speed: is not known here"),
        (("replay", "sweep", "billing", "--grid", "gate=hold,shut"), "gate: must be one of"),
    ],
)
def test_an_invalid_policy_is_refused(
    plangate: Plangate, billing: str, words: tuple[str, ...], problem: str
) -> None:
    assert billing
    said = plangate(*words)
    assert said.exit_code == 3
    assert problem in said.stderr
