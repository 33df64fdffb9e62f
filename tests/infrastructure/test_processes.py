"""Plans are shared out over processes, which answer as one would, and end with it."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from plangate.application.progress import no_progress
from plangate.application.registry import PlanRegistry
from plangate.application.rerun import over_plans
from plangate.application.rerun.over_plans import add_plans
from plangate.domain.policy import Policy
from plangate.infrastructure import processes
from plangate.infrastructure.addresses import workers_for
from plangate.infrastructure.bootstrap import connect
from tests.support.plan_works import Failing, Killed, PlansSeen, Refusal
from tests.support.servers.postgres import PostgresServer

PLANS = [f"p{number}" for number in range(12)]
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _share_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_PLANS_AT_ONCE", 1)
    monkeypatch.setattr(processes, "_processors", lambda: 2)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "plans.db"


@pytest.fixture
def registry(database: Path) -> Iterator[PlanRegistry]:
    with connect(database) as registry:
        work_on(registry)
        yield registry


def work_on(registry: PlanRegistry) -> None:
    for number, plan_id in enumerate(PLANS):
        registry.create("Move billing", [{"id": "a", "title": "A"}], plan_id=plan_id)
        registry.score_output(plan_id, "a", number / len(PLANS))


def added(registry: PlanRegistry, work: PlansSeen, database: Path) -> PlansSeen:
    add_plans(work, registry._store, workers_for(str(database), None), None, no_progress)
    return work


def test_two_processes_find_what_one_finds(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = registry.replay.what_if(policy="steady")

    monkeypatch.setattr(processes, "_processors", lambda: 1)

    assert registry.replay.what_if(policy="steady") == tried
    assert [plan.plan_id for plan in tried.plans] == PLANS


def test_two_processes_read_a_schema_in_postgresql(postgres: PostgresServer) -> None:
    with connect(postgres.url, schema="elsewhere") as registry:
        work_on(registry)
        seen = PlansSeen()
        workers = workers_for(postgres.url, "elsewhere")
        add_plans(seen, registry._store, workers, None, no_progress)

    assert seen.plan_ids == PLANS
    assert os.getpid() not in seen.processes


def test_plans_come_back_in_order_from_other_processes(
    registry: PlanRegistry, database: Path
) -> None:
    seen = added(registry, PlansSeen(), database)

    assert seen.plan_ids == PLANS
    assert os.getpid() not in seen.processes
    assert not any(map(is_alive, seen.processes))


def test_one_processor_is_used_without_another_process(
    registry: PlanRegistry, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 1)

    assert added(registry, PlansSeen(), database).processes == {os.getpid()}


@pytest.mark.parametrize("executable", ["", "/usr/sbin/uwsgi", "/nowhere/python3"])
def test_a_program_that_cannot_start_python_does_the_work_itself(
    registry: PlanRegistry, database: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)

    seen = added(registry, PlansSeen(), database)

    assert seen.processes == {os.getpid()}
    assert seen.plan_ids == PLANS


def test_an_error_comes_out_as_itself(registry: PlanRegistry, database: Path) -> None:
    with pytest.raises(Refusal, match="p7 is refused with 7") as raised:
        added(registry, Failing(at="p7"), database)

    assert raised.value.code == 7


def test_what_a_process_does_not_end_is_done_here(registry: PlanRegistry, database: Path) -> None:
    seen = added(registry, Killed(), database)

    assert seen.plan_ids == PLANS
    assert seen.processes == {os.getpid()}


def test_work_that_cannot_be_sent_is_done_here(registry: PlanRegistry) -> None:
    class Local(Policy):
        """Not known to other processes."""

    assert len(registry.replay.what_if(policy=Local()).plans) == len(PLANS)


def test_an_interrupt_ends_the_processes(registry: PlanRegistry, database: Path) -> None:
    seen = PlansSeen()

    def interrupt(_done: int, _all: int) -> None:
        if len(seen.processes) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_plans(seen, registry._store, workers_for(str(database), None), None, interrupt)

    assert len(seen.plan_ids) < len(PLANS)
    assert not any(map(is_alive, seen.processes))


def test_no_process_outlives_a_killed_program_which_is_not_run_again(
    registry: PlanRegistry, database: Path, tmp_path: Path
) -> None:
    pipe, program = tmp_path / "pipe", tmp_path / "program.py"
    os.mkfifo(pipe)
    registry.close()
    program.write_text(
        dedent(f"""\
        import signal, sys
        from pathlib import Path
        print("run", flush=True)
        sys.path.insert(0, {str(Path.cwd())!r})
        import plangate
        from plangate.application.rerun import over_plans
        from plangate.infrastructure import processes
        from plangate.infrastructure.addresses import workers_for
        from tests.support.plan_works import Holding
        over_plans.SHARED_FROM, processes._processors = 0, lambda: 2
        registry = plangate.connect({str(database)!r})
        workers = workers_for({str(database)!r}, None)
        over_plans.add_plans(
            Holding(Path({str(pipe)!r})), registry._store, workers, None, lambda *_: signal.pause()
        )
        """)
    )
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as running:
        with pipe.open("rb", buffering=0) as held:
            assert held.read(1) == b"."
            running.send_signal(signal.SIGKILL)
            while select.select([held], [], [], PATIENCE)[0] and (more := held.read(100)):
                assert set(more) == set(b".")
            assert held.read() == b""
        assert running.stdout is not None
        assert running.stdout.read() == "run\n"


def is_alive(process: int) -> bool:
    """Whether a process of ours is there, or its end was not waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
