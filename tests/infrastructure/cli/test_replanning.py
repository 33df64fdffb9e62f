"""After the gate fired: revise, retry, approve; and plans that are paused or archived."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from plangate.application.gate_decision import GateDecision
from plangate.application.graph import PlanGraph
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from tests.infrastructure.cli.conftest import Plangate

ROOT = Path(__file__).parents[3]
SPLIT = """
- op: split
  task_id: a
  into:
    - {id: a1, title: First half}
    - {title: Second half}
- {op: change, task_id: b, depends_on: [a1]}
"""

MOVE = '{"op": "move", "task_id": "a"}'


@pytest.fixture
def failing(registry: PlanRegistry, billing: str) -> str:
    """A plan whose first task scored so low that the gate fired."""
    registry.score_output(billing, "a", 0.1)
    return billing


@pytest.mark.parametrize("typed", [SPLIT, f"changes:{SPLIT}".replace("\n", "\n  ")])
def test_a_revision_is_read_from_a_file(plangate: Plangate, failing: str, typed: str) -> None:
    said = plangate("revise", failing, "-", "--reason", "too wide", "--json", typed=typed)
    plan = PlanStatus.model_validate(said.json)

    assert [task.id for task in plan.tasks][0::2] == ["a1", "b"]
    assert plan.tasks[2].depends_on == ("a1",)
    assert not plan.replan_due


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("- {op: drop}", "stdin:1:3: changes[0].task_id: is required"),
        ("- op: add\n  task:\n    titel: x\n", "stdin:3:5: changes[0].task.titel: is not known"),
        ("changes:\n- {op: burn}\n", "stdin:2:3: changes[0]: the op 'burn' is not known;"),
        ("changes: now\n", "stdin:1:1: changes: must be a list"),
        ("[]", "stdin:1:1: changes: must hold at least 1"),
        (
            "- {op: change, task_id: b, depends_on: [b]}",
            "the task 'b' depends on itself",
        ),
        ("why: not\n", "stdin:1:1: why: is not known here; accepted: changes"),
    ],
)
def test_a_wrong_revision_names_its_place_and_changes_nothing(
    plangate: Plangate, failing: str, registry: PlanRegistry, typed: str, expected: str
) -> None:
    version = registry.get_status(failing).version
    said = plangate("revise", failing, "-", "--reason", "r", typed=typed)

    assert (said.exit_code, said.stdout) == (3, "")
    assert expected in said.stderr
    assert registry.get_status(failing).version == version


def test_the_example_fits_the_published_schema_as_a_list_and_in_an_object(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    example = ROOT / "examples" / "revision.yaml"
    schema = json.loads((ROOT / "docs/schemas/revision-file.v1.schema.json").read_text("utf-8"))
    changes = yaml.safe_load(example.read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    plangate("create", str(ROOT / "examples" / "plan.yaml"))

    validator.validate(changes)
    validator.validate({"changes": changes})
    assert not validator.is_valid([{"op": "burn"}])
    assert plangate("revise", "billing", str(example), "--reason", "r").exit_code == 0
    assert registry.graph("billing").order == ("schema", "months", "switch", "sums")


def test_new_tasks_may_lack_ids_and_say_no_more_than_they_must(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    waiting: dict[str, object] = {"id": "b", "title": "B", "depends_on": ["a"]}
    registry.create("g", [{"id": "a", "title": "A"}, waiting], plan_id="p")
    typed = '[{"op": "replace", "task_id": "b", "by": {"title": "C", "labels": []}}]'

    said = plangate("revise", "p", "-", "--reason", "r", "--json", typed=typed)

    successor = PlanStatus.model_validate(said.json).tasks[1]
    assert (successor.replaces, successor.depends_on) == ("b", ("a",))
    assert len(successor.id) == 8


def test_a_dropped_task_warns_of_those_that_waited_for_it(
    plangate: Plangate, billing: str, tmp_path: Path
) -> None:
    (tmp_path / "wait.yaml").write_text("- {op: change, task_id: b, depends_on: [a]}")
    (tmp_path / "drop.json").write_text('[{"op": "drop", "task_id": "a"}]')
    plangate("revise", billing, "wait.yaml", "--reason", "r")
    said = plangate("revise", billing, "drop.json", "--reason", "r")

    assert said.stderr == "warning: 'a' was dropped; no longer waiting for it: 'b'\n"
    assert "Task A" not in said.stdout


def test_the_gate_stays_closed_until_it_is_answered(plangate: Plangate, failing: str) -> None:
    closed = plangate("gate", failing, "--json")
    plangate("retry", failing, "a", "--reason", "again")
    answered = plangate("gate", failing, "--json")

    assert (closed.exit_code, answered.exit_code) == (10, 0)
    assert GateDecision.model_validate(closed.json).replan_due
    assert GateDecision.model_validate(answered.json).rolling_confidence == 0.1
    assert (
        "Go on. The task 'a' can be taken, although the rolling confidence 0.100 is below 0.720: "
        "no replan is due."
    ) in " ".join(plangate("gate", failing).stdout.split())
    assert (
        "Go on. 0.100 is below 0.720, but no replan is due." in plangate("status", failing).stdout
    )


def test_an_approval_lets_work_go_on(plangate: Plangate, failing: str) -> None:
    said = plangate("approve", failing, "--reason", "a flaky judge")

    assert (said.exit_code, plangate("gate", failing).exit_code) == (0, 0)


def test_a_confidence_that_recovers_does_not_answer_the_gate(
    plangate: Plangate, failing: str, registry: PlanRegistry
) -> None:
    registry.score_output(failing, "a", 0.9)
    said = plangate("gate", failing)

    assert said.exit_code == 10
    shown = " ".join(said.stdout.split())
    assert "Replan first. A replan is due since " in shown
    assert "the rolling confidence 0.900 is not below 0.720." in shown
    asked = plangate("status", failing).stdout
    assert "Replan first. The last replan was not answered yet." in asked


def test_a_missing_reason_is_a_usage_error(plangate: Plangate, failing: str) -> None:
    for words in (["retry", failing, "a"], ["approve", failing], ["plan", "pause", failing]):
        said = plangate(*words)
        assert said.exit_code == 2
        assert "--reason" in said.stderr


def test_a_plan_is_paused_resumed_archived_and_restored(plangate: Plangate, billing: str) -> None:
    states = [
        plangate("plan", command, billing, "--reason", "r", "--json").json["state"]
        for command in ("pause", "archive", "restore", "resume")
    ]
    assert states == ["paused", "archived", "paused", "active"]


@pytest.mark.parametrize(
    "stop, expected, hint",
    [
        ("pause", "The plan is paused.\n· resume the plan", "resume"),
        ("archive", "The plan is archived.\n· restore the plan", "restore"),
    ],
)
def test_a_paused_or_archived_plan_hands_out_nothing(
    plangate: Plangate, billing: str, stop: str, expected: str, hint: str
) -> None:
    said = plangate("plan", stop, billing, "--reason", "r", "--full")
    nothing = plangate("next", billing)

    assert f"plangate plan {hint} billing --reason" in said.stdout
    assert (nothing.exit_code, nothing.stderr) == (13, "")
    assert expected in nothing.stdout


def test_plans_are_listed_by_state_gate_and_label(
    plangate: Plangate, failing: str, registry: PlanRegistry
) -> None:
    registry.create("other", [{"title": "T"}], plan_id="other", labels=["x"])
    registry.pause("other", "r")

    def listed(*options: str) -> list[str]:
        return [plan["plan_id"] for plan in plangate("list", "--json", *options).json["plans"]]

    assert listed("--state", "paused") == ["other"]
    assert listed("--verdict", "replan") == [failing]
    assert listed("--verdict", "paused") == ["other"]
    assert listed("--needs-replan") == [failing]
    assert plangate("list", "--verdict", "go_on").exit_code == 2
    assert listed("--no-needs-replan", "--label", "x") == ["other"]
    assert plangate("list", "--state", "sleeping").exit_code == 2


def test_the_graph_is_shown_drawn_and_answered_in_json(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.revise(billing, "r", [{"op": "change", "task_id": "a", "depends_on": ["b"]}])

    shown = plangate("plan", "graph", billing).stdout
    assert "ready: b" in shown
    assert "longest chain (2 of 2 tasks): b → a" in shown
    assert plangate("plan", "graph", billing, "--format", "mermaid").stdout.startswith(
        "flowchart TD\n"
    )
    assert '"b" -> "a";' in plangate("plan", "graph", billing, "--format", "dot").stdout
    assert PlanGraph.model_validate(plangate("plan", "graph", billing, "--json").json).order == (
        "b",
        "a",
    )


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_a_drawn_graph_keeps_long_titles_on_one_line_and_escapes_them(
    plangate: Plangate, registry: PlanRegistry, form: str
) -> None:
    title = "word " * 90 + "\x1b[2J"
    registry.create("g", [{"id": "a\u202e", "title": title}], plan_id="p")

    drawn = plangate("plan", "graph", "p", "--format", form).stdout

    assert any("word " * 90 in line for line in drawn.splitlines())
    assert not set(drawn) & {"\x1b", "\u202e"}


def test_a_trace_may_carry_every_command(plangate: Plangate) -> None:
    trace = "\n".join(
        [
            '{"op": "create", "plan_id": "p", "goal": "g", "tasks": [{"id": "a", "title": "A"}]}',
            '{"op": "next_task", "worker": "w", "lease": 60}',
            '{"op": "heartbeat", "plan_id": "p", "task_id": "a", "token": 2}',
            '{"op": "release", "plan_id": "p", "task_id": "a"}',
            '{"op": "score_output", "plan_id": "p", "task_id": "a", "score": 0.1}',
            '{"op": "retry", "plan_id": "p", "task_id": "a", "reason": "r"}',
            f'{{"op": "revise", "plan_id": "p", "reason": "r", "changes": [{MOVE}]}}',
            '{"op": "approve", "plan_id": "p", "reason": "nothing is due"}',
            *(
                f'{{"op": "{command}", "plan_id": "p", "reason": "r"}}'
                for command in ("pause", "resume", "archive", "restore")
            ),
        ]
    )
    first = plangate("apply", "-", "--json", typed=trace)
    again = plangate("apply", "-", "--json", typed=trace)

    assert (first.exit_code, first.json["recorded"], first.json["unchanged"]) == (0, 11, 1)
    assert (again.exit_code, again.json["recorded"], again.json["unchanged"]) == (0, 0, 12)


@pytest.mark.parametrize(
    "accept, accepted",
    [
        (["a,b"], ["a,b"]),
        (["a", "b"], ["a", "b"]),
        (["a,b", "c"], ["c", "a,b"]),
        (["b,c"], ["b", "c"]),
        (["passing,"], ["passing"]),
    ],
)
def test_any_task_can_be_accepted_whatever_its_id(
    plangate: Plangate, registry: PlanRegistry, accept: list[str], accepted: list[str]
) -> None:
    ids = ["a", "b", "c", "a,b", "passing"]
    registry.create("g", [{"id": task_id, "title": "t"} for task_id in ids], plan_id="p")
    for task_id in ids:
        registry.mark_task("p", task_id, "failed")
    options = [word for value in accept for word in ("--accept", value)]

    said = plangate("approve", "p", *options, "--reason", "fine", "--json")

    assert [t["id"] for t in said.json["tasks"] if t["status"] == "done"] == accepted


def test_passing_stands_alone(plangate: Plangate, failing: str) -> None:
    words = ("--accept", "passing", "--accept", "a", "--reason", "fine")
    said = plangate("approve", failing, *words)

    assert said.exit_code == 2
    assert "passing cannot be combined with task ids" in said.stderr
