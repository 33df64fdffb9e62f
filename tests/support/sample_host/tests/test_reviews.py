from datetime import timedelta

from reviews import LEASE, Reviews

from plangate import PlanRegistry
from plangate.testing import FrozenClock, PlanBuilder, assert_replay_is_clean


def test_a_lease_that_is_over_lets_another_worker_take_the_task(
    registry: PlanRegistry, plangate_clock: FrozenClock
) -> None:
    reviews = Reviews(registry, PlanBuilder(registry).plan_id)
    assert reviews.take("ana") == "design"
    assert reviews.take("ben") == "build"

    plangate_clock.advance(timedelta(seconds=LEASE + 1))

    assert reviews.take("cem") == "design"
    assert_replay_is_clean(registry)


def test_bad_reviews_stop_the_work(registry: PlanRegistry) -> None:
    plan = PlanBuilder(registry, ["one", "two", "three"], confidence_threshold=0.8)
    reviews = Reviews(registry, plan.plan_id)

    assert reviews.review("one", 5)
    assert not reviews.review("two", 1)
    assert plan.status.needs_replan
    assert_replay_is_clean(registry, plan.plan_id)


def test_ids_and_times_are_the_same_in_every_run(
    registry: PlanRegistry, plangate_clock: FrozenClock
) -> None:
    plan = PlanBuilder(registry, [{"title": "One"}])

    assert plan.plan_id == "000000000001"
    assert plan.status.tasks[0].id == "00000002"
    assert {event.envelope.recorded_at for event in registry.history.events()} == {plangate_clock()}


def test_a_completed_plan_has_nothing_to_take(registry: PlanRegistry) -> None:
    plan = PlanBuilder(registry).scored(design=0.9).completed()

    assert plan.status.state == "complete"
    assert Reviews(registry, plan.plan_id).take("ana") is None
