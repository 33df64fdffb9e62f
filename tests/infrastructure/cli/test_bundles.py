"""`plangate export` and `plangate import`: from one store to another."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.exits import REFUSED
from tests.infrastructure.cli.conftest import Plangate
from tests.support.forging import created, event, forged


def test_plans_go_from_one_store_to_another(plangate: Plangate, billing: str) -> None:
    out = plangate("export", "-o", "plans.bundle")
    assert "1 plan, 1 event: " in out.stdout
    said = plangate("--db", "other.db", "import", "plans.bundle")
    assert "1 plan: 1 added, 0 extended, 0 already there." in said.stdout
    assert "1 event: 1 recorded." in said.stdout
    assert said.stdout.splitlines()[-1] == out.stdout.splitlines()[-1]
    again = plangate("--db", "other.db", "import", "plans.bundle", "--json").json
    assert (again["already_there"], again["recorded"]) == (1, 0)
    assert plangate("--db", "other.db", "status", billing).exit_code == 0


def test_only_the_plans_that_are_named_go(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.create("Another", [{"id": "a", "title": "A"}], plan_id="another")
    report = plangate("export", billing, "-o", "plans.bundle", "--json").json
    assert (report["plans"], report["events"]) == (1, 1)
    assert report["bytes"] == Path("plans.bundle").stat().st_size


def test_a_bundle_says_which_log_it_was_taken_from(plangate: Plangate, billing: str) -> None:
    assert plangate("export", billing, "-o", "plans.bundle", "--signed").exit_code == 0
    taken_in = plangate("--db", "other.db", "import", "plans.bundle", "--json").json
    assert taken_in["checkpoint"] == plangate("ledger", "checkpoint").stdout


def test_a_refusal_is_one_line(plangate: Plangate, billing: str) -> None:
    Path("mine").write_text("mine", "utf-8")
    said = plangate("export", "-o", "mine")
    assert (said.exit_code, said.stdout) == (3, "")
    new_file = "must be a path where a new file can be written"
    assert said.stderr == f"refused: target: {new_file}: 'mine' exists already\n"
    assert plangate("export", "nobody", "-o", "other", "--json").error["type"] == "PlanNotFound"
    assert not Path("other").exists()
    assert "there is no file 'nowhere'" in " ".join(plangate("import", "nowhere").stderr.split())
    said = plangate("import", "mine")
    assert "mine:1:1: is in none of the formats loopllm, taskmaster" in said.stderr
    said = plangate("import", "mine", "--format", "bundle", "--json")
    assert said.exit_code == 3
    assert said.error["type"] == "AlteredBundle"
    assert said.error["line"] == 1
    assert plangate("status", billing).exit_code == 0


def test_a_differing_history_is_refused_with_its_version(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    plangate("export", "-o", "plans.bundle")
    plangate("--db", "other.db", "import", "plans.bundle")
    registry.score_output(billing, "a", 0.9)
    plangate("export", "-o", "later.bundle")
    plangate("--db", "other.db", "score", billing, "a", "--output", "0.1")
    error = plangate("--db", "other.db", "import", "later.bundle", "--json").error
    assert (error["type"], error["plan_id"], error["version"]) == ("HistoryDiffers", billing, 2)


def test_erased_text_that_may_be_left_exits_with_4(
    plangate: Plangate,
    billing: str,
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plangate("export", "-o", "plans.bundle")
    plangate("--db", "other.db", "import", "plans.bundle")
    registry.erase(billing)
    plangate("export", "-o", "erased.bundle")
    monkeypatch.setattr("plangate.infrastructure.sqlite.connections.LOCK_TIMEOUT", 0.2)
    with closing(sqlite3.connect("other.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM stored_events").fetchall()
        said = plangate("--db", "other.db", "import", "erased.bundle", "--follow-erasures")
    assert said.exit_code == 4
    assert "2 events: 1 recorded." in said.stdout
    assert "some erased text may be left" in said.stderr
    assert plangate("--db", "other.db", "plan", "erase", billing, "--yes").exit_code == 0
    assert plangate("--db", "other.db", "status", billing, "--json").json["goal"] is None


def test_a_bundle_erases_here_only_where_that_is_asked_for(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    plangate("export", "-o", "plans.bundle")
    plangate("--db", "other.db", "import", "plans.bundle")
    registry.erase(billing)
    plangate("export", "-o", "erased.bundle")

    said = plangate("--db", "other.db", "import", "erased.bundle")
    assert (said.exit_code, said.stdout) == (3, "")
    assert "'billing' (events with text: 1); nothing was imported" in said.stderr
    error = plangate("--db", "other.db", "import", "erased.bundle", "--json").error
    assert (error["type"], error["plans"]) == ("ErasesText", {"billing": 1})
    assert plangate("--db", "other.db", "status", billing, "--json").json["goal"] is not None

    said = plangate("--db", "other.db", "import", "erased.bundle", "--follow-erasures")
    assert said.exit_code == 0
    assert "warning: erasing the text of billing: 1 event here" in said.stderr
    assert "billing: text erased in 1 event." in said.stdout
    assert plangate("--db", "other.db", "status", billing, "--json").json["goal"] is None


def test_decisions_that_the_rules_do_not_make_are_listed_or_refused(plangate: Plangate) -> None:
    low = event("task-scored", task_id="a", kind="output", score=0.1, mark_done=True)
    Path("odd.bundle").write_bytes(forged({"p": [created(), *[low] * 6]}))

    said = plangate("import", "odd.bundle", "--strict")
    assert (said.exit_code, said.stdout) == (3, "")
    assert "decisions in the bundle that are not those of the rules: 12" in said.stderr
    assert plangate("import", "odd.bundle", "--strict", "--json").error["event_id"] == "p@2"

    said = plangate("import", "odd.bundle")
    assert said.exit_code == 0
    assert (
        "12 decisions do not follow from the rules; plangate replay check has more:" in said.stdout
    )
    assert "  p@2 missing: the rules give another event after it" in said.stdout
    assert "and 2 more" in said.stdout
    assert plangate("replay", "check").exit_code == 1


def test_one_decision_is_counted_as_one(plangate: Plangate) -> None:
    moved = event("task-status-changed", task_id="a", old="done", new="done", cause="marked")
    Path("odd.bundle").write_bytes(forged({"p": [created(), moved]}))
    assert "1 decision does not follow from the rules" in plangate("import", "odd.bundle").stdout


@pytest.mark.parametrize("option", ["--strict", "--follow-erasures"])
def test_plans_of_other_tools_have_no_such_options(plangate: Plangate, option: str) -> None:
    Path("tasks.json").write_text(json.dumps(HOUSE), "utf-8")
    said = plangate("import", "tasks.json", "--format", "taskmaster", option)
    assert said.exit_code == 2
    assert "are for bundles" in said.stderr


HOUSE = {
    "house": {
        "tasks": [
            {"id": 1, "title": "Dig", "status": "done"},
            {"id": 2, "title": "Pool", "status": "cancelled"},
        ]
    }
}


def test_another_tools_plans_are_imported_and_what_is_left_behind_is_listed(
    plangate: Plangate,
) -> None:
    Path("tasks.json").write_text(json.dumps(HOUSE), "utf-8")
    said = plangate("import", "tasks.json", "--format", "taskmaster", "--actor", "ada")
    assert said.stdout.splitlines() == [
        "tasks.json is taskmaster.",
        "house: imported, 1 task",
        '  tasks.json:1:67 /house/tasks/1 "cancelled": what is cancelled stays out',
        "1 plan: 1 imported.",
    ]
    again = plangate("import", "tasks.json", "--format", "taskmaster", "--json").json
    assert again["plans"][0]["outcome"] == "already_there"
    assert again["plans"][0]["not_carried"][0]["theirs"] == "cancelled"
    assert "1 done" not in plangate("list").stderr


def test_values_that_differ_are_shown_side_by_side(plangate: Plangate) -> None:
    plan = {"plan_id": "p", "goal": "G", "replan_count": 3, "tasks": [{"id": "a", "title": "A"}]}
    Path("plan.json").write_text(json.dumps(plan), "utf-8")
    said = plangate("import", "plan.json", "--format", "loopllm")
    shown = "  plan.json:1:31 /replan_count 3, here 0: it follows from what happened here"
    assert shown in said.stdout
    Path("none.json").write_text("[]", "utf-8")
    said = plangate("import", "none.json", "--format", "loopllm")
    assert said.stdout.splitlines() == ["none.json is loopllm.", "0 plans: nothing to import."]


@pytest.mark.parametrize(
    "content, complaint",
    [
        ("{", "tasks.json:1:2: "),
        ('{"a": 1, "a": 2}', "tasks.json:1:10: "),
        ('{"a": {"tasks": 1}}', "tasks.json:1:2: /a: it is not a tag: a tag has a list of tasks"),
    ],
)
def test_a_wrong_file_of_another_tool_is_refused_with_the_location(
    plangate: Plangate, content: str, complaint: str
) -> None:
    plangate("store", "migrate")
    Path("tasks.json").write_text(content, "utf-8")
    said = plangate("import", "tasks.json", "--format", "taskmaster")
    assert (said.exit_code, said.stdout) == (REFUSED, "")
    assert f"refused: {complaint}" in said.stderr
    assert plangate("list", "--json").json["plans"] == []


def test_a_bundle_keeps_its_own_actors(plangate: Plangate, billing: str) -> None:
    plangate("export", billing, "-o", "plans.bundle")
    said = plangate("--db", "other.db", "import", "plans.bundle", "--actor", "ada")
    assert said.exit_code == 2
    assert "name their own actor" in " ".join(said.stderr.split())
