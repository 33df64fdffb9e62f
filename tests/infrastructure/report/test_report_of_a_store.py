"""The report of a whole store sums up what the registry answers, in bounded size."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.numbers import number
from plangate.application.registry import PlanRegistry
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.report.store_facts import store_facts
from plangate.infrastructure.report.writing import write_report
from tests.infrastructure.report.conftest import Report
from tests.support.html_pages import read_page
from tests.support.soak import short_and_long


def fill(registry: PlanRegistry, plans: int) -> None:
    """Plans of two tasks; every third has its gate fired, and every fifth an outcome."""
    for n in range(plans):
        plan_id = f"plan-{n:05}"
        tasks = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
        registry.create(f"Goal {n}", tasks, plan_id=plan_id)
        score = 0.1 if n % 3 == 0 else 0.9
        registry.score_output(plan_id, "a", score, scorer=f"judge-{n % 2}", rationale="seen")
        if n % 5 == 0:
            registry.record_outcome(plan_id, "a", "rejected" if n % 3 else "accepted", source="ci")


def test_the_sums_are_those_of_the_registry(registry: PlanRegistry, report: Report) -> None:
    fill(registry, 31)
    registry.delete("plan-00001")
    facts = store_facts(registry, lambda _done, _total: None)

    plans = registry.views.plans(limit=100).plans
    assert facts.plans == len(plans) == 30
    for verdict in Verdict:
        assert facts.verdicts[verdict] == sum(plan.verdict == verdict for plan in plans)
    assert facts.tasks == sum(plan.task_count for plan in plans)
    assert facts.replans == len(registry.views.replans(limit=100))
    scores = [score for plan in plans for score in registry.views.timeline(plan.plan_id)]
    by_judge = {row[0]: row for row in facts.judges.table.rows}
    for judge in ("judge-0", "judge-1"):
        given = [score.score for score in scores if score.scorer and score.scorer.name == judge]
        row = by_judge[f"model {judge}"]
        assert row[2:4] == (str(len(given)), number(sum(given) / len(given)))
    due = [plan for plan in plans if plan.verdict in {Verdict.REPLAN, Verdict.BLOCKED}]
    assert facts.need_a_person_count == len(facts.need_a_person) == len(due)

    text = report().line
    assert "30 plans 60 tasks" in text
    assert f"Replan first {len(due)}" in text
    assert all(plan.plan_id in text for plan in due)
    findings = registry.evidence.findings()
    assert findings.finding_count
    assert all(finding.sentence in text for finding in findings.findings[:20])
    assert "Does low confidence predict rejection?" in text


def test_without_outcomes_nothing_is_calibrated(registry: PlanRegistry, report: Report) -> None:
    registry.create("Goal", [{"id": "a", "title": "A"}], plan_id="p")
    text = report().text
    assert "Does low confidence predict rejection?" not in text
    assert "None: no plan is blocked, and no replan is due." in text


def test_an_empty_store_has_a_report(report: Report) -> None:
    text = report().text
    assert "0 plans" in text
    assert "no scores yet" in text
    assert "no gate has fired" in text


def test_without_the_statistics_the_report_says_what_is_missing(
    registry: PlanRegistry, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_args: object, **_kwargs: object) -> None:
        raise AnalysisMissing("calibration needs scipy")

    monkeypatch.setattr(EvidenceQueries, "calibrate", missing)
    fill(registry, 1)
    assert "calibration needs scipy" in report().text


def test_plans_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    store = tmp_path / "plans.db"
    with connect(store) as registry:
        fill(registry, 4)
    with closing(sqlite3.connect(store)) as damaged, damaged:
        damaged.execute(
            "UPDATE stored_events SET state = '{}' "
            "WHERE originator_id = 'plan-00002' AND originator_version = 2"
        )
    with connect(store) as registry:
        write_report(registry, tmp_path / "report.html")
    text = read_page((tmp_path / "report.html").read_text("utf-8")).text
    assert "Plans that cannot be read" in text
    assert "plan-00002@2" in text


@short_and_long("plans", 60, 10_000)
def test_the_size_does_not_grow_with_the_store(
    plans: int, registry: PlanRegistry, tmp_path: Path
) -> None:
    fill(registry, plans)
    seen: list[tuple[int, int]] = []
    path = tmp_path / "report.html"
    written = write_report(registry, path, progress=lambda done, total: seen.append((done, total)))

    assert written.plans == plans
    assert written.bytes == path.stat().st_size < 400_000
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
