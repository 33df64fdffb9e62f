"""Many workers on the same plans: claims, leases, tokens, and the most urgent task of all."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from plangate.application.errors import IdempotencyKeyReused
from plangate.application.registry import PlanRegistry
from plangate.application.results import TaskView
from plangate.domain.errors import ClaimLost, InvalidInput, PlanHeld
from plangate.domain.events import TaskStatusChanged
from plangate.domain.vocabulary import PlanState, StatusCause, TaskStatus
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on

TASKS: list[dict[str, Any]] = [
    {"id": "a", "title": "A"},
    {"id": "b", "title": "B", "depends_on": ["a"]},
]


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = DAWN

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def registry(watch: Watch) -> Iterator[PlanRegistry]:
    with registry_on(memory_event_store(), clock=watch) as registry:
        registry.create("g", TASKS, plan_id="p")
        yield registry


def claimed(task: TaskView | None) -> tuple[str, int]:
    """The task that was handed out, and its token."""
    assert task is not None
    assert task.claim is not None
    return task.id, task.claim.token


def test_a_claim_names_its_worker_or_else_the_actor(registry: PlanRegistry, watch: Watch) -> None:
    task = registry.next_task("p", worker="w1", lease=timedelta(minutes=1))
    assert task is not None
    assert task.claim is not None
    assert (task.claim.worker, task.claim.token) == ("w1", 2)
    assert task.claim.until == watch.now + timedelta(minutes=1)
    registry.release("p", "a")
    with registry.acting_as("agent-7"):
        task = registry.next_task("p")
    assert task is not None
    assert task.claim is not None
    assert (task.claim.worker, task.claim.until) == ("agent-7", None)


def test_a_task_is_handed_out_once_its_dependencies_are_done(registry: PlanRegistry) -> None:
    registry.next_task("p")
    assert registry.next_task("p") is None
    status = registry.get_status("p")
    assert status.state is PlanState.WAITING
    assert [(o.kind.value, o.task_ids) for o in status.obstacles] == [
        ("unmet_dependencies", ("b",))
    ]
    registry.score_output("p", "a", 0.9)
    assert claimed(registry.next_task("p"))[0] == "b"


def test_an_expired_claim_is_released_at_the_next_command_and_the_late_worker_is_refused(
    registry: PlanRegistry, watch: Watch
) -> None:
    _, first = claimed(registry.next_task("p", worker="slow", lease=60))
    watch.later(59)
    assert registry.next_task("p", worker="quick") is None
    watch.later(1)
    assert registry.get_status("p").tasks[0].status is TaskStatus.IN_PROGRESS
    _, second = claimed(registry.next_task("p", worker="quick"))
    causes = [
        e.event.cause
        for e in registry.history.of("p")[1:]
        if isinstance(e.event, TaskStatusChanged)
    ]
    assert causes == [StatusCause.CLAIMED, StatusCause.EXPIRED, StatusCause.CLAIMED]
    with pytest.raises(ClaimLost, match=f"is over; quick holds it now with {second}") as refusal:
        registry.score_output("p", "a", 0.9, token=first)
    assert (refusal.value.holder, refusal.value.holder_token) == ("quick", second)
    registry.score_output("p", "a", 0.9, token=second)


def test_a_late_worker_is_refused_even_before_anybody_looked(
    registry: PlanRegistry, watch: Watch
) -> None:
    _, token = claimed(registry.next_task("p", lease=60))
    watch.later(60)
    for late in (
        lambda: registry.update("p", "a", output_score=0.9, token=token),
        lambda: registry.mark_task("p", "a", "done", token=token),
        lambda: registry.heartbeat("p", "a", token),
        lambda: registry.release("p", "a", token=token),
    ):
        with pytest.raises(ClaimLost, match="no worker holds the task now"):
            late()
    assert registry.score_output("p", "a", 0.9).tasks[0].status is TaskStatus.DONE


def test_a_heartbeat_renews_the_claim_for_as_long_as_before_or_as_given(
    registry: PlanRegistry, watch: Watch
) -> None:
    _, token = claimed(registry.next_task("p", lease=60))
    watch.later(50)
    task = registry.heartbeat("p", "a", token)
    assert task.claim is not None
    assert task.claim.until == watch.now + timedelta(seconds=60)
    task = registry.heartbeat("p", "a", token, lease=timedelta(seconds=5))
    assert task.claim is not None
    assert task.claim.until == watch.now + timedelta(seconds=5)


def test_a_clock_set_back_expires_nothing_and_breaks_nothing(
    registry: PlanRegistry, watch: Watch
) -> None:
    _, token = claimed(registry.next_task("p", lease=60))
    watch.later(-365 * 24 * 3600)
    assert registry.next_task("p") is None
    registry.heartbeat("p", "a", token)
    status = registry.score_output("p", "a", 0.9, token=token)
    assert status.tasks[0].status is TaskStatus.DONE


def test_a_released_task_is_pending_again(registry: PlanRegistry) -> None:
    _, token = claimed(registry.next_task("p"))
    status = registry.release("p", "a", token=token, reason="out of my depth")
    assert status.tasks[0].status is TaskStatus.PENDING
    assert registry.release("p", "a").version == status.version
    with pytest.raises(ClaimLost):
        registry.release("p", "a", token=token)


@pytest.mark.parametrize("lease", [0, -1, float("inf"), 30 * 24 * 3600 + 1, True, "60"])
def test_a_lease_is_some_seconds_and_at_most_thirty_days(
    registry: PlanRegistry, lease: float
) -> None:
    with pytest.raises(InvalidInput, match=r"^lease: must be"):
        registry.next_task("p", lease=lease)


# --- across all plans ---


def another(registry: PlanRegistry, plan_id: str, **more: Any) -> None:
    registry.create("g", [{"id": "x", "title": "X"}], plan_id=plan_id, **more)


def take(registry: PlanRegistry, **more: Any) -> str | None:
    """The plan whose task is handed out next."""
    task = registry.next_task(**more)
    return task.plan_id if task else None


def test_the_most_urgent_task_of_all_plans_comes_first_then_the_oldest(
    registry: PlanRegistry,
) -> None:
    another(registry, "q", priority=5)
    another(registry, "r", priority=5)
    registry.create("g", [{"id": "x", "title": "X", "priority": 9}], plan_id="s")
    order = [take(registry, worker="w") for _ in range(5)]
    assert order == ["s", "q", "r", "p", None]


def test_plans_that_hand_out_no_work_are_skipped(registry: PlanRegistry) -> None:
    for plan_id, stop in (("q", registry.pause), ("r", registry.archive)):
        another(registry, plan_id, priority=9)
        stop(plan_id, "not now")
    another(registry, "s", priority=9, policy={"gate": "hold"})
    registry.revise("s", "more", [{"op": "add", "task": {"id": "y", "title": "Y"}}])
    registry.score_output("s", "x", 0.1)
    another(registry, "t", priority=9)
    registry.delete("t")
    assert take(registry) == "p"
    with pytest.raises(PlanHeld, match="held by its gate"):
        registry.next_task("s")


def test_labels_of_task_and_plan_choose_the_work(registry: PlanRegistry) -> None:
    registry.create(
        "g",
        [{"id": "x", "title": "X", "labels": ["python"]}, {"id": "y", "title": "Y"}],
        plan_id="q",
        labels=["billing"],
    )
    assert take(registry, labels=["billing", "rust"]) is None
    task = registry.next_task(labels=["billing", "python"])
    assert task is not None
    assert (task.plan_id, task.id) == ("q", "x")
    with pytest.raises(InvalidInput, match=r"^labels: choose among all plans"):
        registry.next_task("q", labels=["billing"])


def test_an_expired_claim_of_any_plan_is_found(registry: PlanRegistry, watch: Watch) -> None:
    claimed(registry.next_task(lease=10))
    assert registry.next_task() is None
    watch.later(10)
    assert claimed(registry.next_task())[0] == "a"


def test_a_retry_across_all_plans_finds_the_task_it_claimed(registry: PlanRegistry) -> None:
    another(registry, "q")
    first = registry.next_task(worker="w", idempotency_key="k")
    assert first is not None
    assert registry.next_task(worker="w", idempotency_key="k") == first
    with pytest.raises(IdempotencyKeyReused):
        registry.next_task(worker="another", idempotency_key="k")
    assert take(registry, worker="w", idempotency_key="l") == "q"


def test_tasks_claimed_and_plans_paused_since_they_were_read_are_skipped(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(registry, "q")
    another(registry, "r")
    stale = {plan_id: registry._streams.current(plan_id) for plan_id in "pqr"}
    registry.next_task("p")
    registry.pause("q", "not now")
    monkeypatch.setattr(registry._plans, "readable", lambda ids: [stale[i] for i in ids])
    assert take(registry) == "r"
    assert take(registry) is None


def test_a_retry_finds_the_claim_of_another_caller_who_was_faster(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(registry, "q")
    store, looked = registry._store, list[str]()

    def overtaken(key: str) -> Sequence[str]:
        found = plans_with_key(key)
        if not looked:
            looked.append(key)
            registry.pause("p", "so that the other caller chooses another plan")
            assert take(registry, idempotency_key="k") == "q"
            registry.resume("p", "go on")
        return found

    plans_with_key = store.plans_with_key
    monkeypatch.setattr(store, "plans_with_key", overtaken)

    assert take(registry, idempotency_key="k") == "q"
    assert registry.get_status("p").tasks[0].status == "pending"


def test_a_key_of_another_command_on_any_plan_is_refused(registry: PlanRegistry) -> None:
    another(registry, "q")
    registry.score_prompt("q", "x", 0.5, idempotency_key="k")
    before = registry.history.last_position()
    with pytest.raises(IdempotencyKeyReused):
        registry.next_task(idempotency_key="k")
    assert registry.history.last_position() == before


@pytest.mark.parametrize("order", [["p", "q"], ["q", "p"]])
def test_of_several_plans_with_a_key_the_one_with_the_claim_answers(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    another(registry, "q")
    registry.next_task("p")
    registry.pause("p", "no more here")
    assert take(registry, idempotency_key="k") == "q"
    registry.resume("p", "go on", idempotency_key="k")
    monkeypatch.setattr(registry._store, "plans_with_key", lambda _key: order)
    assert take(registry, idempotency_key="k") == "q"
