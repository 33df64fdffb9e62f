"""The testing kit, by itself and in the suite of a sample host."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import plangate
from plangate.testing import FrozenClock, IdsInOrder, PlanBuilder, assert_replay_is_clean
from tests.support.servers.postgres import PostgresServer

SAMPLE_HOST = Path(__file__).parents[1] / "support" / "sample_host"


def run_suite_of_the_sample_host(tmp_path: Path, *chosen: str, **variables: str) -> str:
    """What pytest says of the sample host's own suite."""
    shutil.copytree(SAMPLE_HOST, tmp_path / "host")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov"]
    command += ["--rootdir", str(tmp_path / "host"), "-W", "error", *chosen, "tests"]
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST")}
    ended = subprocess.run(
        command,
        cwd=tmp_path / "host",
        env=environment | {"PYTHONPATH": f"{tmp_path / 'host'}:{Path.cwd()}"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_a_sample_host_uses_it_in_its_own_suite(tmp_path: Path, postgres: PostgresServer) -> None:
    said = run_suite_of_the_sample_host(tmp_path, PLANGATE_TEST_POSTGRES=postgres.url)

    assert re.search(r"^12 passed in", said, re.MULTILINE), said
    schemas = postgres.execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'plangate%'")
    assert schemas == []


def test_without_a_server_the_tests_on_postgresql_are_skipped(tmp_path: Path) -> None:
    said = run_suite_of_the_sample_host(tmp_path, "-k", "completed", PLANGATE_TEST_POSTGRES="")

    assert re.search(r"^2 passed, 1 skipped", said, re.MULTILINE), said


def test_pytest_does_not_load_it_by_itself(pytestconfig: pytest.Config) -> None:
    assert not pytestconfig.pluginmanager.has_plugin("plangate.testing")
    ours = [one for one in entry_points(group="pytest11") if "plangate" in one.value]
    assert ours == []


def test_a_frozen_clock_moves_only_when_it_is_advanced() -> None:
    clock = FrozenClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert clock() == clock() == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert clock.advance(90) == datetime(2026, 5, 1, 12, 1, 30, tzinfo=UTC)
    assert (
        clock.advance(timedelta(days=-1)) == clock() == datetime(2026, 4, 30, 12, 1, 30, tzinfo=UTC)
    )
    for given in (datetime(2026, 5, 1), date(2026, 5, 1), "2026-05-01"):  # noqa: DTZ001
        with pytest.raises(plangate.InvalidInput, match="must be a datetime with a zone"):
            FrozenClock(given)  # type: ignore[arg-type]


def test_builders_make_the_plans_that_they_name() -> None:
    with plangate.connect("memory:", new_id=IdsInOrder()) as registry:
        due = PlanBuilder(registry, plan_id="due").due_for_replan()
        assert due.status.needs_replan
        claimed = PlanBuilder(registry, plan_id="claimed").claimed("ana", lease=60)
        claim = claimed.status.tasks[0].claim
        assert claim is not None
        assert claim.worker == "ana"
        assert PlanBuilder(registry, plan_id="done").completed().status.state == "complete"
        assert_replay_is_clean(registry)
        assert_replay_is_clean(registry, "due", "claimed")
        with pytest.raises(plangate.PlanNotFound):
            assert_replay_is_clean(registry, "nothing")


def test_builders_fail_where_a_plan_cannot_become_what_they_name() -> None:
    with plangate.connect("memory:") as registry:
        never = PlanBuilder(registry, plan_id="never", confidence_threshold=0.0)
        with pytest.raises(AssertionError, match="no replan of the plan 'never' came due"):
            never.due_for_replan()
        late = PlanBuilder(registry, policy={"consecutive_lows": 2}).due_for_replan()
        assert late.status.replan_due
        with pytest.raises(AssertionError, match="no task of the plan 'one' is ready"):
            PlanBuilder(registry, ["a"], plan_id="one").claimed().claimed()


@pytest.mark.parametrize(
    "new_id, why",
    [
        (lambda _: None, "new_id: must be text"),
        (lambda _: 7, "new_id: must be text"),
        (lambda _: "", "new_id: must not be empty"),
        (lambda digits: "0" * digits, "task ids must differ"),
        ("7", "new_id: must be a function, not '7'"),
    ],
)
def test_ids_that_are_none_are_refused(new_id: object, why: str) -> None:
    with (
        pytest.raises(plangate.InvalidInput, match=why),
        plangate.connect("memory:", new_id=new_id) as registry,  # type: ignore[arg-type]
    ):
        registry.create("g", ["A", "B"])


def test_a_clock_beyond_the_calendar_is_refused() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with (
        plangate.connect("memory:", clock=lambda: first) as registry,
        pytest.raises(plangate.InvalidInput, match="clock: gives 0001-01-01 "),
    ):
        registry.create("g", ["A"])


def test_a_time_in_place_of_a_clock_is_refused() -> None:
    with pytest.raises(plangate.InvalidInput, match="clock: must be a function"):
        plangate.connect("memory:", clock=datetime.now(UTC))  # type: ignore[arg-type]


def test_a_decision_that_does_not_follow_fails_the_check() -> None:
    with plangate.connect("memory:", clock=FrozenClock()) as registry:
        plan = PlanBuilder(registry, plan_id="p").scored(design=0.9)
        log = registry._store._recorder._stored_events  # type: ignore[attr-defined]
        altered = [entry for entry in log if entry.topic == "task-status-changed"][-1]
        index = log.index(altered)
        state = altered.state.replace(b'"done"', b'"failed"')
        log[index] = type(altered)(
            altered.originator_id, altered.originator_version, altered.topic, state, id=altered.id
        )
        with pytest.raises(AssertionError, match="1 recorded decisions do not follow"):
            assert_replay_is_clean(registry, plan.plan_id)


@pytest.mark.parametrize("clock", [lambda: datetime(2026, 1, 1), lambda: 7])  # noqa: DTZ001
def test_a_clock_without_zone_is_refused(clock: object) -> None:
    with (
        plangate.connect("memory:", clock=clock) as registry,  # type: ignore[arg-type]
        pytest.raises(plangate.InvalidInput, match="clock: must give times with a zone"),
    ):
        registry.create("g", [{"title": "A"}])


def test_the_registry_of_the_process_can_be_closed_and_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLANGATE_DB", "memory:")
    plangate.reset_registry()
    first = plangate.get_registry()
    assert plangate.get_registry() is first
    plangate.reset_registry()
    with pytest.raises(plangate.StoreUnavailable):
        first.create("g", [{"title": "A"}])
    second = plangate.get_registry()
    assert second is not first
    second.create("g", [{"title": "A"}])
    plangate.reset_registry()
    plangate.reset_registry()


def test_without_create_a_store_must_be_there(tmp_path: Path, postgres: PostgresServer) -> None:
    for target in (tmp_path / "plans.db", postgres.url, "memory:"):
        with pytest.raises(plangate.NotAStore):
            plangate.connect(target, create=False)
    assert not (tmp_path / "plans.db").exists()
    assert postgres.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'plangate'") == []
    for there in (tmp_path / "plans.db", postgres.url):
        plangate.connect(there).close()
        plangate.connect(there, create=False).close()
