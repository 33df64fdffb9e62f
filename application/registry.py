"""The entry point for callers: register plans, work through them, score, gate, revise.

A refused command raises one of the errors in `domain.errors` or
`application.errors` and records nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Self, Unpack, cast, overload
from weakref import WeakSet

from plangate.application import telemetry
from plangate.application.command_context import (
    CommandContexts,
    ContextOptions,
    JudgementOptions,
)
from plangate.application.errors import NotAStore
from plangate.application.event_store import Clock, EventStore, NewId
from plangate.application.gate_decision import GateDecision
from plangate.application.log_watch import LogWatch
from plangate.application.plan_queries import PlanFilter, PlanQueries
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanList, PlanStatus, TaskView, UnreadablePlan
from plangate.application.signatures import showing_options
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
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Outcome, PlanState, ScoreKind, Scorer, TaskStatus, Verdict

if TYPE_CHECKING:
    from plangate.application.access.key_store import KeyStore
    from plangate.application.access.keys import ApiKeys
    from plangate.application.bundles.transfer import Bundles
    from plangate.application.commands import GivenCommand
    from plangate.application.drafts import PlanDraft, RevisionDraft, TaskDraft
    from plangate.application.erasure import Erasure
    from plangate.application.evidence.queries import EvidenceQueries
    from plangate.application.evidence.statistics import MakeStatistics
    from plangate.application.execution import Answer, CommandExecutor
    from plangate.application.graph import PlanGraph
    from plangate.application.health import RegistryHealth
    from plangate.application.history.queries import HistoryQueries
    from plangate.application.ledger.ledger import Ledger
    from plangate.application.repeatable_run import RepeatableRun
    from plangate.application.replay.queries import ReplayQueries
    from plangate.application.rerun.over_plans import Workers
    from plangate.application.views.plan_summaries import PlanOrder
    from plangate.domain.commands import Change


@showing_options
@telemetry.commands_but(
    *("get", "get_status", "gate", "graph", "list_plans", "each_plan", "near_matches", "plan_ids")
)
class PlanRegistry:
    """Plans in one store. Safe to share between threads; a context manager that closes itself.

    Every command also takes `actor`, `correlation_id` and `idempotency_key` (see
    `acting_as`). Sent again with the same key and arguments it records nothing and
    returns the first result; with other arguments it raises `IdempotencyKeyReused`.
    With `if_version` it raises `VersionMismatch` unless the plan is at that version.
    All of them raise `InvalidInput`, `PlanNotFound` (`PlanGone` after a deletion),
    `ConcurrentChange` and the `StoreError`s, beside what each documents.

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
        self._store = store
        self._view_store = views
        self._contexts = contexts or CommandContexts()
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
        from plangate.application.joined_registry import (
            JoinedStreams,
            no_keys,
            no_ledger,
            no_views,
        )

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

    def _require_outside(self, why: str) -> None:
        if self._joined:
            from plangate.application.joined_registry import refuse

            refuse(why)

    # --- queries ---

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

    # --- commands ---

    def execute(
        self,
        plan_id: str | None,
        command: "Mapping[str, Any] | GivenCommand",
        **context: Unpack[ContextOptions],
    ) -> "Answer":
        """Handle a command given as a value, or as a JSON object with its `op`.

        `op` is the name of a method below; the answer is that method's. `plan_id` is
        None for `create`, which names its plan itself, and for a `next_task` of all plans.
        """
        return self._executor.execute(plan_id, command, self._contexts.current(context))

    def repeatable_run(self, name: str | None = None) -> "RepeatableRun":
        """Execute commands that name no idempotency key, each once over all runs of a `name`."""
        from plangate.application.repeatable_run import RepeatableRun

        request, execute = self._executor.request, self.execute
        return RepeatableRun(self._streams, self._contexts, request, execute, name)

    @overload
    def create(
        self,
        goal: str,
        tasks: "Sequence[Mapping[str, Any] | TaskDraft | str]",
        *,
        confidence_threshold: float | None = None,
        policy: Mapping[str, Any] | Policy | str | None = None,
        plan_id: str | None = None,
        priority: int = 0,
        labels: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus: ...
    @overload
    def create(self, goal: "PlanDraft", **context: Unpack[ContextOptions]) -> PlanStatus: ...
    def create(
        self,
        goal: "str | PlanDraft",
        tasks: "Sequence[Mapping[str, Any] | TaskDraft | str] | None" = None,
        *,
        confidence_threshold: float | None = None,
        policy: Mapping[str, Any] | Policy | str | None = None,
        plan_id: str | None = None,
        priority: int = 0,
        labels: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Register a plan; missing ids are made.

        A task is a mapping, a draft, or its title alone. A `PlanDraft` in place of the goal
        holds everything itself. `policy` is a preset's name (`classic`, `steady`), numbers, or
        numbers beside a `preset`; it is recorded whole. Missing ids are derived from the
        idempotency key if there is one, so that a retry finds the plan. Raises `PlanExists`.
        """
        given = {
            "tasks": tasks,
            "confidence_threshold": confidence_threshold,
            "policy": policy,
            "plan_id": plan_id,
            "priority": priority,
            "labels": labels,
            "metadata": {} if metadata is None else metadata,
        }
        return self._executor.create(goal, given, self._contexts.current(context))

    def score_prompt(
        self, plan_id: str, task_id: str, score: float, **options: Unpack[JudgementOptions]
    ) -> PlanStatus:
        """Record how clear a task's instruction was, in [0, 1] or on a `scale`. Changes no status.

        A finite score outside that is clamped, with a warning in the answer, or raises
        `InvalidScore`, as the plan's policy says. A `scorer` is its name, as in `judge` or
        `human:ana@2` (kind and version), or has these as fields. Raises `TaskNotFound`.
        """
        arguments = {"task_id": task_id, "score": score}
        return self._status(plan_id, "score_prompt", arguments, options)

    def score_output(
        self,
        plan_id: str,
        task_id: str,
        score: float,
        *,
        mark_done: bool = True,
        **options: Unpack[JudgementOptions],
    ) -> PlanStatus:
        """Record how good a task's result was, scored as a prompt is; the gate judges the plan.

        With `mark_done` the task is `done` if its confidence reaches the
        threshold, else `failed`. If the rolling confidence falls below the
        threshold the task is `replanning` and the replan is counted. Scales, options and
        errors are as in `score_prompt`.
        """
        arguments = {"task_id": task_id, "score": score, "mark_done": mark_done}
        return self._status(plan_id, "score_output", arguments, options)

    def update(
        self,
        plan_id: str,
        task_id: str,
        *,
        prompt_score: float | None = None,
        output_score: float | None = None,
        mark_done: bool = True,
        **options: Unpack[JudgementOptions],
    ) -> PlanStatus:
        """Record a prompt score, an output score or both, in one transaction."""
        arguments = {
            "task_id": task_id,
            "prompt_score": prompt_score,
            "output_score": output_score,
            "mark_done": mark_done,
        }
        return self._status(plan_id, "update", arguments, options)

    def record_scoring_failure(
        self,
        plan_id: str,
        task_id: str,
        kind: ScoreKind | str,
        reason: str,
        *,
        scorer: Mapping[str, Any] | Scorer | str | None = None,
        occurred_at: datetime | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record that a judge crashed or abstained. Changes no confidence.

        `occurred_at` is when, if it was not just now. Raises `TaskNotFound`.
        """
        arguments = {
            "task_id": task_id,
            "kind": kind,
            "reason": reason,
            "scorer": scorer,
            "occurred_at": occurred_at,
        }
        return self._status(plan_id, "record_scoring_failure", arguments, context)

    def retract_score(
        self, plan_id: str, event_id: str, reason: str, **context: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Withdraw the score recorded as `event_id`; the one of its kind before counts again.

        The mistaken score stays in the history. Changes no status. Raises
        `ScoreNotFound` unless a score with this event id counts now.
        """
        arguments = {"event_id": event_id, "reason": reason}
        return self._status(plan_id, "retract_score", arguments, context)

    def record_outcome(
        self,
        plan_id: str,
        task_id: str,
        outcome: Outcome | str,
        *,
        source: str,
        note: str | None = None,
        occurred_at: datetime | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record what became of a task's result: `accepted` or `rejected`, as `source` says.

        Changes no confidence, status or gate. It may come late: on a task in any status or
        one that left the plan, and on an archived plan. A later outcome of the same task
        from the same source replaces the earlier one. Raises `TaskNotFound`.
        """
        arguments = {
            "task_id": task_id,
            "outcome": outcome,
            "source": source,
            "note": note,
            "occurred_at": occurred_at,
        }
        return self._status(plan_id, "record_outcome", arguments, context)

    def mark_task(
        self,
        plan_id: str,
        task_id: str,
        status: TaskStatus | str,
        *,
        reason: str | None = None,
        token: int | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Set a task's status by hand; nothing is recorded if the task has it already.

        Raises `TaskNotFound`, and `ClaimLost` for a token that is no longer valid.
        """
        arguments = {"task_id": task_id, "status": status, "reason": reason, "token": token}
        return self._status(plan_id, "mark_task", arguments, context)

    def next_task(
        self,
        plan_id: str | None = None,
        *,
        worker: str | None = None,
        lease: float | timedelta | None = None,
        labels: Sequence[str] = (),
        **context: Unpack[ContextOptions],
    ) -> TaskView | None:
        """Claim the first pending task in plan order whose dependencies are done.

        It becomes `in_progress`; its claim names `worker` (else the actor) and, with a
        `lease` in seconds, expires unless it is renewed in time. The claim's token goes
        with what the worker reports. None when no task is ready; `gate` then says why.
        Raises `PlanHeld` while the plan is paused or its gate holds.

        Without a plan: the ready task with the highest priority of all plans, then of the
        oldest plan; `labels` must all be on the task or its plan.
        """
        arguments = {
            "worker": worker,
            "lease": _in_seconds(lease),
            "labels": labels,
            "if_version": context.get("if_version"),
        }
        return cast("TaskView | None", self._answer(plan_id, "next_task", arguments, context))

    def claim_task(
        self,
        plan_id: str,
        task_id: str,
        *,
        worker: str | None = None,
        lease: float | timedelta | None = None,
        **context: Unpack[ContextOptions],
    ) -> TaskView:
        """Claim this very task, as `next_task` claims the first.

        Raises `TaskNotReady` with the reason when it is not pending, is deferred or waits
        for others; `PlanHeld`, `TaskNotFound`.
        """
        arguments = {"task_id": task_id, "worker": worker, "lease": _in_seconds(lease)}
        return cast("TaskView", self._answer(plan_id, "claim_task", arguments, context))

    def defer_task(
        self,
        plan_id: str,
        task_id: str,
        reason: str,
        *,
        until: datetime | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Let a pending task wait: for a decision from outside, or for a review.

        It stays pending and is not handed out until `until`, or until it is undeferred,
        scored or marked. Raises `InvalidInput` for a task that is not pending.
        """
        arguments = {"task_id": task_id, "reason": reason, "until": until}
        return self._status(plan_id, "defer_task", arguments, context)

    def undefer_task(
        self,
        plan_id: str,
        task_id: str,
        *,
        reason: str | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Let a deferred task be taken again."""
        arguments = {"task_id": task_id, "reason": reason}
        return self._status(plan_id, "undefer_task", arguments, context)

    def heartbeat(
        self,
        plan_id: str,
        task_id: str,
        token: int,
        *,
        lease: float | timedelta | None = None,
        **context: Unpack[ContextOptions],
    ) -> TaskView:
        """Renew a claim for `lease` seconds from now, or for as long as it held before.

        Raises `ClaimLost` when the claim is over, `TaskNotFound`.
        """
        arguments = {"task_id": task_id, "token": token, "lease": _in_seconds(lease)}
        return cast("TaskView", self._answer(plan_id, "heartbeat", arguments, context))

    def release(
        self,
        plan_id: str,
        task_id: str,
        *,
        token: int | None = None,
        reason: str | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Give a claimed task back undone: it is pending again. Raises as `heartbeat`."""
        arguments = {"task_id": task_id, "token": token, "reason": reason}
        return self._status(plan_id, "release", arguments, context)

    # --- after the gate says "replan" ---

    def revise(
        self,
        plan_id: str,
        reason: str,
        changes: "Sequence[Mapping[str, Any] | Change] | RevisionDraft",
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Change the plan, as a whole or not at all. This answers a replan that was due.

        Each change has its `op`: `add` a task (`before` or `after` another, else at
        the end), `change` its title, description, depends_on, priority, labels or
        metadata, `move` it, `drop` it, `split` it `into` several, `replace` it `by`
        another. A failed or replanning task that is changed starts again. Raises
        `TaskNotFound`, `InvalidInput`.
        """
        listed = getattr(changes, "changes", changes)  # those of a draft
        return self._status(plan_id, "revise", {"reason": reason, "changes": listed}, context)

    def retry(
        self, plan_id: str, task_id: str, reason: str, **context: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Give a failed or replanning task another attempt: it is pending again.

        This answers a replan that was due. Raises `InvalidInput` for any other task,
        `TaskNotFound`.
        """
        arguments = {"task_id": task_id, "reason": reason}
        return self._status(plan_id, "retry", arguments, context)

    def approve(
        self,
        plan_id: str,
        reason: str,
        *,
        accept: Literal["passing"] | Sequence[str] | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Let work continue although a replan is due. The host decides who may approve.

        With `accept` results become `done` in the same command: "passing" accepts each
        replanning task whose own confidence reaches the threshold, a list the failed or
        replanning tasks with these ids, whatever their scores.
        """
        arguments = {"reason": reason, "accept": accept}
        return self._status(plan_id, "approve", arguments, context)

    def pause(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Hand out no work until the plan is resumed; work under way may be reported."""
        return self._status(plan_id, "pause", {"reason": reason}, context)

    def resume(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Let a paused plan continue."""
        return self._status(plan_id, "resume", {"reason": reason}, context)

    def archive(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Put a plan away: commands but `restore`, `record_outcome`, `delete` raise `PlanHeld`."""
        return self._status(plan_id, "archive", {"reason": reason}, context)

    def restore(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Take a plan out of the archive, as it was."""
        return self._status(plan_id, "restore", {"reason": reason}, context)

    def delete(
        self, plan_id: str, *, reason: str | None = None, **context: Unpack[ContextOptions]
    ) -> bool:
        """Remove a plan from the views; its history stays. False if there is no such plan."""
        return cast("bool", self._answer(plan_id, "delete", {"reason": reason}, context))

    def erase(self, plan_id: str, **context: Unpack[ContextOptions]) -> "Erasure":
        """Erase for good what people wrote about a plan: the text in all its events.

        That is its goal, titles, descriptions, reasons, rationales, evidence, notes and
        metadata; ids, labels, names and scores stay. It is erased from the log, the views
        and the free space of the store, which is rewritten for it. The plan continues as
        it was, and may be deleted or archived. Raises `PlanNotFound`; a `StoreError` where
        nothing was erased. If something may be left after an erasure, the answer says so.
        """
        return cast("Erasure", self._answer(plan_id, "erase", {}, context))

    def _status(
        self, plan_id: str, op: str, arguments: Mapping[str, object], options: Mapping[str, object]
    ) -> PlanStatus:
        return cast("PlanStatus", self._answer(plan_id, op, arguments, options))

    def _answer(
        self,
        plan_id: str | None,
        op: str,
        arguments: Mapping[str, object],
        options: Mapping[str, object],
    ) -> "Answer":
        """Execute the command of this name; options that are its fields are arguments too."""
        return self._executor.answer(plan_id, op, arguments, options, self._contexts)

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)


def _in_seconds(lease: float | timedelta | None) -> float | None:
    return lease.total_seconds() if isinstance(lease, timedelta) else lease
