"""A registry in memory, with foretold times and ids, and a plan of three tasks."""

from collections.abc import Iterator

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on


@pytest.fixture
def registry() -> Iterator[PlanRegistry]:
    """An empty registry."""
    with registry_on(memory_event_store()) as registry:
        yield registry


@pytest.fixture
def plan_id(registry: PlanRegistry) -> str:
    """A plan with the tasks a, b and c under today's default policy."""
    tasks = [{"id": task_id, "title": task_id.upper()} for task_id in "abc"]
    return registry.create("Move billing", tasks, plan_id="billing").plan_id
