"""Any command can require that the plan is at a version."""

import pytest

import plangate
from plangate.domain.errors import InvalidInput, VersionMismatch

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def registry() -> plangate.PlanRegistry:
    registry = plangate.connect("memory:")
    registry.create("g", TASKS, plan_id="p")
    return registry


@pytest.mark.parametrize(
    "command",
    [
        {"op": "update", "task_id": "a", "output_score": 0.9},
        {"op": "claim_task", "task_id": "a"},
        {"op": "next_task"},
        {"op": "pause", "reason": "r"},
        {"op": "delete"},
        {"op": "erase"},
        {"op": "mark_task", "task_id": "a", "status": "pending"},
    ],
    ids=lambda command: str(command["op"]),
)
def test_a_command_at_another_version_is_refused(
    registry: plangate.PlanRegistry, command: dict[str, object]
) -> None:
    with pytest.raises(VersionMismatch) as refused:
        registry.execute("p", command, if_version=2)
    assert (refused.value.expected, refused.value.actual) == (2, 1)
    assert registry.get_status("p").version == 1
    registry.execute("p", command, if_version=1)


def test_a_remembered_plan_that_is_old_refuses_nothing(registry: plangate.PlanRegistry) -> None:
    registry.score_prompt("p", "a", 0.9, if_version=1)
    registry.score_prompt("p", "a", 0.8, if_version=2)
    with pytest.raises(VersionMismatch):
        registry.score_prompt("p", "a", 0.7, if_version=2)


def test_a_repeat_is_answered_whatever_the_version(registry: plangate.PlanRegistry) -> None:
    first = registry.score_prompt("p", "a", 0.9, if_version=1, idempotency_key="k")
    registry.score_prompt("p", "a", 0.8)
    again = registry.score_prompt("p", "a", 0.9, if_version=1, idempotency_key="k")
    assert again.model_dump() == first.model_dump()


@pytest.mark.parametrize("version", [0, -1, "1", True, 1.5])
def test_a_version_is_a_number_from_one_on(
    registry: plangate.PlanRegistry, version: object
) -> None:
    with pytest.raises(InvalidInput, match="if_version"):
        registry.pause("p", "r", if_version=version)  # type: ignore[arg-type]


def test_a_claim_over_all_plans_has_no_version(registry: plangate.PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="if_version"):
        registry.execute(None, {"op": "next_task"}, if_version=1)


def test_two_files_open_at_once(tmp_path: str) -> None:
    path = f"{tmp_path}/plans.db"
    with plangate.connect(path) as one, plangate.connect(path) as other:
        one.create("g", TASKS, plan_id="p")
        assert other.get_status("p").version == 1
        one.score_prompt("p", "a", 0.9)
        other.score_prompt("p", "b", 0.9, if_version=2)
        with pytest.raises(VersionMismatch):
            one.score_prompt("p", "a", 0.9, if_version=2)


def test_no_number_is_a_time(registry: plangate.PlanRegistry) -> None:
    for until in (1_700_000_000, "1700000000", 5.5):
        with pytest.raises(InvalidInput, match="until: must be a time with its zone"):
            registry.defer_task("p", "a", "r", until=until)  # type: ignore[arg-type]
