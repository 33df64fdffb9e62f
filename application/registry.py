"""The entry point for callers: what a registry consists of, its lifetime, and its questions.

Its commands are in `plan_commands`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self, cast
from weakref import WeakSet

from plangate.application import telemetry
from plangate.application.command_context import CommandContexts
from plangate.application.errors import NotAStore
from plangate.application.event_store import Clock, EventStore, NewId
from plangate.application.gate_decision import GateDecision
from plangate.application.log_watch import LogWatch
from plangate.application.plan_commands import PlanCommands
from plangate.application.plan_queries import PlanFilter, PlanQueries
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanList, PlanStatus, UnreadablePlan
from plangate.application.stream_cache import StreamCache
from plangate.application.validation import validate
from plangate.application.views.current_plans import CurrentPlans
from plangate.application.views.follower import LogFollower
from plangate.application.views.follower_thread import FollowerThread
from plangate.application.views.queries import ViewQueries
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore
from plangate.domain.errors import InvalidInput, PlangateError, PlanNotFound, Problem
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, Verdict

if TYPE_CHECKING:
    from plangate.application.access.key_store import KeyStore
    from plangate.application.access.keys import ApiKeys
    from plangate.application.bundles.transfer import Bundles
    from plangate.application.evidence.queries import EvidenceQueries
    from plangate.application.evidence.statistics import MakeStatistics
    from plangate.application.execution import CommandExecutor
    from plangate.application.graph import PlanGraph
    from plangate.application.health import RegistryHealth
    from plangate.application.history.queries import HistoryQueries
    from plangate.application.ledger.ledger import Ledger
    from plangate.application.repeatable_run import RepeatableRun
    from plangate.application.replay.queries import ReplayQueries
    from plangate.application.rerun.over_plans import Workers
    from plangate.application.views.plan_summaries import PlanOrder


@telemetry.questions_of()
class PlanRegistry(PlanCommands):
    """Plans in one store. Safe to share between threads; a context manager that closes itself.

    The commands are those of `PlanCommands`, on behalf of whom `acting_as` says.

    `views` answers across plans, `history` from recorded events, `replay` under other
    policies, `evidence` about the judging; `bundles` transfers plans, `ledger` proves
    that nothing recorded was altered, `keys` lets callers in over HTTP and MCP.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        views: ViewStore,
        ledger: "Callable[[], Ledger]",
        keys: "Callable[[], KeyStore]",
        clock: Clock,
        new_id: NewId,
        statistics: "MakeStatistics | None" = None,
        workers: "Callable[[], Workers | None]" = lambda: None,
        streams: StreamCache | None = None,
        contexts: CommandContexts | None = None,
        for_schema: "Callable[[str, FollowerThread], PlanRegistry] | None" = None,
        follower_thread: FollowerThread | None = None,
        joined: bool = False,
    ) -> None:
        super().__init__(contexts or CommandContexts())
        self._store = store
        self._view_store = views
        self._clock = clock
        self._new_id = new_id
        self._streams = streams = streams or StreamCache(store)
        runner = ProjectionRunner(store, views, clock)
        self._is_owner = follower_thread is None
        """Whether the connections and the background thread are this registry's own."""
        self._follower_thread = follower_thread or FollowerThread()
        self._follower = LogFollower(runner, self._follower_thread)
        self._plans = PlanQueries(store, streams, views, runner, self._follower, clock)
        self._watch = LogWatch(store)
        self._runner = runner
        current = CurrentPlans(store, streams, views, clock)
        questions = ViewQueries(store, views, runner, self._follower, current)
        self.views: Final = cast("ViewQueries", views) if joined else questions
        self._make_ledger = ledger
        self._make_key_store = keys
        self._make_statistics = statistics
        self._make_workers = workers
        self._for_schema = for_schema
        self._others = WeakSet[PlanRegistry]()
        self._joined = joined
        if not joined:
            telemetry.registries.add(self)

    # Most callers use few of the groups, and many send no command, so each of these is imported
    # at its first use. Where two threads make one at once, either will do.

    @cached_property
    def _executor(self) -> "CommandExecutor":
        from plangate.application.execution import CommandExecutor

        return CommandExecutor(
            self._plans, self._view_store, self._runner, self._clock, self._new_id, self._announce
        )

    @cached_property
    def history(self) -> "HistoryQueries":
        """Answers from recorded events."""
        from plangate.application.history.queries import HistoryQueries

        return HistoryQueries(self._store)

    @cached_property
    def replay(self) -> "ReplayQueries":
        """Recorded commands, decided again."""
        from plangate.application.evidence.statistics import no_statistics
        from plangate.application.replay.queries import ReplayQueries

        statistics = self._make_statistics or no_statistics
        return ReplayQueries(self._store, self._make_workers(), statistics)

    @cached_property
    def evidence(self) -> "EvidenceQueries":
        """Reviews of the judging."""
        from plangate.application.evidence.queries import EvidenceQueries
        from plangate.application.evidence.statistics import no_statistics

        statistics = self._make_statistics or no_statistics
        return EvidenceQueries(self._store, statistics, self._make_workers())

    @cached_property
    def bundles(self) -> "Bundles":
        """Transfers of plans between stores."""
        from plangate.application.bundles.importer import BundleImport
        from plangate.application.bundles.transfer import Bundles
        from plangate.application.importing.intake import PlanIntake

        follow = self._executor.eraser.follow
        bundle_import = BundleImport(self._store, self._announce, follow)
        intake = PlanIntake(self._store, self._streams, self._executor.handler)
        return Bundles(self._store, bundle_import, intake, follow, self._contexts)

    @cached_property
    def ledger(self) -> "Ledger":
        """Proofs that nothing recorded was altered."""
        return self._make_ledger()

    @cached_property
    def keys(self) -> "ApiKeys":
        """The API keys that let callers in over HTTP and MCP."""
        from plangate.application.access.keys import ApiKeys

        return ApiKeys(self._make_key_store(), self._clock, self._contexts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the stores, and close what `for_schema` gave; closing twice is harmless.

        What other threads are recording or reading may end, for a bounded time; what they
        ask for later raises `StoreUnavailable`.
        """
        try:
            for other in list(self._others):
                other.close()
        finally:
            self._close()

    def _close(self) -> None:
        try:
            try:
                self._watch.close()
            finally:
                try:
                    if self._is_owner:
                        self._follower_thread.close()
                finally:
                    self._follower.stop()
        finally:
            try:
                self._view_store.close()
            finally:
                self._store.close()

    def _announce(self) -> None:
        """Let those who follow the log know that something was recorded."""
        self._follower.wake()
        self._watch.announce()

    def acting_as(
        self, actor: str | None = None, *, correlation_id: str | None = None
    ) -> AbstractContextManager[None]:
        """Run this registry's commands inside the `with` block on behalf of `actor`.

        A command's own arguments take precedence. It holds in this thread or asyncio task.
        """
        return self._contexts.acting_as(actor, correlation_id)

    def health(self) -> "RegistryHealth":
        """Whether the store answers, and how far the views are behind; raises no `StoreError`."""
        self._require_outside("health is about what is committed")
        from plangate.application.health import health

        return health(self._store, self._view_store, self._follower.failure)

    def for_schema(self, name: str) -> "PlanRegistry":
        """A registry in another schema, on the same connections; missing tables are created.

        Closing it leaves the connections to this registry; closing this one closes it too. Raises
        `NotAStore` where the store is not in PostgreSQL.
        """
        self._require_outside("another schema is another store")
        if self._for_schema is None:
            raise NotAStore("only a PostgreSQL database has schemas")
        other = self._for_schema(name, self._follower_thread)
        self._others.add(other)
        return other

    @contextmanager
    def in_transaction(self, connection: object) -> Iterator["PlanRegistry"]:
        """Record commands in the caller's open transaction, by the registry that this gives.

        The connection is one of psycopg 3 or `sqlite3`, to the database or the file of this
        store. Each command is a savepoint; the caller commits them, or rolls them back, with
        everything else. From the first command on, in SQLite from the beginning, every other
        writer of the store waits until then. A conflict that only a new transaction can solve
        raises `TransactionConflict`.

        Views, the ledger, API keys, subscriptions, `health`, imports of bundles and `erase` are
        not available inside, and meanwhile this registry refuses commands in the same thread:
        `TransactionRefused`, as for a connection that cannot be used.
        """
        from plangate.application.joined_registry import JoinedStreams, no_keys, no_ledger, no_views

        store = self._store.within(connection)
        joined = PlanRegistry(
            store,
            views=no_views(),
            ledger=no_ledger,
            keys=no_keys,
            clock=self._clock,
            new_id=self._new_id,
            statistics=self._make_statistics,
            streams=JoinedStreams(store, self._streams),
            contexts=self._contexts,
            follower_thread=self._follower_thread,
            joined=True,
        )
        try:
            yield joined
        finally:
            joined.close()

    def repeatable_run(self, name: str | None = None) -> "RepeatableRun":
        """Execute commands that name no idempotency key, each once over all runs of a `name`."""
        from plangate.application.repeatable_run import RepeatableRun

        request, execute = self._executor.request, self.execute
        return RepeatableRun(self._streams, self._contexts, request, execute, name)

    def _require_outside(self, why: str) -> None:
        if self._joined:
            from plangate.application.joined_registry import refuse

            refuse(why)

    def get(self, plan_id: str) -> Plan:
        """The plan's whole state now."""
        return self._plans.living(plan_id).copied()

    def get_status(self, plan_id: str) -> PlanStatus:
        """The plan's status now."""
        return PlanStatus.of(self._plans.living(plan_id), self._now())

    def gate(self, plan_id: str) -> GateDecision:
        """Whether work on a plan can go on now, why, and what leads on.

        Answers for a deleted plan too; raises `PlanNotFound` for one that never existed.
        """
        position = self._store.last_position()
        plan = self._plans.plan(plan_id)
        if not plan.version:
            raise PlanNotFound(plan_id)
        decision = GateDecision.of(plan, self._now(), position)
        telemetry.answered(decision.verdict)
        return decision

    def near_matches(self, error: PlangateError) -> tuple[str, ...]:
        """The ids of plans or tasks that resemble the one that an error calls unknown.

        A task is found by its title too. Empty for every other error.
        """
        return self._plans.near_matches(error)

    def plan_ids(self, beginning: str = "") -> tuple[str, ...]:
        """The ids of all plans that begin so, oldest first; those of deleted plans too."""
        if not isinstance(beginning, str):
            raise InvalidInput([Problem("beginning", "must be text")])
        return self._plans.ids(beginning)

    def graph(self, plan_id: str) -> "PlanGraph":
        """The plan's dependencies: topological order, what is ready, the critical path."""
        from plangate.application.graph import PlanGraph

        return PlanGraph.of(self._plans.living(plan_id), self._now())

    def list_plans(
        self,
        *,
        limit: int | None = None,
        state: PlanState | str | None = None,
        verdict: Verdict | str | None = None,
        needs_replan: bool | None = None,
        labels: Sequence[str] = (),
    ) -> PlanList:
        """The plans, oldest first: all that match, or the first `limit`.

        A plan with an event that cannot be read is listed as unreadable. Deleted plans are
        not listed.
        """
        filters = {
            "limit": limit,
            "state": state,
            "verdict": verdict,
            "needs_replan": needs_replan,
            "labels": labels,
        }
        return self._plans.matching(validate(PlanFilter, filters))

    def each_plan(
        self,
        *,
        limit: int | None = None,
        state: PlanState | str | None = None,
        verdict: Verdict | str | None = None,
        needs_replan: bool | None = None,
        labels: Sequence[str] = (),
        text: str | None = None,
        order: "PlanOrder | str" = "oldest",
        progress: Progress = no_progress,
    ) -> Iterator[PlanStatus | UnreadablePlan]:
        """What `list_plans` lists, read one by one: memory does not grow with their number.

        `text` and `order` are those of `views.plans`.
        """
        require_progress(progress)
        filters = {
            "limit": limit,
            "state": state,
            "verdict": verdict,
            "needs_replan": needs_replan,
            "labels": labels,
            "text": text,
            "order": order,
        }
        return self._plans.each_matching(validate(PlanFilter, filters), progress)

    def subscribe(
        self,
        *,
        after: int = 0,
        kinds: Sequence[str] | str | None = None,
        plan_ids: Sequence[str] | str | None = None,
        timeout: float | None = None,
    ) -> Iterator[RecordedEvent]:
        """The events after a position in commit order, each once, and then those to come.

        `kinds` are stored names (`replan-triggered`). It ends after `timeout` seconds without
        an event, or when the registry is closed. After an error or an interruption, subscribe
        again after the position of the last event that you have handled. Raises `LogWentBack`
        where what it read is no longer in the log, `UnreadableEvent` as `history.events` does,
        and `StoreUnavailable`.
        """
        from plangate.application.history.feed import feed, follow

        self._require_outside("subscriptions are to what is committed")
        filters = {"kinds": kinds, "plan_ids": plan_ids}
        asked = feed(self._store, after=after, timeout=timeout, **filters)
        self._store.last_position()  # refused where the store is closed
        return follow(self._store, self._watch, asked)

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)
