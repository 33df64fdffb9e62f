"""`plangate ledger …` signs the log, proves what is in it, and finds what was altered."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from plangate.application.ledger.notes import public_key_in, read_note
from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate
from tests.support.schemas import PUBLISHED


@pytest.fixture
def note(plangate: Plangate, billing: str, registry: PlanRegistry, tmp_path: Path) -> Path:
    """A checkpoint of a plan with two scores, kept in a file."""
    registry.score_prompt(billing, "a", 0.8)
    registry.score_output(billing, "a", 0.9)
    kept = tmp_path / "kept.note"
    kept.write_bytes(plangate("ledger", "checkpoint").stdout.encode())
    return kept


def edit(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


def fits(name: str, answer: object) -> None:
    schema = json.loads((PUBLISHED / f"{name}.v1.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(answer)


def test_a_checkpoint_is_the_note_and_nothing_else(plangate: Plangate, note: Path) -> None:
    read = read_note(note.read_text("utf-8"))
    assert read.size == 4
    said = plangate("ledger", "checkpoint")
    assert (said.stdout, said.stderr) == (note.read_text("utf-8"), "")
    answer = plangate("--json", "ledger", "checkpoint").json
    fits("checkpoint", answer)
    assert (answer["note"], answer["size"]) == (said.stdout, 4)


def test_a_checkpoint_is_written_in_utf8_whatever_the_terminal_speaks(
    note: Path, database: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from plangate.infrastructure.cli.app import main; main()"),
            *("--db", str(database), "ledger", "checkpoint"),
        ],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == note.read_bytes()


def test_an_empty_log_gives_nothing_to_sign(plangate: Plangate) -> None:
    plangate("store", "migrate")
    said = plangate("ledger", "checkpoint")
    assert (said.exit_code, said.stdout) == (3, "")
    assert "nothing is recorded yet" in said.stderr
    verified = plangate("ledger", "verify")
    assert verified.exit_code == 0
    assert "is empty" in verified.stdout


def test_the_verifier_key_is_printed(plangate: Plangate, note: Path) -> None:
    said = plangate("ledger", "key").stdout
    read = read_note(note.read_text("utf-8"))
    assert said.startswith(f"{read.origin}+")
    assert len(read.signatures_of(public_key_in(said))) == 1
    fits("verifier-key", plangate("--json", "ledger", "key").json)


def test_an_untouched_log_is_verified(plangate: Plangate, note: Path) -> None:
    said = plangate("ledger", "verify", "--against", str(note))
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        "Compared 4 events with the ledger.",
        "Compared the whole log with 1 checkpoint.",
        "Nothing was altered, removed, added or reordered.",
    ]
    piped = plangate("ledger", "verify", "--against", "-", typed=note.read_bytes())
    assert piped.stdout == said.stdout
    fits("ledger-report", plangate("--json", "ledger", "verify").json)


def test_altered_events_are_reported_with_their_positions(
    plangate: Plangate, note: Path, database: Path
) -> None:
    edit(
        database,
        "UPDATE stored_events SET state = replace(state, 0.9, 0.1) WHERE notification_id = 3",
    )
    edit(database, "DELETE FROM stored_events WHERE notification_id = 2")
    said = plangate("ledger", "verify", "--against", str(note))
    assert said.exit_code == 1
    lines = [line.split() for line in said.stdout.splitlines()]
    assert ["2", "billing@2", "removed", "it", "is", "gone"] in lines
    assert ["3", "billing@3", "altered", "its", "content", "was", "changed"] in lines
    answer = plangate("--json", "ledger", "verify", "--against", str(note))
    assert answer.exit_code == 1
    fits("ledger-report", answer.json)
    assert answer.json["finding_count"] == len(answer.json["findings"]) == 4


def test_many_findings_are_shown_in_part(
    plangate: Plangate, note: Path, database: Path, registry: PlanRegistry
) -> None:
    assert note.exists()
    for score in range(60):
        registry.score_prompt("billing", "a", score / 100)
    plangate("ledger", "checkpoint")
    edit(database, "UPDATE stored_events SET state = '{}' WHERE notification_id > 4")
    said = plangate("ledger", "verify")
    assert said.exit_code == 1
    assert "120 findings:" in said.stdout
    assert "and 70 more" in said.stdout


def test_new_events_are_named_and_may_be_forbidden(
    plangate: Plangate, note: Path, registry: PlanRegistry
) -> None:
    for score in range(7):
        registry.score_prompt("billing", "b", score / 10)
    said = plangate("ledger", "verify", "--against", str(note))
    assert said.exit_code == 0
    shown = " ".join(said.stdout.split())
    assert "Not in the ledger yet: 7 events (billing@5," in shown
    assert "billing@9 and 2 more)" in shown
    assert plangate("ledger", "verify", "--nothing-new").exit_code == 1
    plangate("ledger", "checkpoint")
    assert plangate("ledger", "verify", "--nothing-new").exit_code == 0


def test_proofs_are_json(plangate: Plangate, note: Path, tmp_path: Path) -> None:
    proof = plangate("ledger", "prove", "billing@3")
    fits("inclusion-proof", proof.json)
    assert plangate("--json", "ledger", "prove", "billing@3").json == proof.json
    plangate("score", "billing", "b", "--prompt", "0.5")
    (tmp_path / "new.note").write_bytes(plangate("ledger", "checkpoint").stdout.encode())
    grown = plangate("ledger", "consistency", str(note), "new.note")
    fits("consistency-proof", grown.json)
    assert grown.json["old_checkpoint"] == note.read_text("utf-8")


def test_an_event_that_is_not_there_cannot_be_proved(
    plangate: Plangate, note: Path, tmp_path: Path
) -> None:
    said = plangate("ledger", "prove", "billing@99")
    assert (said.exit_code, said.stdout) == (3, "")
    assert "there is no event 'billing@99'" in said.stderr
    (tmp_path / "diary").write_bytes(b"Dear diary\xff")
    for words in (("consistency", str(note), "diary"), ("verify", "--against", "diary")):
        said = plangate("ledger", *words)
        assert (said.exit_code, said.stdout) == (3, "")
        assert "is not a checkpoint" in said.stderr
    assert plangate("ledger", "verify", "--against", "nowhere").exit_code == 2
    assert plangate("ledger", "consistency", str(note), "nowhere").exit_code == 2


def test_a_checkpoint_without_a_key_to_check_it_by_is_refused(
    plangate: Plangate, note: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLANGATE_LEDGER_KEY", str(tmp_path / "none.pem"))
    said = plangate("ledger", "verify", "--against", str(note))
    assert said.exit_code == 3
    assert "there is no key" in said.stderr
    assert not (tmp_path / "none.pem").exists()
    assert plangate("ledger", "verify").exit_code == 0


def test_a_verifier_key_is_enough_to_verify(
    plangate: Plangate, note: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(plangate("ledger", "key").stdout)
    monkeypatch.setenv("PLANGATE_LEDGER_KEY", str(tmp_path / "key"))
    assert plangate("ledger", "verify", "--against", str(note)).exit_code == 0
    assert "only a verifier key" in plangate("ledger", "checkpoint").stderr


def test_the_help_of_ledger_lists_its_commands(plangate: Plangate) -> None:
    said = plangate("ledger", "--help").stdout
    assert all(word in said for word in ("checkpoint", "verify", "prove", "consistency", "key"))


def test_a_damaged_ledger_is_named_and_rebuilt(
    plangate: Plangate, note: Path, database: Path
) -> None:
    edit(database, "DROP TABLE ledger_leaves")
    said = plangate("ledger", "verify", "--against", str(note))
    assert said.exit_code == 1
    assert "ledger rebuild" in said.stdout
    assert "is empty" not in said.stdout
    assert "Not in the ledger yet" not in said.stdout
    assert "ledger rebuild" in plangate("store", "doctor").stdout

    said = plangate("ledger", "rebuild")
    assert said.exit_code == 0
    assert "made anew from the log: 4 events up to position 4" in said.stdout
    assert "cannot show whether that was altered before" in said.stdout
    again = plangate("--json", "ledger", "rebuild").json
    fits("ledger-rebuild", again)
    assert (again["rebuilt"], again["size"]) == (False, 4)
    assert "is not damaged" in plangate("ledger", "rebuild").stdout
    assert plangate("ledger", "verify", "--against", str(note)).exit_code == 0
