"""Small plans about which the gate once said the wrong thing, and the right thing now.

Each file of `tests/data/gate` is one case, led through Python and the command line.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import plangate
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, InvalidScore, PlanHeld
from plangate.domain.vocabulary import TaskStatus, Verdict
from plangate.infrastructure.cli.app import app
from plangate.infrastructure.cli.input.plan_files import read_revision_file

DATA = Path(__file__).parents[1] / "data" / "gate"
JUDGE = {"kind": "model", "name": "judge-1-to-5", "scale": [1, 5]}

Led = Callable[..., PlanRegistry]


@pytest.fixture
def led(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Led:
    """The registry once the command line created a plan and applied a trace."""
    store = tmp_path / "plans.sqlite"
    monkeypatch.setenv("PLANGATE_DB", str(store))

    def lead(plan: str, *traces: str) -> PlanRegistry:
        for words in (("create", plan), *(("apply", trace) for trace in traces)):
            result = CliRunner().invoke(app, [words[0], str(DATA / words[1])])
            assert result.exit_code == 0, result.output
        return plangate.connect(store)

    return lead


def test_scores_outside_the_scale_are_reported_wherever_they_count(led: Led) -> None:
    with led("five.yaml", "scale.jsonl") as registry:
        sentence = "2 of 5 tasks scored, 2 scores were outside the scale and clamped"
        assert registry.gate("five").evidence.sentence == sentence
        assert registry.get_status("five").evidence.sentence == sentence
        explained = registry.history.explain("five")
        assert explained.evidence.sentence == sentence
        assert [part.output and part.output.clamped for part in explained.contributions] == [
            True,
            True,
        ]
        assert registry.score_output("five", "c", 4).warnings == (
            "output score 4.0 is outside [0, 1] and counts as 1.0",
        )

        for task_id, given, score in (("a", 2, 0.25), ("b", 3, 0.5), ("c", 4, 0.75)):
            status = registry.score_output("five", task_id, given, scorer=JUDGE)
            (task,) = [task for task in status.tasks if task.id == task_id]
            assert (task.output_score, status.warnings) == (score, ())
        assert registry.gate("five").evidence.clamped == 0
        assert registry.gate("five").verdict is Verdict.REPLAN


def test_a_judge_that_fails_gives_no_evidence(led: Led) -> None:
    with led("five.yaml", "judge-fails.jsonl") as registry:
        sentence = "1 of 5 tasks scored, the judge failed on 3"
        assert registry.gate("five").evidence.sentence == sentence
        assert registry.get_status("five").evidence.sentence == sentence
        (row,) = registry.views.plans().plans
        assert (row.scored, row.task_count, row.scoring_failed) == (1, 5, 3)


def test_done_by_hand_is_complete_without_evidence(led: Led) -> None:
    with led("five.yaml") as registry:
        for task_id in "abcde":
            registry.mark_task("five", task_id, "done")
        decision = registry.gate("five")
        assert (decision.verdict, decision.rolling_confidence) == (Verdict.COMPLETE, 1.0)
        assert (decision.evidence.scored, decision.evidence.done_unscored) == (0, 5)
        assert decision.evidence.sentence.startswith("no evidence")


def test_dropping_the_low_one_opens_the_gate_by_the_rule(led: Led) -> None:
    with led("five.yaml") as registry:
        registry.score_output("five", "a", 0.2)
        before = registry.score_output("five", "b", 0.9)
        changes = read_revision_file(DATA / "drop-a.yaml").content
        after = registry.revise("five", "x", changes)
        assert (round(before.rolling_confidence, 3), before.verdict) == (0.578, Verdict.REPLAN)
        assert (after.rolling_confidence, after.verdict) == (0.9, Verdict.GO)


def test_a_steady_gate_fires_on_a_chain_that_never_gets_anywhere(led: Led) -> None:
    with led("chain-steady.yaml") as registry:
        verdicts = []
        for _ in range(4):
            status = registry.score_output("chain", "a", 0.1)
            verdicts.append((status.verdict, status.may_continue))
            status = registry.retry("chain", "a", "once more")
            assert (status.verdict, status.may_continue) == (Verdict.GO, True)

        assert verdicts == [
            (Verdict.BLOCKED, False),
            (Verdict.BLOCKED, False),
            (Verdict.REPLAN, False),
            (Verdict.BLOCKED, False),
        ]


def test_a_held_plan_has_nothing_ready_and_hands_out_nothing(led: Led) -> None:
    with led("held.yaml") as registry:
        task = registry.next_task("held")
        assert task is not None
        registry.score_output("held", "a", 0.3)

        assert registry.graph("held").ready == ()
        decision = registry.gate("held")
        assert (decision.verdict, decision.may_continue) == (Verdict.REPLAN, False)
        with pytest.raises(PlanHeld):
            registry.next_task("held")


@pytest.mark.parametrize("value", [True, *np.array([True, False])], ids=repr)
def test_a_boolean_is_refused_as_a_score(value: Any) -> None:
    with plangate.connect("memory:") as registry:
        registry.create("g", [{"id": "a", "title": "t"}], plan_id="p")
        with pytest.raises(InvalidScore, match="must be a number"):
            registry.score_output("p", "a", value)
        assert registry.get_status("p").version == 1


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), np.int64(1), np.uint8(1)])
def test_a_real_number_of_numpy_is_the_number_it_is(value: Any) -> None:
    with plangate.connect("memory:") as registry:
        registry.create("g", [{"id": "a", "title": "t"}], plan_id="p")
        assert registry.score_output("p", "a", value).tasks[0].output_score == float(value)


def test_an_approval_accepts_what_passes_and_leads_on() -> None:
    with plangate.connect("memory:") as registry:
        tasks = [{"id": task_id, "title": "t"} for task_id in "abc"]
        registry.create("g", tasks, plan_id="p", policy={"gate": "hold"})
        registry.score_output("p", "a", 0.1)
        registry.score_output("p", "b", 0.9)
        assert not registry.gate("p").may_continue

        status = registry.approve("p", "b is good", accept="passing")

        statuses = [TaskStatus.REPLANNING, TaskStatus.DONE, TaskStatus.PENDING]
        assert [task.status for task in status.tasks] == statuses
        assert (status.verdict, status.may_continue) == (Verdict.GO, True)
        status = registry.approve("p", "a will do", accept=["a"])
        assert (status.tasks[0].status, status.recorded) == (TaskStatus.DONE, True)
        with pytest.raises(InvalidInput, match="'c' is pending"):
            registry.approve("p", "c too", accept=["c"])
