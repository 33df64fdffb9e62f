"""A process that forks with an open registry: parent and children work on, and lose nothing."""

import ctypes
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import wait
from pathlib import Path
from threading import Event, Thread
from typing import Any

import billiard
import pytest

from plangate.application import forks
from plangate.application.errors import StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile
from tests.contracts.test_event_store import entry
from tests.support.reliability import forking
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.errands import creating
from tests.support.reliability.scripts import run_script
from tests.support.soak import Say, short_and_long

CHILDREN = 4
CHILDREN_OF_EACH = 12
PATIENCE = 60.0


@short_and_long("parents", 1, 84)
def test_children_forked_while_threads_write_lose_and_double_nothing(
    tmp_path: Path, say: Say, parents: int
) -> None:
    counted: Counter[str] = Counter()
    for number in range(parents):
        folder = tmp_path / str(number)
        folder.mkdir()
        program = run_script("forking", folder / "plans.db", folder, CHILDREN_OF_EACH)
        assert (program.returncode, program.stderr) == (0, "")
        promises = Promises.in_logs(folder.glob("*.acks"))
        findings = audit(folder / "plans.db", promises)
        assert findings.faults == {}
        assert not promises.open
        counted.update(findings.figures)
    say("forks while threads write", forks=parents * CHILDREN_OF_EACH, found=counted)


def test_what_a_child_commits_outlives_its_parents_connections(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "plans.db")
    store = events_in(file)
    store.append([entry("p", 1)])
    begun, closed = os.pipe(), os.pipe()

    def child() -> None:
        store.append([entry("p", 2)])
        os.write(begun[1], b".")
        os.read(closed[0], 1)
        store.append([entry("p", 3)])

    pid = _fork(child)
    os.read(begun[0], 1)
    file.close()
    os.write(closed[1], b".")
    assert _exit_code(pid) == 0

    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        assert [e.envelope.version for e in events_in(file).read("p")] == [1, 2, 3]


@pytest.mark.parametrize("fork", [multiprocessing.get_context("fork"), billiard])
def test_pools_that_fork_share_a_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fork: Any
) -> None:
    database = tmp_path / "plans.db"
    with connect(database) as registry:
        monkeypatch.setattr(sys.modules[__name__], "_shared", registry)
        for plan_id in forking.PLANS:
            AckLog(tmp_path / "parent.acks").handle(creating(plan_id, forking.TASKS), registry)
        registry.views.plans()
        with fork.Pool(CHILDREN) as pool:
            arguments = [(tmp_path / f"{n}.acks", f"c{n}") for n in range(2 * CHILDREN)]
            pool.starmap(_work_on_shared, arguments)
            pool.close()
            pool.join()
        assert len(registry.views.plans().plans) == len(forking.PLANS) + 2 * CHILDREN

    assert audit(database, Promises.in_logs(tmp_path.glob("*.acks"))).faults == {}


_shared: PlanRegistry | None = None


def _work_on_shared(log: Path, author: str) -> None:
    assert _shared
    forking.work_in_child(_shared, log, author)
    _shared.views.plans()


def test_a_store_in_memory_goes_on_in_the_child_as_it_was() -> None:
    with connect("memory:") as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        registry.views.plans()

        def child() -> None:
            assert registry.score_prompt("p", "a", 0.5).version == 2
            assert [plan.version for plan in registry.views.plans().plans] == [2]

        assert _exit_code(_fork(child)) == 0
        assert registry.get_status("p").version == 1


@pytest.fixture
def in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteFile]:
    """A file that another thread reads, for longer than a fork waits."""
    monkeypatch.setattr(forks, "FORK_PATIENCE", 0.01)
    begun, over = Event(), Event()

    def read_on(cursor: Cursor) -> None:
        cursor.execute("SELECT * FROM stored_events")
        begun.set()
        over.wait()

    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        events_in(file).append([entry("p", 1)])
        thread = Thread(target=file.read, args=(read_on,))
        thread.start()
        begun.wait()
        yield file
        over.set()
        thread.join()


def test_a_file_in_use_at_the_fork_is_refused_in_the_child_and_left_to_the_parent(
    in_use: SqliteFile, tmp_path: Path
) -> None:
    assert _exit_code(_fork(lambda: _is_refused(in_use, tmp_path))) == 0
    events_in(in_use).append([entry("p", 2)])
    assert len(events_in(in_use).read("p")) == 2


def test_a_fork_that_python_learns_of_only_in_the_child_is_refused_too(tmp_path: Path) -> None:
    def fork_as_servers_written_in_c_do() -> int:
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            ctypes.pythonapi.PyOS_AfterFork_Child()
        return int(pid)

    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        events_in(file).append([entry("p", 1)])
        pid = _fork(lambda: _is_refused(file, tmp_path), fork_as_servers_written_in_c_do)
        assert _exit_code(pid) == 0
        events_in(file).append([entry("p", 2)])
        assert len(events_in(file).read("p")) == 2


def _is_refused(file: SqliteFile, folder: Path) -> None:
    for attempt in (
        lambda: events_in(file).read("p"),
        lambda: events_in(file).append([entry("p", 2)]),
        lambda: SqliteFile(folder / "plans.db"),
    ):
        with pytest.raises(StoreUnavailable, match="when this process was forked"):
            attempt()


def _fork(work: Callable[[], None], fork: Callable[[], int] = os.fork) -> int:
    """Do something in a child, which never gets back to pytest."""
    pid = fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001  (it is printed, for lack of another way out)
        print(repr(error), file=sys.stderr)
    finally:
        os._exit(code)


def _exit_code(pid: int) -> int:
    ended = os.pidfd_open(pid)
    try:
        if not wait([ended], PATIENCE):
            os.kill(pid, 9)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(ended)
