"""Many schemas of one database, followed by one thread."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import enumerate as all_threads
from typing import Any

import pytest

import plangate
from plangate.application.views import follower
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import PATIENCE
from tests.support.views.from_scratch import same_views

TASKS = [{"id": "a", "title": "A"}]
NAMES = [f"tenant_{n}" for n in range(20)]
NEVER = 3_600.0


def followers() -> int:
    """How many threads keep views."""
    return sum(thread.name == "plangate-views" for thread in all_threads())


def is_current(registry: plangate.PlanRegistry) -> bool:
    """Whether the views come to the end of the log, by the thread alone."""
    last = registry.history.last_position()
    found = registry.views.plans(order="newest", limit=1, at_least=last).plans
    return found[0].updated_position == last and registry.health().failure is None


def wait_for_a_look(registry: plangate.PlanRegistry) -> None:
    """Wait until the thread has looked at a registry again."""
    signal: SimpleQueue[None] = SimpleQueue()
    registry._follower._waiting.append(signal)
    signal.get(timeout=PATIENCE)


def noting(looks: list[str], name: str, registry: plangate.PlanRegistry) -> Callable[[Any], None]:
    """The thread's look at a registry, noted by a name."""
    look = registry._follower.look

    def noted(may_continue: Callable[[], bool]) -> None:
        looks.append(name)
        look(may_continue)

    return noted


@pytest.fixture
def service(postgres: PostgresServer) -> Iterator[str]:
    """The address of a user with all rights on the tables of twenty schemas, but none to more."""
    postgres.execute("CREATE ROLE service LOGIN")
    with plangate.connect(postgres.url) as registry:
        for name in NAMES:
            registry.for_schema(name).close()
    for name in ("plangate", *NAMES):
        postgres.execute(f"GRANT USAGE ON SCHEMA {name} TO service")
        postgres.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {name} TO service")
    yield postgres.url.replace("plangate@", "service@")
    postgres.execute("DROP OWNED BY service; DROP ROLE service")


def test_twenty_schemas_have_one_thread_and_broken_ones_do_not_disturb_the_others(
    postgres: PostgresServer, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LONGEST_PAUSE", follower.LOOK_EVERY)
    with plangate.connect(service) as registry:
        tenants = {name: registry.for_schema(name) for name in NAMES}
        for tenant in tenants.values():
            tenant.views.follow()
            tenant.create("g", TASKS, plan_id="p")
            assert is_current(tenant)
        assert followers() == 1

        postgres.execute("REVOKE UPDATE ON tenant_3.view_marks FROM service")
        postgres.execute("UPDATE tenant_7.view_marks SET fold_version = 99 WHERE view = 'board'")
        postgres.execute("ALTER TABLE tenant_11.view_stuck RENAME TO lost")
        broken = {
            "tenant_3": "StoreForbidden",
            "tenant_7": "StoreTooNew",
            "tenant_11": "view_stuck",
        }
        for name, tenant in tenants.items():
            tenant.score_output("p", "a", 0.9)
            if name not in broken:
                assert is_current(tenant)
        for name, kind in broken.items():
            with pytest.raises(plangate.StoreError, match=r"\w"):
                tenants[name].views.plans(at_least=3)
            assert not tenants[name].health().ok
            assert kind in (tenants[name].health().failure or "")
        with plangate.connect(postgres.url, schema="tenant_0") as other:
            other.create("g", TASKS, plan_id="q")
        assert is_current(tenants["tenant_0"])
        assert registry.health().ok
        assert followers() == 1

        postgres.execute("GRANT UPDATE ON tenant_3.view_marks TO service")
        postgres.execute("UPDATE tenant_7.view_marks SET fold_version = 0 WHERE view = 'board'")
        postgres.execute("ALTER TABLE tenant_11.lost RENAME TO view_stuck")
        for name in broken:
            while tenants[name].health().failure is not None:
                wait_for_a_look(tenants[name])
            assert is_current(tenants[name])
            same_views(tenants[name])
    assert followers() == 0


def test_a_schema_that_is_closed_leaves_the_thread_and_the_registry_ends_it(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = plangate.connect(postgres.url)
    one, two = registry.for_schema("one"), registry.for_schema("two")
    for tenant in (one, two):
        tenant.views.follow()
    one.close()
    assert [*registry._follower_thread._followers] == [two._follower]
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    two.create("g", TASKS, plan_id="p")
    assert is_current(two)
    assert followers() == 1
    registry.close()
    assert followers() == 0
    two.views.follow()
    with pytest.raises(plangate.StoreUnavailable, match="closed"):
        two.views.plans(at_least=1)
    two.close()
    assert followers() == 0


def test_a_command_wakes_its_own_schema_alone(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    with plangate.connect(postgres.url) as registry:
        one, two = registry.for_schema("one"), registry.for_schema("two")
        looks: list[str] = []
        for name, tenant in (("one", one), ("two", two)):
            monkeypatch.setattr(tenant._follower, "look", noting(looks, name, tenant))
            tenant.views.follow()
        one.create("g", TASKS, plan_id="p")
        assert is_current(one)
        for n in range(5):
            one.score_output("p", "a", n / 10)
            assert is_current(one)
    assert looks.count("one") > 5
    assert 0 < looks.count("two") <= 2  # as it begins to follow
