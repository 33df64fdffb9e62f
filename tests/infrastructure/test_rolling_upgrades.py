"""A newer layout that says which older plangate may go on using it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import plangate
from plangate.infrastructure.postgres import layout as postgres_layout
from plangate.infrastructure.sqlite import layout as sqlite_layout
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "A"}]


class Store:
    """A store that was upgraded by a newer plangate."""

    def __init__(self, target: str, layout: int, run: Callable[[str], object]) -> None:
        self.target = target
        self.layout = layout
        self.run = run

    def upgrade(self, min_compatible: int | None) -> None:
        """Raise its layout by one."""
        if self.target.startswith("postgres"):
            self.run(f"UPDATE plangate.plangate_layout SET version = {self.layout + 1}")
            facts = "plangate.store_facts"
        else:
            self.run(f"PRAGMA user_version = {self.layout + 1}")
            facts = "store_facts"
        fact = f"min_compatible_{self.layout + 1}"
        self.run(f"DELETE FROM {facts} WHERE name = '{fact}'")
        if min_compatible is not None:
            self.run(f"INSERT INTO {facts} VALUES ('{fact}', '{min_compatible}')")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store with a plan, in each engine."""
    if request.param == "sqlite":
        path = tmp_path / "plans.db"

        def run(statement: str) -> None:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute(statement)

        store = Store(str(path), sqlite_layout.LAYOUT_VERSION, run)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        store = Store(server.url, postgres_layout.LAYOUT_VERSION, server.execute)
    with plangate.connect(store.target) as registry:
        registry.create("g", TASKS, plan_id="p")
    return store


def test_an_older_plangate_goes_on_where_the_newer_layout_allows_it(store: Store) -> None:
    store.upgrade(min_compatible=store.layout)
    for version in (2, 3):
        with plangate.connect(store.target) as registry:
            assert registry.score_prompt("p", "a", 0.5).version == version
            assert [plan.version for plan in registry.views.plans().plans] == [version]
    assert plangate.doctor(store.target).health == "ok"
    store.upgrade(min_compatible=store.layout + 1)
    with pytest.raises(plangate.StoreTooNew):
        plangate.connect(store.target)


def test_the_layout_stays_that_of_the_newer_plangate(store: Store) -> None:
    store.upgrade(min_compatible=store.layout - 1)
    plangate.migrate(store.target)
    store.upgrade(min_compatible=None)
    with pytest.raises(plangate.StoreTooNew, match=f"layout {store.layout + 1}"):
        plangate.connect(store.target)


def test_a_store_says_which_plangate_may_use_it(store: Store) -> None:
    query = "SELECT name, value FROM {} WHERE name LIKE 'min%'"
    if store.target.startswith("postgres"):
        found = store.run(query.format("plangate.store_facts"))
        assert found == [(f"min_compatible_{store.layout}", str(postgres_layout.MIN_COMPATIBLE))]
    else:
        with closing(sqlite3.connect(store.target)) as connection:
            found = connection.execute(query.format("store_facts")).fetchall()
        assert found == [(f"min_compatible_{store.layout}", str(sqlite_layout.MIN_COMPATIBLE))]
