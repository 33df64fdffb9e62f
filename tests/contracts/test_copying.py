"""All plans from any engine to any other and back: what comes out is what went in."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import psycopg
import pytest

from plangate.application.errors import CorruptEvent, StoreForbidden
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.model.random_work import RandomWork
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.umadb import umadb_server
from tests.support.stores import sqlite_event_store

ENGINES = ("sqlite", "postgres", "umadb", "memory")
PAIRS = [pair for pair in product(ENGINES, ENGINES) if pair != ("umadb", "umadb")]
"""Of UmaDB there is one server, and that is one store."""


@dataclass
class Stores:
    """Stores on every engine, by engine and number."""

    folder: Path
    url: str

    def sqlite(self, number: int) -> PlanRegistry:
        return connect(self.folder / f"{number}.db")

    def postgres(self, number: int) -> PlanRegistry:
        return connect(self.url, schema=f"plans_{number}")

    def memory(self, _number: int) -> PlanRegistry:
        return connect("memory:")

    def umadb(self, _number: int) -> PlanRegistry:
        return connect("engine:")


@pytest.fixture
def stores(
    tmp_path: Path, postgres: PostgresServer, request: pytest.FixtureRequest
) -> Iterator[Stores]:
    if "umadb" not in request.node.name:
        yield Stores(tmp_path, postgres.url)
        return
    with umadb_server(tmp_path) as variables, pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        yield Stores(tmp_path, postgres.url)


def stored(registry: PlanRegistry) -> list[StoredEntry]:
    return list(registry._store.read_all_stored(limit=9_999))


def placed_anew(entries: list[StoredEntry]) -> list[StoredEntry]:
    return [replace(entry, position=None) for entry in entries]


@pytest.mark.parametrize("source, target", PAIRS)
def test_any_store_is_copied_to_any_other_and_copied_again(
    stores: Stores, source: str, target: str
) -> None:
    with getattr(stores, source)(1) as ours, getattr(stores, target)(2) as theirs:
        work = RandomWork(ours, random.Random(5))
        work.go_on(60)
        first = ours.bundles.copy_to(theirs)
        work.go_on(30)
        second = ours.bundles.copy_to(theirs)

        there, here = stored(theirs), stored(ours)
        if target == "umadb":
            assert not first.positions_kept
            assert [e.event_id for e in there] == [e.event_id for e in here]
            there = placed_anew([theirs._store.format.moved(e) for e in there])
            here = placed_anew([ours._store.format.moved(e) for e in here])
        assert there == here
        assert (second.already_there, second.checked) == (first.copied, len(here))
        assert theirs.list_plans() == ours.list_plans()
        assert theirs.views.plans() == ours.views.plans()


def test_from_sqlite_to_postgres_and_back_every_row_is_what_it_was(stores: Stores) -> None:
    with stores.sqlite(1) as first, stores.postgres(2) as second, stores.sqlite(3) as third:
        RandomWork(first, random.Random(7)).go_on(150)
        _leave_a_gap(first._store)
        RandomWork(first, random.Random(8), "q").go_on(50)
        there, back = first.bundles.copy_to(second), second.bundles.copy_to(third)

        assert there.positions_kept
        assert back.positions_kept
        assert stored(third) == stored(first)
        assert third.views.timeline("p0") == first.views.timeline("p0")
        third.create("On we go", [{"title": "T"}], plan_id="on")
        assert third.history.of("on")[0].envelope.position == there.position + 1


def _leave_a_gap(store: EventStore) -> None:
    """As engines leave that do not number their events one by one."""
    last = store.read_all_stored(after=store.last_position() - 1, limit=1)[0]
    beginning = store.read_all_stored(limit=1)[0]
    there = replace(beginning, plan_id="beyond", position=(last.position or 0) + 1_000)
    store.append_stored([there])


def test_bytes_that_postgres_cannot_keep_are_refused_by_name(stores: Stores) -> None:
    for number, state in enumerate([b"\xff", b"a\0b"]):
        path = stores.folder / f"damaged{number}.db"
        with closing(sqlite_event_store(path)) as store:
            store.append_stored([StoredEntry("p", 1, None, "plan-created", state)])
        for schema in ("with_positions", "without"):
            with connect(path) as source, connect(stores.url, schema=schema) as target:
                if schema == "without":
                    target.create("Mine", [{"title": "T"}])
                with pytest.raises(
                    CorruptEvent, match="p@1 cannot be read: PostgreSQL cannot store"
                ):
                    source.bundles.copy_to(target)


def test_where_only_reading_is_allowed_nothing_is_copied(stores: Stores) -> None:
    stores.postgres(1).close()
    with psycopg.connect(stores.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE reader LOGIN")
        owner.execute("GRANT USAGE ON SCHEMA plans_1 TO reader")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA plans_1 TO reader")
    url = stores.url.replace("plangate@", "reader@")
    with stores.sqlite(1) as source, connect(url, schema="plans_1") as target:
        source.create("Ship it", [{"title": "T"}])
        with pytest.raises(StoreForbidden, match="may not INSERT into"):
            source.bundles.copy_to(target)
    with psycopg.connect(stores.url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY reader; DROP ROLE reader")
