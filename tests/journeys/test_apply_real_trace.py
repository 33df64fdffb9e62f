"""A real trace goes in whole, and a second time adds nothing."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from typer.testing import CliRunner

from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.answers import Tally, TraceReport
from plangate.infrastructure.cli.app import app
from tests.support.real_judgements import RealTrace, on_real_judgements


def apply(database: Path, *words: str) -> TraceReport:
    result = CliRunner().invoke(app, ["--db", str(database), "--json", "apply", *words])
    assert (result.exit_code, result.stderr) == (0, "")
    return TraceReport.model_validate_json(result.stdout)


def everything(registry: PlanRegistry) -> Sequence[RecordedEvent]:
    return registry.history.events(limit=10_000)


@on_real_judgements
def test_real_judgements_go_in_whole_and_only_once(tmp_path: Path, trace: RealTrace) -> None:
    database = tmp_path / "plans.db"
    lines = [json.loads(line) for line in trace.path.read_text("utf-8").splitlines()]
    wanted = Counter(line["op"] for line in lines)

    first = apply(database, str(trace.path))

    with connect(database) as registry:
        events = everything(registry)
        kinds = Counter(type(recorded.event).__name__ for recorded in events)
        plans = registry.list_plans().plans
    assert (first.lines, first.recorded, first.refused) == (len(lines), len(lines), [])
    assert (wanted["create"], wanted["score_output"]) == (trace.plans, trace.scores)
    assert (first.added.plans, first.added.scores) == (trace.plans, trace.scores)
    assert len(plans) == kinds["PlanCreated"] == trace.plans
    assert kinds["TaskScored"] == trace.scores
    assert (len(events), kinds["ReplanTriggered"]) == (trace.events, trace.replans)
    assert kinds["ReplanTriggered"] == first.added.replans == sum(p.replan_count for p in plans)
    scores = {
        (line["plan_id"], line["task_id"]): line["score"] for line in lines if "score" in line
    }
    assert {
        (p.plan_id, t.id): t.output_score
        for p in plans
        for t in p.tasks
        if t.output_score is not None
    } == scores

    second = apply(database, str(trace.path))

    assert (second.recorded, second.unchanged, second.added) == (0, len(lines), Tally())
    assert second.already_there == first.added
    with connect(database) as registry:
        assert everything(registry) == events
