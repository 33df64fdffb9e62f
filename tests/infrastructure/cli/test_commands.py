"""Every command does what it says and answers people and programs."""

from pathlib import Path

import pytest

from plangate.application.gate_decision import GateDecision
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanList, PlanStatus
from plangate.domain.events import TaskScored, TaskStatusChanged
from plangate.domain.vocabulary import Scorer, ScorerKind
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.answers import Deletion, NextTask
from plangate.infrastructure.cli.render import lists
from tests.infrastructure.cli.conftest import Plangate

PLAN = "goal: Move billing\nplan_id: billing\ntasks:\n  - {id: a, title: Task A}\n"


def test_create_registers_the_plan_of_a_file(
    plangate: Plangate, tmp_path: Path, registry: PlanRegistry
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")

    said = plangate("create", "plan.yaml", "--json")

    assert said.exit_code == 0
    assert PlanStatus.model_validate(said.json) == registry.get_status("billing").model_copy(
        update={"recorded": True}
    )


@pytest.mark.parametrize("typed", [PLAN, '\n {"goal": "g", "tasks": [{"title": "\\u0041"}]}'])
def test_create_reads_yaml_or_json_from_standard_input(plangate: Plangate, typed: str) -> None:
    said = plangate("create", "-", "--json", typed=typed)

    assert (said.exit_code, said.json["version"]) == (0, 1)


def test_create_keeps_the_rules_that_the_file_gives(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    rules = "confidence_threshold: 0.5\npolicy: {decay: 1.0, out_of_range: refuse}\n"
    plangate("create", "-", typed=PLAN + rules + "metadata: {ticket: B-1, since: 2026-01-01}\n")

    plan = registry.get("billing")

    assert plan is not None
    assert (plan.policy.confidence_threshold, plan.policy.decay) == (0.5, 1.0)
    assert plan.metadata == {"ticket": "B-1", "since": "2026-01-01"}


@pytest.mark.parametrize(
    "words, rules, threshold, exit_threshold",
    [
        ((), "policy: steady\n", 0.5, 0.55),
        (("--policy", "steady"), "", 0.5, 0.55),
        (("--policy", "steady"), "confidence_threshold: 0.6\n", 0.6, 0.65),
        ((), "policy: steady\nconfidence_threshold: 0.6\n", 0.6, 0.65),
        ((), "policy: {preset: steady, exit_threshold: 0.9}\n", 0.5, 0.9),
        (("--policy", "classic"), "", 0.72, None),
    ],
)
def test_create_takes_a_preset_from_the_file_or_the_command_line(
    plangate: Plangate,
    registry: PlanRegistry,
    words: tuple[str, ...],
    rules: str,
    threshold: float,
    exit_threshold: float | None,
) -> None:
    assert plangate("create", "-", *words, typed=PLAN + rules).exit_code == 0

    plan = registry.get("billing")
    assert plan is not None
    assert plan.policy.confidence_threshold == threshold
    assert plan.policy.exit_threshold == exit_threshold


def test_create_refuses_a_preset_beside_a_policy_and_one_that_is_not_known(
    plangate: Plangate,
) -> None:
    both = plangate("create", "-", "--policy", "steady", typed=PLAN + "policy: classic\n")
    assert both.exit_code == 3
    assert "policy: the file has its own; leave out --policy" in both.stderr

    unknown = plangate("create", "-", typed=PLAN + "policy: steddy\n")
    assert unknown.exit_code == 3
    assert "policy: the preset 'steddy' is not known; there are classic, steady" in unknown.stderr
    assert plangate("create", "-", "--policy", "steddy", typed=PLAN).exit_code == 2


def test_a_gate_without_replans_left_asks_for_an_approval(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    plangate("create", "-", typed=PLAN + "policy: {max_replans: 0}\n")
    task = registry.get_status("billing").tasks[0].id
    registry.score_output("billing", task, 0.1)
    registry.retry("billing", task, "again")

    gate = plangate("gate", "billing")
    assert gate.exit_code == 12
    assert "Blocked. The replans are used up: 1 without an approval, 0 allowed." in gate.stdout
    status = plangate("status", "billing").stdout
    assert "Blocked. No replans are left, so only an approval leads on" in status
    assert "plangate approve billing" in status
    assert " blocked " in plangate("list").stdout
    assert plangate("approve", "billing", "--reason", "seen").exit_code == 0
    assert plangate("gate", "billing").exit_code == 0


def test_create_with_a_key_finds_its_plan_again(plangate: Plangate) -> None:
    typed = "goal: g\ntasks: [{title: t}]\n"
    words = ("create", "-", "--json", "--idempotency-key", "k")

    assert plangate(*words, typed=typed).json == plangate(*words, typed=typed).json
    assert len(plangate("list", "--json").json["plans"]) == 1


def test_list_gives_the_newest_plans_first(plangate: Plangate, registry: PlanRegistry) -> None:
    for name in ("one", "two", "three"):
        registry.create(name, [{"title": "t"}], plan_id=name)

    listed = PlanList.model_validate(plangate("list", "--json").json)

    assert [plan.plan_id for plan in listed.plans] == ["three", "two", "one"]
    assert [p["plan_id"] for p in plangate("list", "-n", "2", "--json").json["plans"]] == [
        "three",
        "two",
    ]
    table = plangate("list").stdout
    assert [word for word in table.split() if word in {"one", "two", "three"}] == [
        *("three", "three", "two", "two", "one", "one")
    ]


def test_list_says_when_there_are_no_plans(plangate: Plangate) -> None:
    plangate("store", "migrate")
    assert plangate("list").stdout == "No plans.\n"
    assert plangate("list", "--json").json == {"plans": [], "unreadable": []}


def test_a_long_list_is_written_page_by_page(
    plangate: Plangate, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_ROWS", 2)
    for name in ("p3", "p2", "p1"):
        registry.create("g", [{"title": "t"}], plan_id=name)
    text = plangate("list").stdout
    assert [word for word in text.split() if word in {"plan", "p1", "p2", "p3"}] == [
        *("plan", "p1", "p2"),
        *("plan", "p3"),
    ]


def test_a_list_in_json_is_one_document_as_published(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    for name in ("p1", "p2"):
        registry.create("Größe", [{"title": "t"}], plan_id=name)
    written = registry.list_plans().model_dump_json(indent=2)
    assert plangate("list", "--json", "--order", "oldest").stdout == f"{written}\n"


def test_status_shows_a_plan(plangate: Plangate, billing: str, registry: PlanRegistry) -> None:
    registry.score_output(billing, "a", 0.9)

    said = plangate("status", billing, "--json")
    shown = plangate("status", billing).stdout

    assert PlanStatus.model_validate(said.json) == registry.get_status(billing)
    assert all(word in shown for word in ("Move billing", "Task A", "done", "0.900", "Go on."))
    assert "plangate next billing" in shown


def test_next_takes_the_first_pending_task_once(plangate: Plangate, billing: str) -> None:
    first = NextTask.model_validate(plangate("next", billing, "--json").json)
    second = plangate("next", billing)
    third = NextTask.model_validate(plangate("next", billing, "--json").json)

    assert first.task is not None
    assert (first.task.id, first.task.status) == ("a", "in_progress")
    assert "Task B" in second.stdout
    assert third.gate is not None
    assert (third.task, third.gate.verdict) == (None, "wait")
    assert "No task; the verdict is wait" in plangate("next", billing).stdout


def test_next_warns_while_the_gate_is_closed(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.score_output(billing, "a", 0.1)

    said = plangate("next", billing, "--json")

    assert (said.exit_code, said.json["gate"]["verdict"]) == (0, "replan")
    assert said.stderr == "warning: the gate says: replan before you go on\n"


def test_score_records_both_scores_at_once_with_their_provenance(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    said = plangate(
        *("score", billing, "a", "--prompt", "0.85", "--output", "0.55", "--json"),
        *("--scorer", "model:judge@2", "--rationale", "vague", "--evidence", '{"rows": 3}'),
        *("--actor", "agent-7", "--correlation-id", "run-1", "--idempotency-key", "k"),
    )

    status = PlanStatus.model_validate(said.json)
    prompt, output, *_ = registry.history.of(billing)[1:]
    assert status.needs_replan
    assert isinstance(prompt.event, TaskScored)
    assert isinstance(output.event, TaskScored)
    assert (prompt.event.score, output.event.score) == (0.85, 0.55)
    assert output.event.scorer == Scorer(kind=ScorerKind.MODEL, name="judge", version="2")
    assert (output.event.rationale, output.event.evidence) == ("vague", {"rows": 3})
    assert (prompt.envelope.actor, prompt.envelope.correlation_id) == ("agent-7", "run-1")
    assert prompt.envelope.idempotency_key == "k"


@pytest.mark.parametrize(
    "options, prompt, output, status",
    [
        (["--prompt", "0.4"], 0.4, None, "pending"),
        (["--output", "0.9"], None, 0.9, "done"),
        (["--output", "0.9", "--no-mark-done"], None, 0.9, "pending"),
        (["--output", "0"], None, 0.0, "replanning"),
    ],
)
def test_score_takes_either_score(
    plangate: Plangate,
    billing: str,
    options: list[str],
    prompt: float | None,
    output: float | None,
    status: str,
) -> None:
    task = plangate("score", billing, "a", *options, "--json").json["tasks"][0]

    assert (task["prompt_score"], task["output_score"], task["status"]) == (prompt, output, status)


def test_score_warns_when_it_clamps(plangate: Plangate, billing: str) -> None:
    said = plangate("score", billing, "a", "--output", "85")

    assert said.stderr == "warning: output score 85.0 is outside [0, 1] and counts as 1.0\n"


@pytest.mark.parametrize(
    "text, named", [("human:ana", ("human", "ana", None)), ("code:a:b@c@1", ("code", "a:b@c", "1"))]
)
def test_a_scorer_is_kind_name_and_perhaps_version(
    plangate: Plangate,
    billing: str,
    registry: PlanRegistry,
    text: str,
    named: tuple[str, str, str | None],
) -> None:
    plangate("score", billing, "a", "--prompt", "1", "--scorer", text)

    event = registry.history.of(billing)[-1].event
    assert isinstance(event, TaskScored)
    assert event.scorer is not None
    assert (event.scorer.kind, event.scorer.name, event.scorer.version) == named


def test_mark_sets_a_status_with_its_reason(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    said = plangate("task", "mark", billing, "b", "failed", "--reason", "No access.")

    event = registry.history.of(billing)[-1].event
    assert isinstance(event, TaskStatusChanged)
    assert (event.task_id, event.new, event.reason) == ("b", "failed", "No access.")
    assert "failed" in said.stdout
    assert "Task A" not in said.stdout


def test_deleting_a_plan_twice_is_not_an_error(plangate: Plangate, billing: str) -> None:
    deleted = Deletion.model_validate(
        plangate("plan", "delete", billing, "--reason", "Done with.", "--json").json
    )
    again = plangate("plan", "delete", billing)

    assert deleted.deleted
    assert (again.exit_code, again.stdout) == (0, "billing was deleted already.\n")
    assert plangate("status", billing, "--json").error["type"] == "PlanGone"


def test_gate_answers_by_its_exit_code(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    opened = plangate("gate", billing)
    registry.score_output(billing, "a", 0.7199)
    closed = plangate("gate", billing)
    verdict = plangate("gate", billing, "--json")

    assert (opened.exit_code, closed.exit_code, verdict.exit_code) == (0, 10, 10)
    assert "Go on." in opened.stdout
    assert "Replan first. A replan is due since " in closed.stdout
    assert "the rolling confidence 0.7199 is below 0.7200." in " ".join(closed.stdout.split())
    assert GateDecision.model_validate(verdict.json).verdict == "replan"


def test_demo_leads_a_plan_to_its_end_on_the_store(plangate: Plangate, database: Path) -> None:
    shown = plangate("demo")
    plan = PlanStatus.model_validate(plangate("demo", "--json").json)

    assert shown.exit_code == 0
    assert "Replan first. 0.653 is below 0.720." in shown.stdout
    assert "Go on. 0.653 is below 0.720, but no replan is due." in shown.stdout
    assert "switch: split into sales, tax" in shown.stdout
    assert "backfill: attempt 2" in shown.stdout
    assert "All of it was recorded." in shown.stdout
    assert (plan.state, plan.replan_count) == ("complete", 1)
    with connect(database) as registry:
        assert len(registry.list_plans().plans) == 2


def test_demo_in_memory_does_not_claim_to_record_anything(plangate: Plangate) -> None:
    assert "All of it was recorded." not in plangate("demo", "--db", "memory:").stdout


@pytest.mark.parametrize("place", ["before", "after"])
def test_store_and_json_may_stand_before_or_after_the_command(
    plangate: Plangate, tmp_path: Path, place: str
) -> None:
    options = ("--db", str(tmp_path / "other.db"), "--json")
    words = (*options, "demo") if place == "before" else ("demo", *options)

    said = plangate(*words)

    assert said.json["state"] == "complete"
    assert (tmp_path / "other.db").exists()


def test_hints_name_the_store_of_the_command(plangate: Plangate) -> None:
    said = plangate("--db", "other plans.db", "create", "-", typed=PLAN)

    assert "plangate --db 'other plans.db' next billing" in said.stdout


@pytest.mark.parametrize(
    "statuses, score, said",
    [
        (("pending", "pending"), None, "plangate next billing"),
        (("in_progress", "pending"), None, "plangate score billing a --output SCORE"),
        (("failed", "done"), None, "plangate retry billing a --reason"),
        (("done", "done"), None, "nothing is left to do"),
        (("replanning", "pending"), 0.1, "plangate retry billing a --reason"),
        (("pending", "pending"), 0.1, "a replan is due: revise, retry or approve"),
        (("replanning", "pending"), 0.1, "plangate revise billing FILE --reason"),
        (("replanning", "pending"), 0.1, "plangate approve billing --accept a --reason"),
        (("replanning", "pending"), 0.9, "plangate approve billing --accept passing --reason"),
        (("failed", "done"), None, "plangate task mark billing a done --reason"),
    ],
)
def test_status_shows_what_to_do_next(
    plangate: Plangate,
    billing: str,
    registry: PlanRegistry,
    statuses: tuple[str, str],
    score: float | None,
    said: str,
) -> None:
    if score is not None:
        registry.score_output(billing, "a", score)
    for task_id, status in zip("ab", statuses, strict=True):
        registry.mark_task(billing, task_id, status)

    assert said in plangate("status", billing).stdout
