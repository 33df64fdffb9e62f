"""An acknowledgement that got lost on its way from PostgreSQL: the command is recorded once."""

from collections.abc import Iterator

import pytest

import plangate
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.postgres import PostgresServer
from tests.support.views.from_scratch import same_views

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def line(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    """The line to the server, which can be cut."""
    with CuttingProxy(postgres.port) as line:
        yield line


@pytest.fixture
def registry(postgres: PostgresServer, line: CuttingProxy) -> Iterator[plangate.PlanRegistry]:
    with plangate.connect(postgres.url.replace(str(postgres.port), str(line.port))) as registry:
        registry.create("g", TASKS, plan_id="p")
        yield registry


def test_sent_again_with_its_key_it_is_recorded_once_and_answers_the_same(
    registry: plangate.PlanRegistry, line: CuttingProxy
) -> None:
    line.lose_the_answer_to(b"COMMIT\0")
    with pytest.raises(plangate.StoreUnavailable):
        registry.next_task("p", idempotency_key="k")
    task = registry.next_task("p", idempotency_key="k")
    assert task
    assert task.id == "a"
    assert len(registry.history.of("p")) == 2


def test_without_a_key_it_is_not_sent_again_behind_the_callers_back(
    registry: plangate.PlanRegistry, line: CuttingProxy
) -> None:
    line.lose_the_answer_to(b"COMMIT\0")
    with pytest.raises(plangate.StoreUnavailable):
        registry.next_task("p")
    line.wait_for_the_cut()
    assert [task.status for task in registry.get_status("p").tasks] == ["in_progress", "pending"]


def test_a_command_that_never_arrived_is_not_recorded(
    postgres: PostgresServer, registry: plangate.PlanRegistry, line: CuttingProxy
) -> None:
    with plangate.connect(postgres.url) as other:
        other.create("g", TASKS, plan_id="q")
    line.lose_the_answer_to(b"SELECT")  # a plan that is not known yet is read before the command
    with pytest.raises(plangate.StoreUnavailable):
        registry.next_task("q")
    assert registry.next_task("q")
    assert len(registry.history.of("q")) == 2


def test_views_whose_saving_was_not_answered_are_neither_behind_nor_doubled(
    registry: plangate.PlanRegistry, line: CuttingProxy
) -> None:
    registry.views.plans()
    registry.score_output("p", "a", 0.2)
    line.lose_the_answer_to(b"COMMIT\0")
    with pytest.raises(plangate.StoreUnavailable):
        registry.views.plans()
    line.wait_for_the_cut()
    same_views(registry)
    registry.views.rebuild()
    same_views(registry)
