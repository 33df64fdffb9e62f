"""A trace that could not be finished is finished later, and nothing in it is recorded twice."""

import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.answers import Tally, TraceReport

PROGRAM = Path(sys.executable).with_name("plangate")
PLANS, SCORES = 20, 30


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A trace of plans with a task each, scored over and over; many of its lines are equal."""
    path = tmp_path / "plans.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for plan in range(PLANS):
            task = {"id": "a", "title": "A", "description": "x" * 2_000}
            create = {"op": "create", "plan_id": f"p{plan}", "goal": "g", "tasks": [task]}
            score = {"op": "score_output", "plan_id": f"p{plan}", "task_id": "a", "score": 0.5}
            file.writelines(json.dumps(line) + "\n" for line in [create, *[score] * SCORES])
    return path


def apply(database: Path, trace: Path) -> TraceReport:
    outcome = subprocess.run(
        [PROGRAM, "--db", database, "apply", "--json", trace],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return TraceReport.model_validate_json(outcome.stdout)


def scores(database: Path) -> Counter[str]:
    with connect(database) as registry:
        return Counter(
            recorded.envelope.plan_id
            for recorded in registry.history.events(limit=10_000)
            if type(recorded.event).__name__ == "TaskScored"
        )


WHOLE = Counter({f"p{plan}": SCORES for plan in range(PLANS)})


def test_a_store_without_room_stops_the_run_and_the_rest_follows_later(
    trace: Path, tmp_path: Path
) -> None:
    database = tmp_path / "plans.db"
    room = 400_000  # bytes a file may have: the trace needs more
    outcome = subprocess.run(
        [PROGRAM, "--db", database, "apply", trace],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert outcome.returncode == 4
    made, error = outcome.stderr.splitlines()
    assert made == f"store: made {database}"
    stopped_at = int(error.removeprefix(f"{trace}:").partition(":")[0])
    assert 1 < stopped_at < PLANS * (SCORES + 1)
    assert f"Stopped at line {stopped_at}; the lines before it are done." in outcome.stdout

    rest = apply(database, trace)

    assert rest.unchanged == stopped_at - 1
    assert rest.added + rest.already_there == Tally(
        plans=PLANS, scores=PLANS * SCORES, replans=PLANS * SCORES
    )
    assert scores(database) == WHOLE
