"""The audit has teeth: whatever is done to a store behind its back, it notices."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.audit import Findings, audit
from tests.support.reliability.errands import Errand, claiming, creating

SCORED = Errand("score_output", "p", "t0", "0.2", "judge")
MARKED = Errand("mark_task", "p", "t1", "done", "boss")
ASKED_IN_VAIN = Errand("mark_task", "p", "t1", "done", "clerk")
CLAIMED = claiming("p", "agent")
TAKE_BACK = "DELETE FROM stored_events WHERE notification_id"
KEY = "'$.meta.idempotency_key'"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    acks = AckLog(tmp_path / "acks")
    with connect(tmp_path / "plans.db") as registry:
        for errand in (creating("p", 3), SCORED, MARKED, ASKED_IN_VAIN, CLAIMED):
            acks.handle(errand, registry)
    acks.close()
    return tmp_path / "plans.db"


def test_a_store_that_kept_its_promises_has_no_faults(database: Path) -> None:
    findings = _audited(database)

    assert findings.faults == {}
    assert (findings.acknowledged, findings.commands, findings.events) == (5, 4, 6)


@pytest.mark.parametrize(
    "damage, faults",
    [
        pytest.param(f"{TAKE_BACK} = 6", {"lost"}, id="an acknowledged command gone"),
        pytest.param(
            f"{TAKE_BACK} = 5", {"lost", "gaps", "half_written"}, id="one in the middle gone"
        ),
        pytest.param(f"{TAKE_BACK} >= 4", {"lost", "half_written", "untrue_answers"}, id="half"),
        pytest.param(
            f"UPDATE stored_events SET state = json_set(state, {KEY}, '{SCORED.key}')"
            " WHERE notification_id = 5",
            {"doubled", "half_written"},
            id="a key used twice",
        ),
        pytest.param(
            "UPDATE stored_events SET state = json_set(state, '$.event.task_id', 't1')"
            " WHERE notification_id = 6",
            {"half_written", "untrue_answers"},
            id="another task handed out than was recorded",
        ),
    ],
)
def test_damage_is_noticed(database: Path, damage: str, faults: set[str]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(damage)
        connection.commit()

    assert set(_audited(database).faults) == faults


def test_a_task_handed_out_twice_is_noticed(database: Path) -> None:
    with connect(database) as registry:
        registry.mark_task("p", "t2", "pending")
        registry.next_task("p")

    assert _audited(database).faults["handed_out_twice"] == ["p/t2"]


def _audited(database: Path) -> Findings:
    return audit(database, Promises.in_logs([database.parent / "acks"]))
