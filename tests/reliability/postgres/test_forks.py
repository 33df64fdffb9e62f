"""Processes that fork after they connected, also while other threads write."""

import gc
import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Event
from time import monotonic, sleep

import psycopg
import pytest
from psycopg_pool import ConnectionPool

import plangate
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.postgres.views import PostgresViewStore
from tests.contracts.test_event_store import entry
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import PATIENCE
from tests.support.soak import Say, short_and_long
from tests.support.stores import postgres_event_store

CHILDREN = 4


def _forked(work: Callable[[], None]) -> int:
    """Do `work` in a child; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        gc.collect()
        code = 0
    except BaseException:  # noqa: BLE001  (nothing may leave the child)
        traceback.print_exc()
    finally:
        os._exit(code)


def _ended(child: int) -> int | None:
    """The exit code of a child; None for one that hung."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@short_and_long("forks", 4, 1_000)
def test_children_and_threads_of_the_parent_record_and_read_their_own(
    postgres: PostgresServer, say: Say, forks: int
) -> None:
    stop = Event()
    written: Counter[str] = Counter()
    with closing(postgres_event_store(postgres.url)) as store:

        def write(plan_id: str) -> None:
            written[plan_id] += 1
            store.append([entry(plan_id, written[plan_id])])

        def write_on(plan_id: str) -> None:
            while not stop.is_set():
                write(plan_id)

        def in_child(plan_id: str, *, close: bool) -> None:
            for version in range(1, 4):
                store.append([entry(plan_id, version)])
                found = [one.envelope for one in store.read(plan_id)]
                assert [(one.plan_id, one.version) for one in found] == [
                    (plan_id, known) for known in range(1, version + 1)
                ]
            if close:
                store.close()

        threads = ThreadPoolExecutor(2)
        writing = [threads.submit(write_on, f"t{n}") for n in range(2)]
        codes: Counter[int | None] = Counter()
        for number in range(forks // CHILDREN):
            write("parent")
            children = [
                _forked(partial(in_child, f"c{number}-{n}", close=n == 0)) for n in range(CHILDREN)
            ]
            codes.update(map(_ended, children))
        stop.set()
        threads.shutdown()
        write("parent")
        found = Counter(one.plan_id for one in store.read_all_stored(limit=1_000_000))
    say("forks on PostgreSQL", forks=forks, codes=str(dict(codes)), events=sum(found.values()))
    assert codes == {0: forks}
    assert [one.exception() for one in writing] == [None, None]
    children_wrote = {one: found[one] for one in found if one.startswith("c")}
    assert set(children_wrote.values()) == {3}
    assert len(children_wrote) == forks
    assert {one: found[one] for one in written} == written


def test_a_child_leaves_the_session_of_its_parent_alone(postgres: PostgresServer) -> None:
    earlier = postgres.sessions()
    with plangate.connect(postgres.url) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        before = postgres.sessions() - earlier

        def in_child() -> None:
            registry.close()
            with pytest.raises(plangate.StoreUnavailable, match="closed"):
                registry.get_status("p")

        assert _ended(_forked(in_child)) == 0
        assert registry.score_prompt("p", "a", 0.5).version == 2
        assert postgres.sessions() - earlier == before


def test_a_child_forked_within_a_transaction_leaves_it_to_its_parent(
    postgres: PostgresServer,
) -> None:
    schema = open_schema(postgres.url)

    def fork(connection: psycopg.Connection[object]) -> int | None:
        connection.execute("CREATE TABLE plangate.kept (n integer)")
        child = os.fork()
        if not child:
            raise SystemExit
        return _ended(child)

    with closing(PostgresViewStore(schema)) as views:
        try:
            code = schema.in_transaction(fork)
        except SystemExit:
            os._exit(0 if views.positions() == {} else 1)
        assert code == 0
        assert schema.run(lambda one: one.execute("SELECT n FROM plangate.kept").fetchall()) == []


def test_a_lent_pool_is_refused_in_a_child(postgres: PostgresServer) -> None:
    with ConnectionPool(postgres.url, min_size=1, max_size=2, open=True) as pool:
        registry = plangate.connect(pool)
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")

        def in_child() -> None:
            with pytest.raises(plangate.StoreUnavailable, match="before this process was forked"):
                registry.history.of("p")

        assert _ended(_forked(in_child)) == 0
        assert registry.score_prompt("p", "a", 0.5).version == 2
        registry.close()
