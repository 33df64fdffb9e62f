"""What a new user stumbled over, defect by defect; the numbers are those of the list.

Left out are what other tests hold: 13 (a store that can only be read), 14 (`test_start`),
24 and 27 (`test_program`), 29 (an interrupted `apply`), 31 (the pages' own tests).
"""

import json
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.terminal import _separated
from tests.infrastructure.cli.conftest import Plangate


@pytest.fixture
def failing(registry: PlanRegistry, billing: str) -> str:
    """The plan, with a replan that is due."""
    registry.score_output(billing, "a", 0.2)
    return billing


def test_1_a_plan_that_cannot_go_on_says_so_by_every_exit_code(
    plangate: Plangate, failing: str, registry: PlanRegistry
) -> None:
    registry.score_output(failing, "b", 0.2)
    plangate("approve", failing, "--reason", "r")

    assert plangate("gate", failing).exit_code == plangate("next", failing).exit_code == 12
    assert "blocked" in plangate("list").stdout


def test_a_project_can_be_made_with_a_store_that_is_named(
    plangate: Plangate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANGATE_DB")

    made = plangate("--db", "mine.db", "init", "--json").json
    assert (made["store"], made["made"]) == ("mine.db", ["plan.yaml", "config.toml", ".gitignore"])
    assert plangate("create", ".plangate/plan.yaml", "-q").stdout == "first-plan\n"
    assert [one.name for one in sorted(tmp_path.rglob("*.db"))] == ["mine.db"]
    assert "Its store is mine.db." in plangate("--db", "mine.db", "init").stdout
    other = plangate("--db", "other.db", "init")
    assert (other.exit_code, (tmp_path / "other.db").exists()) == (2, False)
    assert 'write into it: store = "other.db"' in " ".join(other.stderr.split())
    copied = plangate("--db", "mine.db", "store", "copy", "mine.db", "other.db")
    assert (copied.exit_code, (tmp_path / "other.db").exists()) == (2, False)


def test_2_an_approval_can_accept_what_lies_there(plangate: Plangate, failing: str) -> None:
    said = plangate("approve", failing, "--accept", "a", "--reason", "good enough", "--full")

    assert " done " in said.stdout


def test_3_a_clamped_score_is_named_wherever_the_gate_is_asked(
    plangate: Plangate, billing: str
) -> None:
    assert "outside" in plangate("score", billing, "a", "--output", "2").stderr
    assert "clamped" in plangate("gate", billing).stdout


def test_4_the_plans_that_need_a_replan_can_be_listed(plangate: Plangate, failing: str) -> None:
    listed = plangate("list", "--verdict", "replan", "--json").json["plans"]

    assert [plan["plan_id"] for plan in listed] == [failing]


def test_5_hints_leave_the_score_open_and_carry_the_token(plangate: Plangate, billing: str) -> None:
    hint = f"plangate score {billing} a --output SCORE --token 2"

    assert hint in plangate("next", billing, "--worker", "alice").stdout
    assert hint in plangate("status", billing).stdout
    assert plangate("score", billing, "a", "--output", "SCORE").exit_code == 2
    bob = plangate("score", billing, "a", "--output", "0.9", "--actor", "bob")
    assert "alice" in bob.stderr


def test_6_a_score_can_be_retracted_and_a_failed_judgement_recorded(
    plangate: Plangate, failing: str
) -> None:
    retracted = plangate("task", "retract", failing, "2", "--reason", "the wrong task")
    failed = plangate("score", failing, "a", "--failed", "the judge timed out", "--json")

    assert "confidence" in retracted.stdout
    assert failed.json["evidence"]["scoring_failed"] == 1
    assert "plangate task retract" in plangate("retract", failing).stderr


def test_7_a_plans_name_is_never_taken_for_a_file(plangate: Plangate, billing: str) -> None:
    assert plangate("export", billing).exit_code == 2
    assert not Path(billing).exists()
    assert plangate("export", billing, "-o", "-").exit_code == 0


def test_8_deleted_plans_are_not_offered(plangate: Plangate, billing: str) -> None:
    said = plangate("list", "--state", "deleted")

    assert (said.exit_code, "--kind plan-deleted" in said.stderr) == (2, True)
    assert plangate("plan", "delete", "bill").exit_code == 3
    assert plangate("gate", billing).exit_code == 0


@pytest.mark.parametrize("words", ["list", "next p", "score p a --output 1", "status", "gate p"])
def test_9_a_wrong_store_is_not_an_empty_store(plangate: Plangate, words: str) -> None:
    said = plangate("--db", "typo.db", *words.split())

    assert (said.exit_code, said.stderr) == (4, "error: there is no store at typo.db\n")
    assert not Path("typo.db").exists()


@pytest.mark.parametrize("columns", ["40", "30", "60", "80"])
def test_10_no_screen_cuts_an_id_or_a_command(
    plangate: Plangate,
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
) -> None:
    plan_id, task_id = f"release-{'2026-' * 10}end", "inventory-of-the-warehouse"
    tasks = [{"id": task_id, "title": "Count all of it"}]
    registry.create("Ship it", tasks, plan_id=plan_id)
    registry.create("Another goal that is rather long", ["One", "Two"], plan_id="p")
    monkeypatch.setenv("COLUMNS", columns)

    listed = plangate("list").stdout
    shown = plangate("status", plan_id).stdout
    assert plan_id in listed
    assert "Another" in listed
    assert task_id in shown
    assert f"  plangate next {plan_id}\n" in shown
    assert task_id in plangate("plan", "board", plan_id).stdout


def test_11_exit_codes_are_apart(plangate: Plangate, billing: str) -> None:
    plangate("score", billing, "a", "--output", "0.9")

    assert plangate("evidence", "findings").exit_code == 1
    assert plangate("status", "--what").exit_code == 2
    assert plangate("status", "nope").exit_code == 3
    assert plangate("plan", "delete", "nope").exit_code == 3
    assert plangate("--db", "nope.db", "list").exit_code == 4
    assert "126" not in plangate("help", "exit-codes").stdout


@pytest.mark.parametrize("words", ["approve", "plan resume"])
def test_12_what_was_not_recorded_is_said(plangate: Plangate, billing: str, words: str) -> None:
    said = plangate(*words.split(), billing, "--reason", "a reason")

    assert "Nothing was recorded" in said.stdout


def test_15_an_act_answers_in_a_line(plangate: Plangate, registry: PlanRegistry) -> None:
    registry.create("g", [f"Task {number}" for number in range(200)], plan_id="p")

    assert plangate("plan", "pause", "p", "--reason", "r").stdout == (
        "p: paused. 0 of 200 tasks done.\n"
    )
    assert plangate("plan", "resume", "p", "--reason", "r", "-q").stdout == ""
    assert len(plangate("approve", "p", "--reason", "r", "--full").stdout.splitlines()) > 200


def test_16_the_newest_come_first_with_their_total(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    for number in range(25):
        registry.create("g", ["t"], plan_id=f"p{number}")

    listed = plangate("list").stdout
    assert "20 of 25 plans" in listed
    assert listed.index("p24") < listed.index("p23")
    assert "p1 " not in listed
    newest = plangate("history", "--all", "-n", "2", "--json").json["entries"]
    assert [entry["plan_id"] for entry in newest] == ["p23", "p24"]


@pytest.mark.parametrize("since", ["1h", "1h ago", "5 minutes ago", "yesterday", "00:00", "now"])
def test_17_times_are_relative_and_by_the_local_clock(
    plangate: Plangate, billing: str, since: str
) -> None:
    entries = plangate("history", billing, "--since", since, "--json").json["entries"]

    assert len(entries) == (since != "now")


def test_17_durations_have_units(plangate: Plangate, billing: str) -> None:
    said = plangate("next", billing, "--lease", "30m").stdout

    assert "(in 30 min)" in said
    assert plangate("plan", "diff", billing, "1d ago").exit_code == 3  # before its history
    assert plangate("next", billing, "--lease", "60d").stderr.startswith("usage: --lease: must be")


def test_18_ids_may_be_begun_and_unknown_ones_get_help(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.create("g", ["t"], plan_id="t10")

    assert plangate("gate", "bil", "--json").json["plan_id"] == billing
    assert plangate("gate", "@last", "--json").json["plan_id"] == "t10"
    assert plangate("gate", "t1").stderr.endswith("there is no plan 't1'; did you mean 't10'?\n")
    assert "did you mean 'billing'?" in plangate("gate", "bliling").stderr
    registry.create("g", ["t"], plan_id="bill")
    registry.create("g", ["t"], plan_id="bilge")
    assert "the beginning of 'billing', 'bill', 'bilge'" in plangate("gate", "bil").stderr
    typed = "threshold: 1\ngoal: g\ntasks: [t]\n"
    assert "did you mean 'confidence_threshold'?" in plangate("create", "-", typed=typed).stderr


MACHINERY = ("Value error", "Input should be", "Error -3", "Errno", "Invalid value: --")
MISTAKES = [
    "task mark billing a Done",
    "score billing a --output 85%",
    "score billing a --output 0,9",
    "next billing --lease 30x",
    "next billing --lease 999d",
    "list -n some",
    "history billing --since noon",
    "import notes",
    "import empty",
    "create .",
    "create empty",
    "store backup plan.yaml",
    "export -o plan.yaml",
    "export -o no/such/folder",
]


@pytest.mark.usefixtures("billing")
@pytest.mark.parametrize("words", MISTAKES)
def test_19_no_message_shows_the_machinery(plangate: Plangate, words: str) -> None:
    Path("plan.yaml").write_text("goal: g\ntasks: [t]\n", "utf-8")
    Path("notes").write_text("Ask Ann.\n", "utf-8")
    Path("empty").touch()

    said = plangate(*words.split())

    assert said.exit_code in {2, 3}
    assert not [word for word in MACHINERY if word in said.stderr]


@pytest.mark.parametrize("words", ["next h --json --lease 3x", "scor n --json", "--json list x"])
def test_20_usage_errors_are_json_too(plangate: Plangate, words: str) -> None:
    said = plangate(*words.split())

    assert (said.exit_code, said.stdout, said.error["type"]) == (2, "", "UsageError")


def test_21_all_mistakes_come_at_once_with_their_lines(plangate: Plangate) -> None:
    typed = "goal: g\ntasks:\n  - {id: a, title: A}\n  - {id: a, title: B, depends_on: [zz]}\n"
    circle = "goal: g\ntasks:\n  - {id: a, title: A, depends_on: [b]}\n"
    circle += "  - {id: b, title: B, depends_on: [a]}\n"

    said = plangate("create", "-", "--json", typed=typed).error["problems"]

    assert [(one["line"], one["field"]) for one in said] == [
        (4, "tasks[1].id"),
        (4, "tasks[1].depends_on"),
    ]
    assert "stdin:3:" in plangate("create", "-", typed=circle).stderr


def test_22_who_acts_is_known(
    plangate: Plangate, billing: str, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    plangate("score", billing, "a", "--output", "0.9")
    monkeypatch.delenv("PLANGATE_ACTOR")
    Path(".plangate").mkdir()
    Path(".plangate/config.toml").write_text('actor = "ci"\n', "utf-8")
    plangate("task", "mark", billing, "b", "failed")
    Path(".plangate/config.toml").unlink()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "gitconfig")
    Path("gitconfig").write_text("[user]\n\tname = Ann Git\n", "utf-8")
    plangate("task", "mark", billing, "b", "pending")
    Path("gitconfig").write_text("", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LOGNAME", "login")
    plangate("task", "mark", billing, "b", "done")

    actors = [entry.actor for entry in registry.history.audit(billing) if entry.actor]
    assert list(dict.fromkeys(actors)) == ["ann", "ci", "Ann Git", "login"]


def test_23_tokens_are_options_and_a_plan_can_be_left_out(plangate: Plangate, billing: str) -> None:
    assert plangate("next", billing, "--label", "x").exit_code == 2
    plangate("next", billing, "--lease", "60")
    assert plangate("task", "heartbeat", billing, "a", "--token", "2").exit_code == 0
    assert plangate("status").exit_code == plangate().exit_code == 0


def test_25_without_an_answer_erasing_names_the_option(plangate: Plangate, billing: str) -> None:
    said = plangate("plan", "erase", billing, typed="")

    assert (said.exit_code, "--yes" in said.stderr) == (2, True)
    assert plangate("plan", "erase", billing, typed="n\n").exit_code == 1


def test_26_hints_for_ids_like_options_can_be_pasted(plangate: Plangate) -> None:
    created = plangate("create", "-", typed="plan_id: -x\ngoal: g\ntasks: [t]\n").stdout

    assert "plangate next -- -x" in created
    assert plangate("next", "--", "-x").exit_code == 0
    words = ("task", "mark", "-x", "a", "done", "--reason", "REASON")
    assert " ".join(_separated(words)) == "task mark --reason REASON -- -x a done"


def test_30_the_doctor_does_not_take_any_file_for_a_lost_store(plangate: Plangate) -> None:
    Path("plan.csv").write_text("a,b\n", "utf-8")

    said = plangate("--db", "plan.csv", "store", "doctor", "--json")

    assert "if it never was a store, name another" in json.dumps(said.json)
