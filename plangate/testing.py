"""For the tests of a host: fixtures for pytest, and what they are made of.

    pytest_plugins = ["plangate.testing"]  # in the conftest.py of your tests

pytest does not load them unless it is asked to.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.testing import (
    FrozenClock,
    IdsInOrder,
    PlanBuilder,
    assert_replay_is_clean,
    in_new_schema,
)

__all__ = ["FrozenClock", "IdsInOrder", "PlanBuilder", "assert_replay_is_clean"]


@pytest.fixture
def plangate_clock() -> FrozenClock:
    """The clock of the registries below: 2026-01-01 in UTC, until it is advanced."""
    return FrozenClock()


@pytest.fixture
def plangate_ids() -> IdsInOrder:
    """What makes the ids in the registries below."""
    return IdsInOrder()


@pytest.fixture
def plangate_registry(
    plangate_clock: FrozenClock, plangate_ids: IdsInOrder
) -> Iterator[PlanRegistry]:
    """A registry in memory."""
    with connect("memory:", clock=plangate_clock, new_id=plangate_ids) as registry:
        yield registry


@pytest.fixture
def plangate_sqlite_registry(
    tmp_path: Path, plangate_clock: FrozenClock, plangate_ids: IdsInOrder
) -> Iterator[PlanRegistry]:
    """A registry on the new SQLite file `plangate.db` below `tmp_path`."""
    path = tmp_path / "plangate.db"
    with connect(path, clock=plangate_clock, new_id=plangate_ids) as registry:
        yield registry


@pytest.fixture(scope="session")
def plangate_postgres_url() -> str | None:
    """The PostgreSQL database for tests: `PLANGATE_TEST_POSTGRES`, unless you override this."""
    return os.environ.get("PLANGATE_TEST_POSTGRES") or None


@pytest.fixture
def plangate_postgres_registry(
    plangate_postgres_url: str | None, plangate_clock: FrozenClock, plangate_ids: IdsInOrder
) -> Iterator[PlanRegistry]:
    """A registry on a new PostgreSQL schema, dropped afterwards; skips without a database."""
    if plangate_postgres_url is None:
        pytest.skip("no PostgreSQL to test with: set PLANGATE_TEST_POSTGRES")
    with in_new_schema(plangate_postgres_url, plangate_clock, plangate_ids) as registry:
        yield registry
