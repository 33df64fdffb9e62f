"""`plangate history` shows all events, for people, programs and spreadsheets."""

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.render import history
from plangate.infrastructure.cli.render.history import without_formulas
from tests.infrastructure.cli.conftest import Plangate


@pytest.fixture
def worked(billing: str, registry: PlanRegistry) -> str:
    """A plan at which the gate fired, and another."""
    judge = {"kind": "model", "name": "judge", "version": "2"}
    with registry.acting_as("agent-7"):
        registry.score_output(billing, "a", 0.9)
        registry.score_output(billing, "b", 0.3, scorer=judge, rationale="312 invoices twice")
    registry.retry(billing, "b", "with the right file")
    registry.create("Another", [{"id": "x", "title": "X"}], plan_id="other")
    registry.score_prompt("other", "x", 0.5, scorer=judge, actor="agent-9")
    return billing


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_people_see_who_did_what_and_what_it_changed(plangate: Plangate, worked: str) -> None:
    said = plangate("history", worked)

    assert (said.exit_code, said.stderr) == (0, "")
    shown = squeezed(said.stdout)
    assert "plan of 2 tasks: Move billing no evidence" in shown
    assert "agent-7 a: output scored 0.90 – → 0.900 by an unnamed scorer" in shown
    assert "b: output scored 0.30" in shown
    assert "by model judge@2: 312 invoices twice" in shown
    assert "b: replan 0.576" in shown
    assert "replan due" in shown
    assert "with the right file answered" in shown


def test_the_date_is_shown_once_a_day(
    plangate: Plangate, worked: str, registry: PlanRegistry
) -> None:
    recorded = [entry.envelope.recorded_at for entry in registry.history.of(worked)]

    dates = re.findall(r"\d{4}-\d\d-\d\d", plangate("history", worked).stdout)

    assert dates == sorted({f"{at:%Y-%m-%d}" for at in recorded})


def test_all_plans_in_the_order_they_were_recorded(plangate: Plangate, worked: str) -> None:
    assert worked
    shown = squeezed(plangate("history", "--all", "--scorer", "judge").stdout)

    assert "position when who what and why" in shown
    assert "billing · b: output scored 0.30" in shown
    assert shown.index("billing ·") < shown.index("other · x: prompt scored 0.50")
    assert "a: output" not in shown


def test_a_long_history_is_shown_in_pieces(
    plangate: Plangate, worked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = plangate("history", worked).stdout
    monkeypatch.setattr(history, "_ROWS", 2)
    pieces = plangate("history", worked).stdout

    assert pieces.count("what and why") == 1
    assert [line for line in pieces.splitlines() if line.strip()] == [
        line for line in whole.splitlines() if line.strip()
    ]


def test_programs_get_one_document_or_one_a_line(
    plangate: Plangate, worked: str, registry: PlanRegistry
) -> None:
    entries = [entry.model_dump(mode="json") for entry in registry.history.audit(worked)]

    assert plangate("history", worked, "--json").json == {"entries": entries}
    assert plangate("--json", "history", worked, "--format", "csv").json == {"entries": entries}
    assert plangate("history", worked, "--format", "json").json == {"entries": entries}
    lines = plangate("history", worked, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == entries
    nothing = plangate("history", worked, "--json", "--kind", "plan-deleted")
    assert nothing.json == {"entries": []}


def test_spreadsheets_get_a_table(plangate: Plangate, worked: str) -> None:
    said = plangate("history", worked, "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(said)))

    assert len(rows) == 8
    created, scored, low = rows[0], rows[1], rows[3]
    assert (created["event_id"], created["kind"]) == ("billing@1", "plan-created")
    assert (created["task_id"], created["rolling_confidence_before"]) == ("", "")
    assert (created["rolling_confidence_after"], created["replan_due_after"]) == ("1.0", "false")
    assert (scored["actor"], scored["scorer"], scored["score"]) == ("agent-7", "", "0.9")
    assert (low["scorer"], low["score_kind"], low["task_id"]) == ("model:judge@2", "output", "b")
    assert (low["why"], low["what"]) == ("312 invoices twice", "b: output scored 0.30")
    assert (rows[5]["replan_due_before"], rows[5]["replan_due_after"]) == ("false", "true")
    assert (rows[4]["task_status_before"], rows[4]["task_status_after"]) == (
        "pending",
        "replanning",
    )


@pytest.mark.parametrize(
    "text, cell",
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),  # noqa: RUF001  (full width)
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ("\t=1", "'\t'=1"),
        ("wait;=1", "wait;'=1"),
        ("one\n=1", "one\n'=1"),
        ("1 = 1", "1 = 1"),
        ("a-b, c@d", "a-b, c@d"),
        ("", ""),
    ],
)
def test_no_text_can_pass_for_a_formula(text: str, cell: str) -> None:
    assert without_formulas(text) == cell


def test_no_cell_can_pass_for_a_formula(plangate: Plangate, registry: PlanRegistry) -> None:
    evil = "=HYPERLINK(A1)"
    registry.create(evil, [{"id": evil, "title": evil}], plan_id=evil, actor=evil)
    scorer = {"kind": "human", "name": evil}
    registry.score_output(evil, evil, 0.5, scorer=scorer, rationale=evil, correlation_id=evil)
    registry.mark_task(evil, evil, "done", reason=evil)

    rows = list(csv.reader(io.StringIO(plangate("history", evil, "--format", "csv").stdout)))

    assert len(rows) == 6
    assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n")] == []
    assert any(cell == f"'{evil}" for cell in rows[2])


def test_a_terminal_without_utf_8_gets_ascii(
    plangate: Plangate, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.create("Größe", [{"title": "T"}], plan_id="p")
    monkeypatch.setattr("plangate.infrastructure.cli.terminal._encodes_unicode", lambda _: False)

    for form in ("json", "jsonl"):
        assert "Gr\\u00f6\\u00dfe" in plangate("history", "p", "--format", form).stdout


@pytest.mark.parametrize("words", [(), ("billing", "--all")])
def test_one_plan_or_all(plangate: Plangate, billing: str, words: tuple[str, ...]) -> None:
    assert billing
    said = plangate("history", *words)

    assert (said.exit_code, said.stdout) == (2, "")
    assert "name a plan, or give --all" in said.stderr


def test_filters_go_by_time_and_place(
    plangate: Plangate, worked: str, registry: PlanRegistry
) -> None:
    entries = list(registry.history.audit(worked))
    assert entries[2].recorded_at is not None
    at = entries[2].recorded_at.isoformat()

    def found(*words: str) -> list[int]:
        entries = plangate("history", worked, "--json", *words).json["entries"]
        return [entry["version"] for entry in entries]

    assert found("--since", at) == [entry.version for entry in entries if entry.version >= 2]
    assert found("--until", at) == [1]
    assert found("--after", "2", "-n", "3") == [6, 7, 8]
    assert found("--task", "b", "--kind", "output") == [4]
    assert found("--actor", "agent-7") == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "words, code, expected",
    [
        (("nowhere",), 3, "refused: there is no plan 'nowhere'"),
        (("billing", "--kind", "scored"), 3, "refused: kind: must be one of plan-created, "),
        (("billing", "--since", "noon"), 2, "--since: write a time as in"),
        (("billing", "--format", "xml"), 2, "'xml' is not one of"),
    ],
)
def test_a_wrong_filter_is_refused(
    plangate: Plangate, billing: str, words: tuple[str, ...], code: int, expected: str
) -> None:
    assert billing
    said = plangate("history", *words)

    assert (said.exit_code, said.stdout) == (code, "")
    assert expected in squeezed(said.stderr)


def test_unreadable_events_are_reported_in_every_form(
    plangate: Plangate, worked: str, database: Path
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{}' WHERE originator_version = 2")
        connection.commit()

    said = plangate("history", worked)
    assert said.exit_code == 0
    assert "billing@2 cannot be read" in said.stdout
    assert "warning: 1 event cannot be read; the history says why" in said.stderr
    assert '"unreadable":"' in plangate("history", worked, "--format", "jsonl").stdout
    rows = csv.DictReader(io.StringIO(plangate("history", worked, "--format", "csv").stdout))
    assert [row["event_id"] for row in rows if row["unreadable"]] == ["billing@2"]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version = 2")
        connection.commit()
    assert "billing@2 cannot be read: it is missing" in plangate("history", "--all").stdout


def test_an_empty_history_is_reported_as_such(plangate: Plangate, worked: str) -> None:
    assert plangate("history", worked, "--actor", "unknown").stdout == "No events.\n"


def test_hostile_text_is_escaped(plangate: Plangate, registry: PlanRegistry) -> None:
    hostile = "\x1b[2J[red]x[/red]"
    registry.create(hostile, [{"id": "a", "title": "A"}], plan_id="p")
    registry.score_output("p", "a", 0.5, rationale=hostile, scorer={"kind": "human", "name": "n"})

    said = plangate("history", "p").stdout

    assert "\x1b[2J" not in said
    assert "[red]x[/red]" in said.replace("\n", "")


@pytest.mark.parametrize("plan", ["billing", "--all"])
@pytest.mark.parametrize(
    "words, warning",
    [
        ("--actor agent7", "no event is of the actor 'agent7'; did you mean 'agent-7'"),
        ("--actor Agent-7", "no event is of the actor 'Agent-7'; did you mean 'agent-7'"),
        ("--actor quite-else", "no event is of the actor 'quite-else'"),
        ("--scorer judg", "no event is of the scorer 'judg'; did you mean 'judge'"),
        (
            "--scorer model:juge",
            "no event is of the scorer 'model:juge'; did you mean 'model:judge'",
        ),
        ("--task B", "no event is of the task 'B'; did you mean 'b'?"),
        ("--actor agent-7 --kind plan-erased", None),
    ],
)
@pytest.mark.usefixtures("worked")
def test_an_unknown_name_is_answered_with_those_that_resemble_it(
    plangate: Plangate, plan: str, words: str, warning: str | None
) -> None:
    said = plangate("history", plan, *words.split())

    assert (said.exit_code, said.stdout) == (0, "No events.\n")
    assert said.stderr.startswith(f"warning: {warning}" if warning else "")
    assert bool(said.stderr) is bool(warning)
    assert plangate("history", plan, *words.split(), "--json").json == {"entries": []}
