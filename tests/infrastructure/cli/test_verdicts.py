"""One verdict at the terminal: exit codes, loops that end, and cases that once misled."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.cli.answers import GateDecisions, NextTask
from plangate.infrastructure.cli.exits import gate_code, without_task_code
from tests.infrastructure.cli.conftest import Output, Plangate

CASES: Final = Path(__file__).parents[2] / "data" / "gate"
TURNS: Final = 20
"""More than the tasks of any plan here: a loop that takes more turns does not end."""


@pytest.fixture
def gate_cases(tmp_path: Path) -> None:
    """The cases, in the folder of the commands."""
    shutil.copytree(CASES, tmp_path, dirs_exist_ok=True)


def squeezed(said: Output) -> str:
    return " ".join(said.stdout.split())


# --- each way a plan can end ---


def complete(registry: PlanRegistry) -> None:
    for task_id in "ab":
        registry.score_output("p", task_id, 0.9)


def failed(registry: PlanRegistry) -> None:
    registry.mark_task("p", "a", "failed")


def exhausted(registry: PlanRegistry) -> None:
    registry.score_output("p", "a", 0.1)
    registry.retry("p", "a", "r")
    registry.score_output("p", "a", 0.1)
    registry.retry("p", "a", "r")


def claimed(registry: PlanRegistry) -> None:
    registry.next_task("p", worker="another")


def deferred(registry: PlanRegistry) -> None:
    registry.defer_task("p", "a", "a decision")


WAYS: Final[dict[str, tuple[Callable[[PlanRegistry], object], Verdict, int, int]]] = {
    "complete": (complete, Verdict.COMPLETE, 0, 14),
    "failed": (failed, Verdict.BLOCKED, 12, 12),
    "exhausted": (exhausted, Verdict.BLOCKED, 12, 12),
    "claimed": (claimed, Verdict.WAIT, 11, 11),
    "deferred": (deferred, Verdict.WAIT, 11, 11),
    "replan": (lambda registry: registry.score_output("p", "a", 0.1), Verdict.REPLAN, 10, 10),
    "paused": (lambda registry: registry.pause("p", "r"), Verdict.PAUSED, 13, 13),
    "archived": (lambda registry: registry.archive("p", "r"), Verdict.ARCHIVED, 13, 13),
    "deleted": (lambda registry: registry.delete("p"), Verdict.DELETED, 13, 13),
}


@pytest.mark.parametrize("way", WAYS)
def test_gate_and_next_agree_on_a_plan_without_work(
    plangate: Plangate, registry: PlanRegistry, way: str
) -> None:
    end, verdict, gate_exit, next_exit = WAYS[way]
    _two_tasks(registry)
    end(registry)
    version = registry.gate("p").version

    asked, taken = plangate("gate", "p", "--json"), plangate("next", "p", "--json")

    assert (asked.json["verdict"], asked.exit_code) == (verdict, gate_exit)
    assert (taken.json["task"], taken.exit_code, taken.stderr) == (None, next_exit, "")
    assert taken.json["gate"] == asked.json
    assert registry.gate("p").version == version
    assert registry.gate("p").reason in squeezed(plangate("next", "p"))
    assert registry.gate("p").reason in squeezed(plangate("gate", "p"))


@pytest.mark.parametrize("way", [None, *WAYS])
def test_a_loop_of_gate_and_next_ends(
    plangate: Plangate, registry: PlanRegistry, way: str | None
) -> None:
    """`while plangate gate p && plangate next p; do plangate score …; done`."""
    _two_tasks(registry)
    if way is not None:
        WAYS[way][0](registry)

    for _ in range(TURNS):
        if plangate("gate", "p").exit_code or (taken := plangate("next", "p", "--json")).exit_code:
            break
        task = NextTask.model_validate(taken.json).task
        assert task is not None
        assert plangate("score", "p", task.id, "--output", "0.9").exit_code == 0
    else:
        pytest.fail("the loop does not end")

    assert registry.gate("p").verdict == (Verdict.COMPLETE if way is None else WAYS[way][1])


def test_next_never_ends_with_0_without_a_task() -> None:
    assert {without_task_code(verdict) for verdict in [None, *Verdict]} == {10, 11, 12, 13, 14}
    assert without_task_code(Verdict.GO) == 11  # one became free just after none was


@pytest.mark.parametrize(
    "verdicts, code",
    [
        ("", 0),
        ("go complete", 0),
        ("go paused", 13),
        ("go deleted wait", 11),
        ("archived wait blocked", 12),
        ("blocked replan wait paused go", 10),
    ],
)
def test_several_verdicts_end_with_the_code_of_the_worst(verdicts: str, code: int) -> None:
    assert gate_code(map(Verdict, verdicts.split())) == code
    assert gate_code(map(Verdict, reversed(verdicts.split()))) == code


def test_several_plans_are_asked_at_once(plangate: Plangate, registry: PlanRegistry) -> None:
    _two_tasks(registry)
    for plan_id in ("low", "away", "gone"):
        registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id)
    registry.score_output("low", "a", 0.1)
    registry.pause("away", "r")
    registry.delete("gone")

    named = plangate("gate", "p", "away", "--json")
    every = plangate("gate", "--all", "--json")
    decisions = GateDecisions.model_validate(every.json).decisions

    assert named.exit_code == 13
    assert [one["verdict"] for one in named.json["decisions"]] == ["go", "paused"]
    assert every.exit_code == 10
    assert decisions == (registry.gate("p"), registry.gate("low"))
    shown = squeezed(plangate("gate", "--all"))
    assert "p go The task 'a' can be taken. no evidence yet" in shown
    assert "away" not in shown
    assert plangate("gate", "p", "nowhere").exit_code == 3


def test_a_plan_that_cannot_be_read_is_not_passed_over(
    plangate: Plangate, registry: PlanRegistry, billing: str, database: Path
) -> None:
    _two_tasks(registry)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{' WHERE originator_id = 'billing'")
        connection.commit()

    said = plangate("gate", "--all", "--json")

    assert (said.exit_code, said.stderr[:18]) == (4, "warning: billing@1")
    assert [one["plan_id"] for one in said.json["decisions"]] == ["p"]
    assert [one["plan_id"] for one in said.json["unreadable"]] == [billing]
    assert plangate("gate", billing).exit_code == 4


def test_which_plans_must_be_said(plangate: Plangate, billing: str) -> None:
    assert plangate("gate").exit_code == 2
    assert plangate("gate", billing, "--all").exit_code == 2


def test_without_any_plan_all_may_go_on(plangate: Plangate) -> None:
    plangate("store", "migrate")
    said = plangate("gate", "--all")

    assert (said.exit_code, said.stdout) == (0, "No plans.\n")


def test_a_deleted_plan_has_a_verdict_and_one_that_never_was_has_none(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    registry.delete(billing)

    assert "Deleted. The plan was deleted." in plangate("gate", billing).stdout
    assert plangate("gate", "nowhere", "--json").error["type"] == "PlanNotFound"
    assert plangate("next", "nowhere").exit_code == 3


# --- what is said ---


def test_a_gate_shows_the_command_of_each_way_on(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    _two_tasks(registry)
    registry.score_output("p", "a", 0.1)

    hints = [line.strip() for line in plangate("gate", "p").stdout.splitlines()]

    assert [line for line in hints if line.startswith("plangate ")] == [
        "plangate revise p FILE --reason REASON",
        "plangate retry p a --reason REASON",
        "plangate approve p --accept a --reason REASON",
        "plangate task mark p a done --reason REASON",
        "plangate approve p --reason REASON",
    ]


def test_a_healthy_plan_has_one_line_of_advice(plangate: Plangate, registry: PlanRegistry) -> None:
    _two_tasks(registry)

    said = plangate("gate", "p").stdout.splitlines()

    assert said == [
        "confidence no evidence yet threshold 0.720",
        "Go on. The task 'a' can be taken.",
        "· take the next task: 'a'",
        "  plangate next p",
    ]


@pytest.mark.parametrize("command", ["approve", "plan resume", "plan restore"])
def test_a_command_that_changes_nothing_says_so(
    plangate: Plangate, billing: str, command: str
) -> None:
    shown = plangate(*command.split(), billing, "--reason", "r")
    answered = plangate(*command.split(), billing, "--reason", "r", "--json").json

    assert "Nothing was recorded: there was nothing to change." in shown.stdout
    assert (answered["recorded"], answered["version"]) == (False, 1)
    assert "Nothing was recorded" not in plangate("status", billing).stdout
    assert plangate("status", billing, "--json").json["recorded"] is None


# --- approvals that lead on ---


def test_an_approval_accepts_what_passes_by_itself(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    _three_replanning(registry)
    assert "plangate approve p --accept passing --reason" in plangate("status", "p").stdout

    said = plangate("approve", "p", "--accept", "passing", "--reason", "good enough", "--json")

    assert [task["status"] for task in said.json["tasks"]] == ["replanning", "done", "replanning"]
    assert plangate("gate", "p", "--json").json["verdict"] == "blocked"


def test_an_approval_accepts_named_results_whatever_their_scores(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    _three_replanning(registry)

    said = plangate("approve", "p", "--accept", "a,c", "--reason", "as it is", "--json")

    assert [task["status"] for task in said.json["tasks"]] == ["done", "replanning", "done"]
    assert plangate("approve", "p", "--accept", "x", "--reason", "r", "--json").error["type"] == (
        "TaskNotFound"
    )


# --- scales ---


def test_a_judge_may_have_a_scale_and_a_time(plangate: Plangate, registry: PlanRegistry) -> None:
    _two_tasks(registry)
    words = ("--scale", "1,5", "--occurred-at", "2026-01-30T09:00:00Z", "--scorer", "model:judge")
    said = plangate("score", "p", "a", "--output", "4", *words, "--json")
    clamped = plangate("score", "p", "b", "--output", "7", "--scale", "1,5")

    assert [task["output_score"] for task in said.json["tasks"]] == [0.75, None]
    assert "output score 7.0 is outside [1, 5] and counts as 1.0" in clamped.stderr
    assert "1 score was outside the scale and clamped." in clamped.stdout
    for screen in ("history", "explain"):
        shown = squeezed(plangate(screen, "p"))
        assert "given as 4.0 from 1 to 5, judged 2026-01-30 09:00:00" in shown
        assert "given as 7.0 from 1 to 5 and clamped" in shown
    table = plangate("history", "p", "--format", "csv").stdout
    assert ",2026-01-30T09:00:00+00:00," in table
    assert ",0.75,4.0,1 to 5," in table


@pytest.mark.parametrize("scale", ["5", "1,", "low,high", "1;5"])
def test_a_scale_is_two_numbers(plangate: Plangate, billing: str, scale: str) -> None:
    said = plangate("score", billing, "a", "--output", "4", "--scale", scale)

    assert said.exit_code == 2
    assert "as in 1,5" in squeezed(Output(2, said.stderr, ""))


def test_a_scale_from_best_to_worst_is_refused(plangate: Plangate, billing: str) -> None:
    assert plangate("score", billing, "a", "--output", "4", "--scale", "5,1").exit_code == 3


# --- cases that once misled ---


@pytest.mark.usefixtures("gate_cases")
def test_scores_of_another_scale_are_named_everywhere(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    plangate("create", "five.yaml")
    plangate("apply", "scale.jsonl")
    clamped = "2 of 5 tasks scored, 2 scores were outside the scale and clamped"

    asked = plangate("gate", "five", "--json").json
    assert (asked["verdict"], asked["evidence"]["clamped"]) == ("go", 2)
    for command in ("gate", "status", "explain"):
        assert clamped in squeezed(plangate(command, "five"))
    monkeypatch.setenv("COLUMNS", "200")
    assert clamped in plangate("list").stdout
    assert "output score of a: given as 2.0 and clamped" in squeezed(plangate("explain", "five"))


@pytest.mark.usefixtures("gate_cases")
def test_a_judge_that_failed_is_named(plangate: Plangate) -> None:
    plangate("create", "five.yaml")
    plangate("apply", "judge-fails.jsonl")

    evidence = plangate("gate", "five", "--json").json["evidence"]
    assert evidence == {
        "scored": 1,
        "tasks": 5,
        "scoring_failed": 3,
        "clamped": 0,
        "done_unscored": 0,
        "awaits_judges": 0,
    }
    for command in ("gate", "status"):
        assert "1 of 5 tasks scored, the judge failed on 3" in squeezed(plangate(command, "five"))


@pytest.mark.usefixtures("gate_cases")
def test_a_plan_marked_done_without_a_score_has_no_evidence(plangate: Plangate) -> None:
    plangate("create", "five.yaml")
    for task_id in "abcde":
        plangate("task", "mark", "five", task_id, "done")

    for command in ("gate", "status"):
        shown = squeezed(plangate(command, "five"))
        assert "confidence no evidence yet threshold" in shown
        assert "No evidence yet, 5 done without an output score that counts." in shown
        assert "━" not in shown.partition("confidence no evidence yet")[2]
    asked = plangate("gate", "five", "--json")
    assert (asked.exit_code, asked.json["verdict"]) == (0, "complete")
    assert (asked.json["rolling_confidence"], asked.json["evidence"]["scored"]) == (1.0, 0)


@pytest.mark.usefixtures("gate_cases")
def test_a_dropped_low_score_opens_the_gate_as_the_rule_says(plangate: Plangate) -> None:
    plangate("create", "five.yaml")
    plangate("score", "five", "a", "--output", "0.2")
    plangate("score", "five", "b", "--output", "0.9")
    assert plangate("gate", "five").exit_code == 10

    plangate("revise", "five", "drop-a.yaml", "--reason", "x")

    asked = plangate("gate", "five", "--json")
    assert (asked.exit_code, asked.json["verdict"]) == (0, "go")
    assert asked.json["evidence"]["tasks"] == 4


@pytest.mark.usefixtures("gate_cases")
def test_the_gate_of_a_chain_fires_although_little_can_be_scored(plangate: Plangate) -> None:
    plangate("create", "chain-steady.yaml")
    codes = []
    for _ in range(3):
        plangate("next", "chain")
        plangate("score", "chain", "a", "--output", "0.1")
        codes.append(plangate("gate", "chain").exit_code)
        plangate("retry", "chain", "a", "--reason", "again")

    assert codes == [12, 12, 10]  # the third low in a row fires; until then nothing can be taken


@pytest.mark.usefixtures("gate_cases")
def test_a_held_plan_hands_out_nothing_and_its_graph_says_so(plangate: Plangate) -> None:
    plangate("create", "held.yaml")
    plangate("next", "held")
    plangate("score", "held", "a", "--output", "0.3")

    assert "ready: b" not in plangate("plan", "graph", "held").stdout
    taken = plangate("next", "held")
    assert (taken.exit_code, taken.stderr) == (10, "")
    assert "No task; the verdict is replan: A replan is due" in squeezed(taken)


def _two_tasks(registry: PlanRegistry) -> None:
    """A plan that holds its work while a replan is due, and allows one replan."""
    tasks: list[dict[str, Any]] = [
        {"id": "a", "title": "A"},
        {"id": "b", "title": "B", "depends_on": ["a"]},
    ]
    policy = {"gate": "hold", "max_replans": 1}
    registry.create("g", tasks, plan_id="p", policy=policy)


def _three_replanning(registry: PlanRegistry) -> None:
    """A plan whose second task passes by itself, scored while the replan was unanswered."""
    registry.create("g", [{"id": i, "title": i} for i in "abc"], plan_id="p")
    for task_id, score in (("a", 0.1), ("b", 0.9), ("c", 0.2)):
        registry.score_output("p", task_id, score)
