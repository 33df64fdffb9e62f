"""`acting_as` holds for its registry's commands, in its thread or task, and for no key."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.commands import ScorePrompt
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on


@pytest.fixture
def registries() -> Iterator[tuple[PlanRegistry, PlanRegistry]]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(registry_on(memory_event_store())) for _ in range(2))
        for registry in (one, other):
            registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        yield one, other


def actors(registry: PlanRegistry) -> list[tuple[str | None, str | None]]:
    envelopes = [recorded.envelope for recorded in registry.history.of("p")[1:]]
    return [(envelope.actor, envelope.correlation_id) for envelope in envelopes]


def test_two_registries_do_not_share_the_actor(
    registries: tuple[PlanRegistry, PlanRegistry],
) -> None:
    one, other = registries
    with one.acting_as("ana", correlation_id="run-1"):
        other.score_prompt("p", "a", 0.1)
        with other.acting_as("bob"):
            one.score_prompt("p", "a", 0.2)
            other.score_prompt("p", "a", 0.2)
        other.score_prompt("p", "a", 0.3)
        one.score_prompt("p", "a", 0.3)
    one.score_prompt("p", "a", 0.4)
    assert actors(one) == [("ana", "run-1"), ("ana", "run-1"), (None, None)]
    assert actors(other) == [(None, None), ("bob", None), (None, None)]


def test_it_holds_in_its_thread_and_in_the_tasks_that_it_starts(
    registries: tuple[PlanRegistry, PlanRegistry],
) -> None:
    registry, _ = registries

    async def score() -> None:
        registry.score_prompt("p", "a", 0.5)

    async def all_of_it() -> None:
        with registry.acting_as("ana"):
            task = asyncio.create_task(score())
        await task

    with registry.acting_as("bob"):
        thread = Thread(target=registry.score_prompt, args=("p", "a", 0.6))
        thread.start()
        thread.join()
    asyncio.run(all_of_it())
    assert actors(registry) == [(None, None), ("ana", None)]


def test_an_idempotency_key_is_of_one_call(registries: tuple[PlanRegistry, PlanRegistry]) -> None:
    registry, _ = registries
    assert list(inspect.signature(registry.acting_as).parameters) == ["actor", "correlation_id"]
    with pytest.raises(TypeError):
        registry.acting_as("ana", idempotency_key="k")  # type: ignore[call-arg]


def test_an_actor_that_is_none_is_refused_as_the_block_begins(
    registries: tuple[PlanRegistry, PlanRegistry],
) -> None:
    with pytest.raises(InvalidInput, match="actor: must not be"), registries[0].acting_as(" "):
        pass


def test_what_the_registry_makes_has_it_too(
    registries: tuple[PlanRegistry, PlanRegistry],
) -> None:
    registry, _ = registries
    run = registry.repeatable_run("r")
    with registry.acting_as("ana"):
        run.execute("p", ScorePrompt(task_id="a", score=0.5))
    assert actors(registry) == [("ana", None)]
