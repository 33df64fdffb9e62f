"""`plangate evidence findings` shows what deserves a second look, and exits as a linter does."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.evidence.finding import Finding, FindingKind, Severity
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.render import findings
from tests.infrastructure.cli.conftest import Plangate
from tests.support.model.honest_work import WELL_FOUNDED


def test_a_clean_history_has_no_findings(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    registry.score_output(billing, "a", 0.9, **WELL_FOUNDED)
    for words in ((), (billing,)):
        said = plangate("evidence", "findings", *words)
        assert (said.exit_code, said.stdout) == (
            0,
            "Looked through 1 plan, 3 events.\nNothing was found.\n",
        )


def test_findings_name_their_events_and_exit_with_1(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    registry.score_output(billing, "a", 0.1)
    registry.score_output(billing, "a", 0.9)

    said = plangate("evidence", "findings")

    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert said.exit_code == 1
    assert lines[0] == "Looked through 1 plan, 6 events."
    assert "notice billing a 2 scores have neither evidence nor rationale @2, @5" in lines
    assert lines[-1] == "2 findings: rescored until passed 1, unsupported 1."
    answer = plangate("evidence", "findings", billing, "--json")
    assert (answer.exit_code, answer.json["finding_count"]) == (1, 2)
    assert answer.json == registry.evidence.findings().model_dump(mode="json")


def test_what_only_many_plans_show_is_never_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "_AT_MOST", 2)
    of_plan = Finding(
        kind=FindingKind.OUTCOME_CONTRADICTS,
        severity=Severity.NOTICE,
        plan_id="p",
        task_id="a",
        event_ids=("p@2",),
        event_count=1,
        sentence="it had passed, and was rejected",
    )
    of_judge = of_plan.model_copy(update={"about": "model:mild"})

    assert findings._shown([of_plan, of_plan, of_plan, of_judge]) == [of_plan, of_judge]


def test_many_are_cut_short(
    plangate: Plangate, registry: PlanRegistry, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "_AT_MOST", 1)
    monkeypatch.setattr(findings, "_EVENTS_AT_MOST", 1)
    registry.score_output(billing, "a", 0.9, rationale="Fine.")
    registry.record_outcome(billing, "a", "rejected", source="ci")
    registry.create("Other", [{"id": "a", "title": "A"}], plan_id="other")
    registry.score_output("other", "a", 0.9)

    shown = plangate("evidence", "findings").stdout

    assert "@2 and 1 more" in shown
    assert "and 1 more\n2 findings" in shown


def test_unreadable_plans_are_reported_and_unknown_ones_refused(
    plangate: Plangate, registry: PlanRegistry, billing: str, database: Path
) -> None:
    registry.pause(billing, "lunch")
    with closing(sqlite3.connect(database)) as file:
        file.execute("UPDATE stored_events SET state = '{' WHERE originator_version = 2")
        file.commit()

    said = plangate("evidence", "findings")
    assert (said.exit_code, said.stderr.split(":")[:2]) == (
        0,
        ["warning", " billing@2 cannot be read"],
    )
    stranger = plangate("evidence", "findings", "nowhere")
    assert (stranger.exit_code, stranger.stdout) == (3, "")
    assert "there is no plan 'nowhere'" in stranger.stderr


def test_a_configuration_keeps_ci_green(
    plangate: Plangate, registry: PlanRegistry, billing: str, tmp_path: Path
) -> None:
    registry.score_output(billing, "a", 0.1)
    registry.score_output(billing, "a", 0.9)
    config = tmp_path / "findings.yaml"
    config.write_text(
        "severity: {unsupported: off}\n"
        "accept:\n"
        "  - {plan_id: billing, kind: rescored_until_passed, reason: The judge was ill.}\n"
    )

    said = plangate("evidence", "findings", "--config", str(config))

    assert said.exit_code == 0
    assert " ".join(said.stdout.split()) == (
        "Looked through 1 plan, 6 events. Accepted: 1 finding. billing a: its output was scored "
        "again until it passed, with no work in between: 0.100, then 0.900. Reason: The judge was "
        "ill. Nothing was found."
    )
    answer = plangate("evidence", "findings", "--config", "-", "--json", typed='{"severity": {}}')
    assert (answer.exit_code, answer.json["finding_count"]) == (1, 2)
    assert answer.json["by_severity"] == {"warning": 1, "notice": 1}


def test_a_wrong_configuration_is_refused_where_it_is_wrong(
    plangate: Plangate, tmp_path: Path
) -> None:
    config = tmp_path / "findings.yaml"
    config.write_text("severity:\n  own_work: loud\nacept: []\n")

    said = plangate("evidence", "findings", "--config", str(config))

    assert (said.exit_code, said.stdout) == (3, "")
    known, meant = "severity, aliases, accept", "did you mean 'accept'?"
    assert said.stderr.splitlines() == [
        f"refused: {config}:2:3: severity.own_work: must be one of 'warning', 'notice' or 'off'",
        f"refused: {config}:3:1: acept: is not known here; accepted: {known}; {meant}",
    ]
    missing = plangate("evidence", "findings", "--config", "nowhere.yaml")
    assert (missing.exit_code, missing.stdout) == (2, "")


@pytest.fixture
def two_judges(registry: PlanRegistry) -> None:
    """Ten plans, in which one judge is milder than the other."""
    for number in range(10):
        registry.create(f"Work {number}", [{"id": "a", "title": "A"}], plan_id=f"p{number}")
        for name, score in (("x", 0.75), ("y", 0.95)):
            registry.score_output(f"p{number}", "a", score, scorer=name, rationale="Read.")


@pytest.mark.usefixtures("two_judges")
def test_what_many_plans_show_is_about_a_judge(plangate: Plangate) -> None:
    said = plangate("evidence", "findings")

    assert said.exit_code == 1
    row = " ".join(" ".join(line.split()) for line in said.stdout.splitlines())
    for part in ("notice model:y", "0.20 higher than", "p0@2, p0@4 and 18 more"):
        assert part in row
    assert row.endswith("1 finding: judge milder 1.")


@pytest.mark.usefixtures("two_judges")
def test_without_the_extra_a_line_says_what_was_not_judged(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plangate.infrastructure.statistics.scipy_statistics", None)

    said = plangate("evidence", "findings")

    lines = " ".join(said.stdout.split())
    assert said.exit_code == 0
    assert lines.startswith(
        "Looked through 10 plans, 40 events. Distributions were not judged: statistics need "
        "scipy: pip install 'plangate[analysis]' ("
    )
    assert lines.endswith("Nothing was found.")
