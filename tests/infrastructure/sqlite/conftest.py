"""A registry of a SQLite file whose views were built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import plangate
from plangate.application.registry import PlanRegistry
from tests.support.views.kept import TASKS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plans.db"


@pytest.fixture
def registry(path: Path) -> Iterator[PlanRegistry]:
    with plangate.connect(path) as registry:
        registry.create("first", TASKS, plan_id="p")
        registry.views.plans()
        yield registry
