"""The registry and its groups for asyncio: the same methods, parameters and answers.

Each is made from the method of the registry that blocks, and so has its documentation.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, Self

from plangate.application.access.keys import ApiKeys
from plangate.application.aio.feeds import Feeds
from plangate.application.aio.threads import (
    LONG,
    Group,
    Threads,
    coroutine,
    iteration,
    question,
    same,
)
from plangate.application.bundles.transfer import Bundles
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.history.queries import HistoryQueries
from plangate.application.ledger.ledger import Ledger
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.repeatable_run import RepeatableRun
from plangate.application.replay.queries import ReplayQueries
from plangate.application.views.queries import ViewQueries


class AsyncViews(Group):
    """`ViewQueries`, as coroutines."""

    plans = coroutine(ViewQueries.plans)
    board = coroutine(ViewQueries.board)
    timeline = coroutine(ViewQueries.timeline)
    replans = coroutine(ViewQueries.replans)
    attention = coroutine(ViewQueries.attention)
    report = coroutine(ViewQueries.report)
    rebuild = coroutine(ViewQueries.rebuild)
    follow = coroutine(ViewQueries.follow)


class AsyncHistory(Group):
    """`HistoryQueries`, as coroutines."""

    of = coroutine(HistoryQueries.of)
    events = coroutine(HistoryQueries.events)
    last_position = coroutine(HistoryQueries.last_position)
    audit = iteration(HistoryQueries.audit)
    as_of = coroutine(HistoryQueries.as_of)
    diff = coroutine(HistoryQueries.diff)
    explain = coroutine(HistoryQueries.explain)


class AsyncReplay(Group):
    """`ReplayQueries`, as coroutines."""

    what_if = question(ReplayQueries.what_if)
    what_if_parts = iteration(ReplayQueries.what_if_parts)
    sweep = question(ReplayQueries.sweep)
    tune = question(ReplayQueries.tune)
    check = question(ReplayQueries.check)


class AsyncEvidence(Group):
    """`EvidenceQueries`, as coroutines."""

    findings = question(EvidenceQueries.findings)
    agreement = question(EvidenceQueries.agreement)
    calibrate = question(EvidenceQueries.calibrate)


class AsyncBundles(Group):
    """`Bundles`, as coroutines."""

    export = coroutine(Bundles.export)
    import_bundle = coroutine(Bundles.import_bundle)
    import_plans = coroutine(Bundles.import_plans)
    copy_to = coroutine(Bundles.copy_to)


class AsyncLedger(Group):
    """`Ledger`, as coroutines."""

    key = coroutine(Ledger.key)
    checkpoint = coroutine(Ledger.checkpoint)
    verify = question(Ledger.verify)
    rebuild = coroutine(Ledger.rebuild)
    prove = coroutine(Ledger.prove)
    consistency = coroutine(Ledger.consistency)


class AsyncKeys(Group):
    """`ApiKeys`, as coroutines."""

    create = coroutine(ApiKeys.create)
    list = coroutine(ApiKeys.list)
    revoke = coroutine(ApiKeys.revoke)
    any_valid = coroutine(ApiKeys.any_valid)
    verify = coroutine(ApiKeys.verify)


class AsyncRepeatableRun(Group):
    """`RepeatableRun`, as a coroutine."""

    execute = coroutine(RepeatableRun.execute)


class AsyncPlanRegistry(Group):
    """Plans in one store, for one event loop; open within `async with`.

    A coroutine that is cancelled ends once its call has ended, or will never begin: whether a
    command was recorded is settled then. Repeating it with its idempotency key shows which.
    """

    def __init__(self, connect: Callable[[], PlanRegistry]) -> None:
        """`connect` opens the registry that blocks."""
        super().__init__(Threads(), lambda: self._opened)
        self._connect = connect
        self._registries: list[PlanRegistry] = []
        self._feeds = Feeds(self._threads, lambda: self._opened)
        threads, self._long = self._threads, Threads(LONG)
        self.views: Final = AsyncViews(threads, lambda: self._opened.views)
        self.history: Final = AsyncHistory(threads, lambda: self._opened.history)
        self.replay: Final = AsyncReplay(self._long, lambda: self._opened.replay)
        self.evidence: Final = AsyncEvidence(self._long, lambda: self._opened.evidence)
        self.bundles: Final = AsyncBundles(threads, lambda: self._opened.bundles)
        self.ledger: Final = AsyncLedger(self._long, lambda: self._opened.ledger)
        self.keys: Final = AsyncKeys(threads, lambda: self._opened.keys)

    @property
    def _opened(self) -> PlanRegistry:
        if not self._registries:
            raise RuntimeError("open the registry first: async with plangate.aio.connect(…) as …")
        return self._registries[0]

    async def __aenter__(self) -> Self:
        try:
            await self._threads.run(lambda: self._registries.append(self._connect()))
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the registry, and end its subscriptions; closing twice is harmless."""
        if self._threads.is_over:
            return
        try:
            for registry in self._registries:
                await self._threads.run(registry.close)
            await self._feeds.close()
        finally:
            self._threads.end()
            self._long.end()

    def subscribe(
        self,
        *,
        after: int = 0,
        kinds: Sequence[str] | str | None = None,
        plan_ids: Sequence[str] | str | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[RecordedEvent]:
        """The events after a position, and then those to come, as `PlanRegistry.subscribe`.

        A subscriber that waits holds no thread, and one that is slow misses nothing: it reads
        the log again.
        """
        filters = {"kinds": kinds, "plan_ids": plan_ids}
        return self._feeds.subscribe(self._feeds.asked(after=after, timeout=timeout, **filters))

    def repeatable_run(self, name: str | None = None) -> AsyncRepeatableRun:
        """As `PlanRegistry.repeatable_run`."""
        run: list[Any] = []

        def only_one() -> Any:
            run[:] = run or [self._opened.repeatable_run(name)]
            return run[0]

        return AsyncRepeatableRun(self._threads, only_one)

    acting_as = same(PlanRegistry.acting_as)

    get = coroutine(PlanRegistry.get)
    get_status = coroutine(PlanRegistry.get_status)
    gate = coroutine(PlanRegistry.gate)
    near_matches = coroutine(PlanRegistry.near_matches)
    plan_ids = coroutine(PlanRegistry.plan_ids)
    graph = coroutine(PlanRegistry.graph)
    list_plans = coroutine(PlanRegistry.list_plans)
    each_plan = iteration(PlanRegistry.each_plan)
    health = coroutine(PlanRegistry.health)
    execute = coroutine(PlanRegistry.execute)
    create = coroutine(PlanRegistry.create)
    score_prompt = coroutine(PlanRegistry.score_prompt)
    score_output = coroutine(PlanRegistry.score_output)
    update = coroutine(PlanRegistry.update)
    record_scoring_failure = coroutine(PlanRegistry.record_scoring_failure)
    retract_score = coroutine(PlanRegistry.retract_score)
    record_outcome = coroutine(PlanRegistry.record_outcome)
    mark_task = coroutine(PlanRegistry.mark_task)
    next_task = coroutine(PlanRegistry.next_task)
    claim_task = coroutine(PlanRegistry.claim_task)
    defer_task = coroutine(PlanRegistry.defer_task)
    undefer_task = coroutine(PlanRegistry.undefer_task)
    heartbeat = coroutine(PlanRegistry.heartbeat)
    release = coroutine(PlanRegistry.release)
    revise = coroutine(PlanRegistry.revise)
    retry = coroutine(PlanRegistry.retry)
    approve = coroutine(PlanRegistry.approve)
    pause = coroutine(PlanRegistry.pause)
    resume = coroutine(PlanRegistry.resume)
    archive = coroutine(PlanRegistry.archive)
    restore = coroutine(PlanRegistry.restore)
    delete = coroutine(PlanRegistry.delete)
    erase = coroutine(PlanRegistry.erase)
