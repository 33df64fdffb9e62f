"""The registry for asyncio: the same methods and answers, in bounded threads."""

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from threading import Event, active_count
from typing import Any, assert_type

import pytest

import plangate
import plangate.aio
from plangate.application.aio import registry as for_asyncio
from plangate.application.aio import threads
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.bundles.transfer import Bundles
from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.history.audit import AuditEntry
from plangate.application.history.queries import HistoryQueries
from plangate.application.ledger.ledger import Ledger
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.repeatable_run import RepeatableRun
from plangate.application.replay.queries import ReplayQueries
from plangate.application.results import PlanStatus
from plangate.application.views.plan_summaries import PlanPage
from plangate.application.views.queries import ViewQueries
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on

TASKS = [{"id": "a", "title": "A"}]
PATIENCE = 30.0


def run(test: Callable[[AsyncPlanRegistry], Coroutine[Any, Any, None]]) -> None:
    """Run a test with an open registry in memory."""

    async def main() -> None:
        async with AsyncPlanRegistry(lambda: registry_on(memory_event_store())) as registry:
            await test(registry)

    asyncio.run(main())


BLOCKING_ONLY = {"in_transaction", "for_schema"}
"""What takes, or shares, a connection of threads; docs/how-to/async.md says what to do instead."""


def methods(owner: type) -> dict[str, Any]:
    """The public methods of a class."""
    found = inspect.getmembers(owner, inspect.isfunction)
    return {name: value for name, value in found if not name.startswith("_")}


@pytest.mark.parametrize(
    "blocking, other",
    [
        (PlanRegistry, AsyncPlanRegistry),
        (ViewQueries, for_asyncio.AsyncViews),
        (HistoryQueries, for_asyncio.AsyncHistory),
        (ReplayQueries, for_asyncio.AsyncReplay),
        (EvidenceQueries, for_asyncio.AsyncEvidence),
        (Bundles, for_asyncio.AsyncBundles),
        (Ledger, for_asyncio.AsyncLedger),
        (RepeatableRun, for_asyncio.AsyncRepeatableRun),
    ],
)
def test_every_method_is_there_with_its_parameters_and_its_documentation(
    blocking: type, other: type
) -> None:
    own = methods(other)
    assert own.keys() == methods(blocking).keys() - BLOCKING_ONLY
    for name, method in methods(blocking).items():
        if name in BLOCKING_ONLY:
            continue
        expected, found = inspect.signature(method), inspect.signature(own[name])
        assert found.parameters.keys() == expected.parameters.keys(), name
        assert [p.default for p in found.parameters.values()] == [
            p.default for p in expected.parameters.values()
        ]
        assert own[name].__doc__
    iterated = {"audit", "each_plan", "subscribe", "what_if_parts"}
    plain = {"acting_as", "repeatable_run"} | iterated
    assert {name for name in own if not inspect.iscoroutinefunction(own[name])} == plain & {*own}


def test_a_store_is_named_as_for_the_registry_that_blocks() -> None:
    shown = inspect.signature(plangate.aio.connect)
    assert shown.parameters == inspect.signature(plangate.connect).parameters
    assert shown.return_annotation == "AsyncPlanRegistry"
    assert "async with" in (plangate.aio.connect.__doc__ or "")

    async def main() -> None:
        async with plangate.aio.connect("memory:") as registry:
            assert (await registry.create("g", TASKS, plan_id="p")).plan_id == "p"
        with pytest.raises(NotAStore):
            async with plangate.aio.connect("ftp://x"):
                pass

    asyncio.run(main())


def test_answers_and_refusals_are_those_of_the_registry_that_blocks() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        created = await registry.create("g", TASKS, plan_id="p", actor="me")
        assert await registry.get_status("p") == created.model_copy(update={"recorded": None})
        assert (await registry.views.plans()).plans[0].plan_id == "p"
        assert [entry.event_id async for entry in registry.history.audit()] == ["p@1"]
        assert (await registry.replay.check()).mismatches == ()
        assert (await registry.evidence.findings()).findings is not None
        assert (await registry.ledger.key()).verifier_key
        execute = registry.repeatable_run("r").execute
        pause = plangate.application.commands.validated({"op": "pause", "reason": "r"})
        key, _ = await execute("p", pause)
        assert (await registry.repeatable_run("r").execute("p", pause))[0] == key
        assert (await execute("p", pause))[0] != key
        with pytest.raises(PlanNotFound):
            await registry.get_status("q")
        with pytest.raises(InvalidInput):
            await registry.create("", TASKS)
        with pytest.raises(InvalidInput):
            registry.subscribe(after=-1)
        with pytest.raises(PlanNotFound):
            _ = [entry async for entry in registry.history.audit("q")]

    run(test)


def test_type_checkers_know_parameters_and_answers() -> None:
    """Checked with all tests by mypy, which also reports an exemption that is not needed."""

    async def test(registry: AsyncPlanRegistry) -> None:
        assert_type(await registry.create("g", TASKS, plan_id="p", actor="me"), PlanStatus)
        assert_type(await registry.views.plans(limit=1, state="active"), PlanPage)
        assert_type(registry.history.audit("p"), AsyncIterator[AuditEntry])
        assert_type(registry.subscribe(timeout=0), AsyncIterator[RecordedEvent])
        with pytest.raises(TypeError):
            await registry.get()  # type: ignore[call-arg]
        with pytest.raises(InvalidInput):
            await registry.pause("p", "lunch", actr="me")  # type: ignore[call-arg]
        with pytest.raises(InvalidInput):
            await registry.score_output("p", "a", "0.5")  # type: ignore[arg-type]

    run(test)


def test_commands_run_on_behalf_of_the_one_their_task_acts_for() -> None:
    async def test(registry: AsyncPlanRegistry) -> None:
        async def create(name: str) -> None:
            with registry.acting_as(name):
                await asyncio.sleep(0)
                await registry.create("g", TASKS, plan_id=name)

        await asyncio.gather(*(create(f"n{n}") for n in range(20)))
        for event in await registry.history.events():
            assert event.envelope.actor == event.envelope.plan_id

    run(test)


def test_it_is_open_within_async_with_only() -> None:
    async def main() -> None:
        registry = plangate.aio.connect("memory:")
        with pytest.raises(RuntimeError, match="async with"):
            await registry.list_plans()
        async with registry:
            await registry.list_plans()
        await registry.close()
        for ask in (registry.list_plans(), anext(registry.subscribe(), None)):
            with pytest.raises(StoreUnavailable, match="is closed"):
                await ask

    asyncio.run(main())


def test_no_more_calls_than_threads_run_at_once() -> None:
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1

    async def main() -> None:
        own = threads.Threads()
        await asyncio.gather(*(own.run(work) for _ in range(200)))
        own.end()

    before = active_count()
    asyncio.run(main())
    assert 1 <= most <= threads.THREADS
    while active_count() > before:
        pass


class Held:
    """Work that runs until it is let go."""

    def __init__(self) -> None:
        self.begun = Event()
        self.let_go = Event()
        self.ended = False

    def __call__(self) -> str:
        """Run."""
        self.begun.set()
        assert self.let_go.wait(PATIENCE)
        self.ended = True
        return "done"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Work for the only thread that there is."""
    monkeypatch.setattr(threads, "THREADS", 1)
    return Held()


async def _begun(held: Held) -> None:
    assert await asyncio.to_thread(held.begun.wait, PATIENCE)


def test_a_cancelled_call_is_awaited_however_often_it_is_cancelled(held: Held) -> None:
    async def main() -> None:
        own = threads.Threads()
        call = asyncio.create_task(own.run(held))
        await _begun(held)
        for _ in range(3):
            call.cancel()
            await asyncio.sleep(0)
            assert not call.done()
        held.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert held.ended
        own.end()

    asyncio.run(main())


def test_a_cancelled_call_that_waits_for_its_turn_never_begins(held: Held) -> None:
    async def main() -> None:
        own, second = threads.Threads(), Held()
        first = asyncio.create_task(own.run(held))
        await _begun(held)
        waiting = asyncio.create_task(own.run(second))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        held.let_go.set()
        assert await first == "done"
        assert not second.begun.is_set()
        own.end()

    asyncio.run(main())


def test_a_cancelled_call_that_fails_is_cancelled_all_the_same(held: Held) -> None:
    def fail() -> None:
        held()
        raise ValueError

    async def main() -> None:
        own = threads.Threads()
        call = asyncio.create_task(own.run(fail))
        await _begun(held)
        call.cancel()
        held.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        own.end()

    asyncio.run(main())


def test_a_long_computation_holds_up_no_other_call_and_ends_soon_once_it_is_cancelled() -> None:
    held = Held()
    steps: list[int] = []

    def progress(done: int, _: int) -> None:
        steps.append(done)
        held()

    async def test(registry: AsyncPlanRegistry) -> None:
        await registry.create("g", TASKS, plan_id="p")
        every = [
            asyncio.create_task(registry.replay.check(progress=progress))
            for _ in range(threads.THREADS + threads.LONG)
        ]
        await _begun(held)
        assert (await registry.get_status("p")).plan_id == "p"
        for one in every:
            one.cancel()
        await asyncio.sleep(0)
        held.let_go.set()
        for one in every:
            with pytest.raises(asyncio.CancelledError):
                await one
        assert 1 <= len(steps) <= threads.LONG  # none came to its second
        with pytest.raises(InvalidInput, match="progress"):
            await registry.replay.check(progress="none")  # type: ignore[arg-type]

    run(test)


def test_a_time_limit_is_reported_as_one(held: Held) -> None:
    async def main() -> None:
        own = threads.Threads()

        async def limited() -> None:
            async with asyncio.timeout(0.01):
                await own.run(held)

        call = asyncio.create_task(limited())
        await _begun(held)
        while not call.cancelling():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        held.let_go.set()
        with pytest.raises(TimeoutError):
            await call
        own.end()

    asyncio.run(main())


def test_opening_that_is_cancelled_leaves_nothing_open(held: Held) -> None:
    opened = registry_on(memory_event_store())

    def connect() -> PlanRegistry:
        held()
        return opened

    async def main() -> None:
        async with AsyncPlanRegistry(connect):
            pass

    async def cancelled() -> None:
        opening = asyncio.create_task(main())
        await _begun(held)
        opening.cancel()
        held.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await opening
        with pytest.raises(StoreUnavailable):
            opened.get("p")

    asyncio.run(cancelled())


def test_a_forked_child_has_threads_of_its_own() -> None:
    own = threads.Threads()
    assert asyncio.run(own.run(os.getpid)) == os.getpid()
    child = os.fork()
    if not child:
        os._exit(asyncio.run(own.run(lambda: 7)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    own.end()
