"""Bad input and a broken store: each its own clear error, its exit code, and nothing recorded."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanGone, PlanNotFound
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.exits import exit_code
from tests.infrastructure.cli.conftest import Plangate

JUDGED = ["score", "billing", "a", "--output", "1"]
DEEP = '{"x":' * 33 + "1" + "}" * 33
LARGE = '{"x": "' + "y" * 70_000 + '"}'
REFUSED = [
    (["status", "nowhere"], "PlanNotFound", "there is no plan 'nowhere'"),
    (["next", "nowhere"], "PlanNotFound", "there is no plan 'nowhere'"),
    (["gate", "nowhere"], "PlanNotFound", "there is no plan 'nowhere'"),
    (
        ["task", "mark", "billing", "zz", "done"],
        "TaskNotFound",
        "the plan 'billing' has no task 'zz'",
    ),
    (["score", "billing", "zz", "--output", "1"], "TaskNotFound", "has no task 'zz'"),
    (["score", "billing", "a", "--output", "nan"], "InvalidScore", "must be a finite number"),
    (["score", "billing", "a", "--prompt", "-inf"], "InvalidScore", "must be a finite number"),
    (["score", "billing", "a", "--output", "1e999"], "InvalidScore", "must be a finite number"),
    ([*JUDGED, "--scorer", "robot:x"], "InvalidInput", "scorer.kind: must be one of 'human'"),
    ([*JUDGED, "--rationale", "x" * 20_001], "InvalidInput", "at most 20000 characters"),
    ([*JUDGED, "--rationale", "\ud800"], "InvalidInput", "lone surrogate"),
    ([*JUDGED, "--evidence", '{"x": NaN}'], "InvalidInput", "has no nan"),
    ([*JUDGED, "--evidence", LARGE], "InvalidInput", "at most 65536 bytes"),
    ([*JUDGED, "--evidence", DEEP], "InvalidInput", "at most 32 deep"),
    (
        ["task", "mark", "billing", "a", "done", "--reason", " "],
        "InvalidInput",
        "must not be blank",
    ),
    (["plan", "delete", "billing", "--actor", ""], "InvalidInput", "actor: must not be empty"),
    (["next", "billing", "--idempotency-key", "k\x1b"], "InvalidInput", "U+001B"),
    (["status", "i" * 201], "InvalidInput", "at most 200 characters"),
    (["status", "a\nb"], "InvalidInput", "control character U+000A"),
    (["status", "\udcff"], "InvalidInput", "lone surrogate"),
]

MISUSED = [
    ["score", "billing", "a"],
    ["score", "billing", "a", "--output", "good"],
    ["score", "billing", "a", "--output", "true"],
    [*JUDGED, "--scorer", "judge"],
    [*JUDGED, "--scorer", ":judge"],
    [*JUDGED, "--scorer", "model:"],
    [*JUDGED, "--scorer", "model:judge@"],
    [*JUDGED, "--evidence", "{"],
    [*JUDGED, "--evidence", "[1]"],
    ["task", "mark", "billing", "a", "finished"],
    ["list", "-n", "0"],
    ["list", "--what"],
    ["list", "--[/x]"],
    ["finish", "billing"],
    ["create", "no-such-file.yaml"],
    ["apply", "no-such-file.jsonl"],
    ["create", "."],
]


@pytest.mark.usefixtures("billing")
@pytest.mark.parametrize("words, kind, why", REFUSED, ids=range(len(REFUSED)))
def test_a_refusal_records_nothing_and_exits_with_3(
    plangate: Plangate, registry: PlanRegistry, words: list[str], kind: str, why: str
) -> None:
    for_people, for_programs = plangate(*words), plangate(*words, "--json")

    assert (for_people.exit_code, for_people.stdout) == (3, "")
    assert for_people.stderr.startswith("refused: ")
    assert why in for_people.stderr
    assert (for_programs.exit_code, for_programs.stdout) == (3, "")
    assert for_programs.error["type"] == kind
    assert why in for_programs.error["message"]
    assert len(registry.history.events()) == 1


@pytest.mark.usefixtures("billing")
@pytest.mark.parametrize("words", MISUSED, ids=range(len(MISUSED)))
def test_a_usage_error_exits_with_2(
    plangate: Plangate, registry: PlanRegistry, words: list[str]
) -> None:
    said = plangate(*words)

    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith("usage: ")
    assert len(registry.history.events()) == 1


def test_a_refusal_has_named_attributes(plangate: Plangate, billing: str) -> None:
    assert plangate("task", "mark", billing, "zz", "done", "--json").error == {
        "type": "TaskNotFound",
        "message": "the plan 'billing' has no task 'zz'",
        "plan_id": "billing",
        "task_id": "zz",
    }
    problems = plangate("score", billing, "a", "--output", "nan", "--json").error["problems"]
    assert problems == [{"field": "output_score", "message": "must be a finite number"}]


def test_a_key_used_for_something_else_is_refused(plangate: Plangate, billing: str) -> None:
    words = ("score", billing, "a", "--idempotency-key", "k", "--json")
    plangate(*words, "--output", "0.9")

    assert plangate(*words, "--output", "0.8").error["type"] == "IdempotencyKeyReused"


@pytest.mark.parametrize(
    "error, code",
    [
        (PlanNotFound("p"), 3),
        (PlanGone("p"), 3),
        (BrokenPipeError(), 141),
        (OSError(), 4),
        (ZeroDivisionError(), 4),
    ],
)
def test_every_error_has_an_exit_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_a_file_that_is_not_a_database_is_refused(plangate: Plangate, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a database at all, but long enough." * 50, "utf-8")

    said = plangate("list", "--db", "notes.txt", "--json")

    assert (said.exit_code, said.error["type"]) == (4, "NotAStore")


@pytest.mark.usefixtures("billing")
def test_a_database_of_a_newer_plangate_is_refused(plangate: Plangate, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 99")

    assert plangate("list", "--json").error["type"] == "StoreTooNew"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_database_is_refused(plangate: Plangate, billing: str, database: Path) -> None:
    database.chmod(stat.S_IREAD)

    assert plangate("next", billing, "--json").error["type"] == "StoreReadOnly"


@pytest.mark.parametrize("target", ["postgres://there", "no/such/folder/plans.db", ".", "a\0b"])
def test_a_store_that_cannot_be_is_refused(plangate: Plangate, target: str) -> None:
    said = plangate("list", "--db", target)

    assert said.exit_code == 4
    assert said.stderr.startswith("error: ")


def test_a_corrupt_event_is_named_and_hides_no_other_plan(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    registry.create("Other", [{"title": "t"}], plan_id="other")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{' WHERE originator_id = 'billing'")
        connection.commit()

    listed, status = plangate("list", "--json"), plangate("status", billing, "--json")

    assert [plan["plan_id"] for plan in listed.json["plans"]] == ["other"]
    assert listed.json["unreadable"][0]["plan_id"] == "billing"
    assert "the plan billing cannot be shown: event billing@1 cannot be read" in listed.stderr
    assert (status.exit_code, status.error["type"]) == (4, "CorruptEvent")
    assert (status.error["plan_id"], status.error["version"]) == ("billing", 1)
    assert plangate("status", "other").exit_code == 0


def test_an_unexpected_error_is_reported_in_one_line(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_registry: PlanRegistry, plan_id: str) -> None:
        raise ZeroDivisionError(f"\x1b[2J{plan_id}")

    monkeypatch.setattr(PlanRegistry, "get_status", broken)
    plangate("store", "migrate")

    said = plangate("status", "billing")

    assert said.exit_code == 4
    assert said.stderr == "error: unexpected ZeroDivisionError: \\x1b[2Jbilling\n"


def test_the_default_store_is_made_where_data_belongs(
    plangate: Plangate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_DB", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))

    plan_id = plangate("demo", "--json").json["plan_id"]

    assert plangate("status", plan_id).exit_code == 0
    with connect() as registry:
        assert registry.get_status(plan_id).state == "complete"


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("status", "billing"),
        ("gate", "billing"),
        ("history", "billing"),
        ("export", "-o", "plans.bundle"),
        ("replay", "check"),
        ("views", "rebuild"),
        ("ledger", "checkpoint"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("content", [None, b""])
def test_a_command_that_reads_creates_no_store(
    plangate: Plangate, database: Path, words: tuple[str, ...], content: bytes | None
) -> None:
    if content is not None:
        database.write_bytes(content)

    said = plangate(*words)

    assert (said.exit_code, said.stdout) == (4, "")
    assert said.stderr == f"error: there is no store at {database}\n"
    assert [path.name for path in database.parent.iterdir()] == [database.name] * (
        content is not None
    )


def test_a_log_of_another_file_is_named_in_a_warning(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    plangate("store", "backup", "saved.db")
    registry.score_output(billing, "a", 0.9)
    Path("saved.db").rename(database)

    said = plangate("status", billing)

    assert said.exit_code == 0
    assert said.stderr.startswith(
        f"warning: {database}-wal was set aside as plans.db-wal.set-aside-"
    )
