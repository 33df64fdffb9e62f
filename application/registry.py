"""The entry point for callers: register plans, work through them, score, gate, revise.

A refused command raises one of the errors in `domain.errors` or
`application.errors` and records nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, Unpack

from plangate.application.bundles.importer import BundleImport
from plangate.application.bundles.transfer import Bundles
from plangate.application.command_context import (
    CommandContext,
    ContextOptions,
    current_context,
    running_as,
)
from plangate.application.command_handler import CommandHandler, Handled
from plangate.application.commands import Create, GivenCommand, Revise, validated
from plangate.application.drafts import (
    PLAN_ID_DIGITS,
    TASK_ID_DIGITS,
    TaskDraft,
    derived_id,
    with_task_ids,
)
from plangate.application.erasure import Eraser, Erasure
from plangate.application.event_store import Clock, EventStore, NewId
from plangate.application.evidence.calibration import Calibrator, NoCalibrator
from plangate.application.evidence.queries import EvidenceQueries
from plangate.application.graph import PlanGraph
from plangate.application.history.queries import HistoryQueries
from plangate.application.importing.intake import PlanIntake
from plangate.application.ledger.ledger import Ledger
from plangate.application.next_task import NextTask, by_priority
from plangate.application.paging import PlanFilter
from plangate.application.plan_queries import every_plan, readable
from plangate.application.replay.queries import ReplayQueries
from plangate.application.results import PlanList, PlanStatus, TaskView, UnreadablePlan
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate, validate_identifier
from plangate.application.views.follower import LogFollower
from plangate.application.views.queries import ViewQueries
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore
from plangate.domain import commands
from plangate.domain.commands import Change, PlanCommand
from plangate.domain.errors import InvalidInput, PlanHeld, PlanNotFound, Problem
from plangate.domain.events import PlanEvent, TaskStatusChanged
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    Outcome,
    PlanState,
    ScoreKind,
    Scorer,
    StatusCause,
    TaskStatus,
)

Answer = PlanStatus | TaskView | Erasure | bool | None
"""What a command returns: the plan's status, or what the verb of its own documents."""


class PlanRegistry:
    """Plans in one store. Safe to share between threads; a context manager that closes itself.

    Every command also takes `actor`, `correlation_id` and `idempotency_key` (see
    `acting_as`). Sent again with the same key and arguments it records nothing and
    returns the first call's result; with other arguments it raises
    `IdempotencyKeyReused`. Besides what each command documents, all of them raise
    `InvalidInput`, `PlanNotFound` (`PlanGone` after a deletion), `ConcurrentChange`
    and the `StoreError`s.

    `views` answers across plans, `history` from recorded events, `replay` under other
    policies, `evidence` about the judging; `bundles` transfers plans, `ledger` proves
    that nothing recorded was altered.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        views: ViewStore,
        ledger: Ledger,
        clock: Clock,
        new_id: NewId,
        calibrator: Calibrator = NoCalibrator(),  # noqa: B008  (it has no state)
    ) -> None:
        self._store = store
        self._view_store = views
        self._new_id = new_id
        self._streams = StreamCache(store)
        runner = ProjectionRunner(store, views, clock)
        self._follower = LogFollower(runner)
        self._handler = CommandHandler(store, self._streams, clock, self._follower.wake)
        self._eraser = Eraser(store, views, runner, self._handler)
        self.views: Final = ViewQueries(store, views, runner, self._follower)
        self.history: Final = HistoryQueries(store)
        self.replay: Final = ReplayQueries(store)
        self.evidence: Final = EvidenceQueries(store, calibrator)
        self.bundles: Final = Bundles(
            store,
            BundleImport(store, self._follower.wake, self._eraser.follow),
            PlanIntake(self._streams, self._handler),
        )
        self.ledger: Final = ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the stores; closing twice is harmless."""
        self._follower.stop()
        self._view_store.close()
        self._store.close()

    def acting_as(
        self,
        actor: str | None = None,
        *,
        correlation_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> AbstractContextManager[None]:
        """Run every command inside the `with` block on behalf of `actor`.

        Arguments of a command itself take precedence. The block's options hold in the
        current thread or asyncio task.
        """
        return running_as(
            {"actor": actor, "correlation_id": correlation_id, "idempotency_key": idempotency_key}
        )

    # --- questions ---

    def get(self, plan_id: str) -> Plan | None:
        """The plan's whole state now, or None if there is no such plan or it was deleted."""
        plan = self._streams.current(validate_identifier("plan_id", plan_id)).plan
        return plan.copied() if plan.exists else None

    def get_status(self, plan_id: str) -> PlanStatus:
        """The plan's status now."""
        return PlanStatus.of(self._living(plan_id))

    def graph(self, plan_id: str) -> PlanGraph:
        """The plan's dependencies: topological order, what is ready, the critical path."""
        return PlanGraph.of(self._living(plan_id))

    def list_plans(
        self,
        *,
        limit: int | None = None,
        state: PlanState | str | None = None,
        needs_replan: bool | None = None,
        labels: Sequence[str] = (),
    ) -> PlanList:
        """The plans, oldest first: all that match, or the first `limit`.

        A plan with an event that cannot be read is listed as unreadable.
        """
        wanted = validate(
            PlanFilter,
            {"limit": limit, "state": state, "needs_replan": needs_replan, "labels": labels},
        )
        plans: list[PlanStatus] = []
        unreadable: list[UnreadablePlan] = []
        for found in self._readable(self.views.candidates(wanted)):
            if len(plans) == wanted.limit:
                break
            if isinstance(found, UnreadablePlan):
                unreadable.append(found)
            elif wanted.admits(found.plan):
                plans.append(PlanStatus.of(found.plan))
        return PlanList(plans=tuple(plans), unreadable=tuple(unreadable))

    # --- commands ---

    def execute(
        self,
        plan_id: str | None,
        command: Mapping[str, Any] | GivenCommand,
        **context: Unpack[ContextOptions],
    ) -> Answer:
        """Handle a command given as a value, or as a JSON object with its `op`.

        `op` is the name of the method for it, and the answer is that method's.
        `plan_id` is None for `create`, which names its plan itself, and for a `next_task`
        of all plans.
        """
        given, asked = validated(command), current_context(context)
        if isinstance(given, Create):
            if plan_id is not None:
                raise InvalidInput([Problem("plan_id", "belongs into the command")])
            return self._create(given, asked)
        if isinstance(given, NextTask):
            return self._next_task(plan_id, given, asked)
        if plan_id is None:
            raise InvalidInput([Problem("plan_id", "is required")])
        match given:
            case Revise():
                return self._revise(plan_id, given, asked)
            case commands.RenewLease():
                return self._heartbeat(plan_id, given, asked)
            case commands.DeletePlan():
                return bool(self._handle(plan_id, given, asked).events)
            case commands.ErasePlan():
                return self._eraser.erase(validate_identifier("plan_id", plan_id), asked)
            case _:
                return PlanStatus.of(*self._handle(plan_id, given, asked))

    def create(
        self,
        goal: str,
        tasks: Sequence[Mapping[str, Any] | TaskDraft],
        *,
        confidence_threshold: float | None = None,
        policy: Mapping[str, Any] | Policy | str | None = None,
        plan_id: str | None = None,
        priority: int = 0,
        labels: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Register a plan; ids that are not given are made.

        `policy` is a preset's name (`classic`, `steady`), numbers, or numbers beside a
        `preset`; it is recorded whole.

        With an idempotency key and no ids they are derived from the key, so that
        a retry finds the plan. Raises `PlanExists`.
        """
        draft = validate(
            Create,
            {
                "goal": goal,
                "tasks": tasks,
                "confidence_threshold": confidence_threshold,
                "policy": policy,
                "plan_id": plan_id,
                "priority": priority,
                "labels": labels,
                "metadata": {} if metadata is None else metadata,
            },
        )
        return self._create(draft, current_context(context))

    def score_prompt(
        self,
        plan_id: str,
        task_id: str,
        score: float,
        *,
        scorer: Mapping[str, Any] | Scorer | None = None,
        rationale: str | None = None,
        evidence: Mapping[str, Any] | None = None,
        token: int | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record how clear a task's instruction was, in [0, 1]. Moves no status.

        A finite score outside [0, 1] is clamped, with a warning in the answer, or
        raises `InvalidScore`, as the plan's policy says. Raises `TaskNotFound`.
        """
        return self._status(
            plan_id,
            commands.ScorePrompt,
            {
                "task_id": task_id,
                "score": score,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
                "token": token,
            },
            context,
        )

    def score_output(
        self,
        plan_id: str,
        task_id: str,
        score: float,
        *,
        mark_done: bool = True,
        scorer: Mapping[str, Any] | Scorer | None = None,
        rationale: str | None = None,
        evidence: Mapping[str, Any] | None = None,
        token: int | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record how good a task's result was, in [0, 1], and let the gate judge the plan.

        With `mark_done` the task is `done` if its confidence reaches the
        threshold, else `failed`. If the rolling confidence falls below the
        threshold the task is `replanning` and the replan is counted. A score
        outside [0, 1] is treated as in `score_prompt`. Raises `TaskNotFound`.
        """
        return self._status(
            plan_id,
            commands.ScoreOutput,
            {
                "task_id": task_id,
                "score": score,
                "mark_done": mark_done,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
                "token": token,
            },
            context,
        )

    def update(
        self,
        plan_id: str,
        task_id: str,
        *,
        prompt_score: float | None = None,
        output_score: float | None = None,
        mark_done: bool = True,
        scorer: Mapping[str, Any] | Scorer | None = None,
        rationale: str | None = None,
        evidence: Mapping[str, Any] | None = None,
        token: int | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record a prompt score, an output score or both, in one atomic write."""
        return self._status(
            plan_id,
            commands.UpdateScores,
            {
                "task_id": task_id,
                "prompt_score": prompt_score,
                "output_score": output_score,
                "mark_done": mark_done,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
                "token": token,
            },
            context,
        )

    def record_scoring_failure(
        self,
        plan_id: str,
        task_id: str,
        kind: ScoreKind | str,
        reason: str,
        *,
        scorer: Mapping[str, Any] | Scorer | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record that a judge crashed or abstained. Moves no figure. Raises `TaskNotFound`."""
        return self._status(
            plan_id,
            commands.RecordScoringFailure,
            {"task_id": task_id, "kind": kind, "reason": reason, "scorer": scorer},
            context,
        )

    def retract_score(
        self, plan_id: str, event_id: str, reason: str, **context: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Withdraw the score recorded as `event_id`; the one of its kind before counts again.

        The mistaken judgement stays in the history. Moves no status. Raises
        `ScoreNotFound` when no score that still stands has this event id.
        """
        return self._status(
            plan_id, commands.RetractScore, {"event_id": event_id, "reason": reason}, context
        )

    def record_outcome(
        self,
        plan_id: str,
        task_id: str,
        outcome: Outcome | str,
        *,
        source: str,
        note: str | None = None,
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record what became of a task's result: `accepted` or `rejected`, as `source` says.

        Moves no figure, status or gate. It may come late: on a task in any status or one
        that left the plan, and on an archived plan. A later outcome of the same task
        from the same source takes the earlier one's place. Raises `TaskNotFound`.
        """
        return self._status(
            plan_id,
            commands.RecordOutcome,
            {"task_id": task_id, "outcome": outcome, "source": source, "note": note},
            context,
        )

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
        """Set a task's status by hand; to the status it has, nothing is recorded.

        Raises `TaskNotFound`, and `ClaimLost` for a token that is no longer good.
        """
        return self._status(
            plan_id,
            commands.MarkTask,
            {"task_id": task_id, "status": status, "reason": reason, "token": token},
            context,
        )

    def next_task(
        self,
        plan_id: str | None = None,
        *,
        worker: str | None = None,
        lease: float | timedelta | None = None,
        labels: Sequence[str] = (),
        **context: Unpack[ContextOptions],
    ) -> TaskView | None:
        """Take the first pending task in plan order whose dependencies are done.

        It moves to `in_progress`; its claim names `worker` (else the actor) and,
        with a `lease` in seconds, goes back by itself unless it is renewed in
        time. The claim's token goes with what the worker reports. None when there
        is nothing to take; `get_status` then says why. Raises `PlanHeld` while the
        plan is paused or its gate holds.

        Without a plan: the most urgent ready task of all plans, the highest
        priority first, then the oldest plan; `labels` must all be on the task or its plan.
        """
        given = validate(
            NextTask, {"worker": worker, "lease": _in_seconds(lease), "labels": labels}
        )
        return self._next_task(plan_id, given, current_context(context))

    def heartbeat(
        self,
        plan_id: str,
        task_id: str,
        token: int,
        *,
        lease: float | timedelta | None = None,
        **context: Unpack[ContextOptions],
    ) -> TaskView:
        """Hold a claim for `lease` seconds from now, or for as long as it held before.

        Raises `ClaimLost` when the claim is over, `TaskNotFound`.
        """
        given = validate(
            commands.RenewLease, {"task_id": task_id, "token": token, "lease": _in_seconds(lease)}
        )
        return self._heartbeat(plan_id, given, current_context(context))

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
        return self._status(
            plan_id,
            commands.ReleaseTask,
            {"task_id": task_id, "token": token, "reason": reason},
            context,
        )

    # --- after the gate says "replan" ---

    def revise(
        self,
        plan_id: str,
        reason: str,
        changes: Sequence[Mapping[str, Any] | Change],
        **context: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Change the plan, all of it or nothing. What was due is answered by it.

        Each change says its `op`: `add` a task (`before` or `after` another, else at
        the end), `change` its title, description, depends_on, priority, labels or
        metadata, `move` it, `drop` it, `split` it `into` several, `replace` it `by`
        another. A failed or replanning task that is changed starts again. Raises
        `TaskNotFound`, `InvalidInput`.
        """
        given = validate(Revise, {"reason": reason, "changes": changes})
        return self._revise(plan_id, given, current_context(context))

    def retry(
        self, plan_id: str, task_id: str, reason: str, **context: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Give a failed or replanning task another attempt: it is pending again.

        What was due is answered by it. Raises `InvalidInput` for any other task,
        `TaskNotFound`.
        """
        return self._status(
            plan_id, commands.RetryTask, {"task_id": task_id, "reason": reason}, context
        )

    def approve(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Let work go on although a replan is due. Who may is for the host to decide."""
        return self._status(plan_id, commands.ApproveGate, {"reason": reason}, context)

    def pause(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Hand out no work until the plan is resumed; work under way may be reported."""
        return self._status(plan_id, commands.PausePlan, {"reason": reason}, context)

    def resume(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Let a paused plan go on."""
        return self._status(plan_id, commands.ResumePlan, {"reason": reason}, context)

    def archive(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Put a plan away: commands but `restore`, `record_outcome`, `delete` raise `PlanHeld`."""
        return self._status(plan_id, commands.ArchivePlan, {"reason": reason}, context)

    def restore(self, plan_id: str, reason: str, **context: Unpack[ContextOptions]) -> PlanStatus:
        """Take a plan out of the archive, as it was."""
        return self._status(plan_id, commands.RestorePlan, {"reason": reason}, context)

    def delete(
        self, plan_id: str, *, reason: str | None = None, **context: Unpack[ContextOptions]
    ) -> bool:
        """Take a plan out of the views; its history stays readable. False if it is not there."""
        given = validate(commands.DeletePlan, {"reason": reason})
        return bool(self._handle(plan_id, given, current_context(context)).events)

    def erase(self, plan_id: str, **context: Unpack[ContextOptions]) -> Erasure:
        """Erase for good what people wrote about a plan: the text in all its events.

        That is its goal, titles, descriptions, reasons, rationales, evidence, notes and
        metadata; ids, labels, names and figures stay. It goes from the log, the views
        and the free space of the store, which is written anew for it. The plan lives on
        as it was, and may be deleted or archived. Raises `PlanNotFound`; a `StoreError`
        where nothing was erased. Where it was, but something may be left, the answer says so.
        """
        return self._eraser.erase(validate_identifier("plan_id", plan_id), current_context(context))

    # --- shared ---

    def _living(self, plan_id: str) -> Plan:
        """The plan now; raises `PlanNotFound`, or `PlanGone` for a deleted one."""
        plan = self._streams.current(validate_identifier("plan_id", plan_id)).plan
        plan.require_alive()
        return plan

    def _readable(self, plan_ids: Iterable[str] | None) -> Iterator[Stream | UnreadablePlan]:
        """These plans, or every plan, as far as they can be read."""
        return readable(self._streams, every_plan(self._store) if plan_ids is None else plan_ids)

    def _handle(self, plan_id: str, command: PlanCommand, context: CommandContext) -> Handled:
        return self._handler.handle(plan_id, command, context)

    def _status(
        self,
        plan_id: str,
        model: type[PlanCommand],
        arguments: Mapping[str, object],
        options: ContextOptions,
    ) -> PlanStatus:
        command = validate(model, arguments)
        return PlanStatus.of(*self._handle(plan_id, command, current_context(options)))

    def _create(self, draft: Create, context: CommandContext) -> PlanStatus:
        key = context.idempotency_key
        plan_id = draft.plan_id or self._new_plan_id(key)
        command = draft.command(self._new_task_ids(key))
        return PlanStatus.of(*self._handler.handle(plan_id, command, context, arguments=draft))

    def _revise(self, plan_id: str, draft: Revise, context: CommandContext) -> PlanStatus:
        changes = with_task_ids(draft.changes, self._new_task_ids(context.idempotency_key))
        arguments = {"reason": draft.reason, "changes": changes}
        command = validate(commands.RevisePlan, arguments)
        return PlanStatus.of(*self._handle(plan_id, command, context))

    def _heartbeat(
        self, plan_id: str, command: commands.RenewLease, context: CommandContext
    ) -> TaskView:
        plan = self._handle(plan_id, command, context).plan
        return TaskView.of(plan.task(command.task_id), plan)

    def _next_task(
        self, plan_id: str | None, given: NextTask, context: CommandContext
    ) -> TaskView | None:
        given = given.model_copy(update={"worker": given.worker or context.actor})
        if plan_id is None:
            return self._next_of_all(given, context)
        if given.labels:
            raise InvalidInput([Problem("labels", "choose among all plans: give no plan_id")])
        command = commands.ClaimNextTask(worker=given.worker, lease=given.lease)
        return _claimed_task(*self._handle(plan_id, command, context))

    def _next_of_all(self, given: NextTask, context: CommandContext) -> TaskView | None:
        now, key = self._handler.now(), context.idempotency_key
        # A retry may be of any plan; a new request only looks where there may be work.
        candidates = self.views.with_work(now) if key is None else None
        streams = [found for found in self._readable(candidates) if isinstance(found, Stream)]
        for stream in streams:
            if key in stream.receipts:
                return self._claim(stream.plan.plan_id, None, given, context)
        plans = (stream.plan for stream in streams if stream.plan.exists)
        for plan_id, task_id in by_priority(plans, frozenset(given.labels), now):
            try:
                task = self._claim(plan_id, task_id, given, context)
            except (PlanHeld, PlanNotFound):  # since it was read
                continue
            if task is not None:
                return task
        return None

    def _claim(
        self, plan_id: str, task_id: str | None, given: NextTask, context: CommandContext
    ) -> TaskView | None:
        command = commands.ClaimNextTask(worker=given.worker, lease=given.lease, task_id=task_id)
        return _claimed_task(*self._handler.handle(plan_id, command, context, arguments=given))

    def _new_plan_id(self, key: str | None) -> str:
        """Derived from the command's key if it has one, so that a retry finds the plan."""
        if key is None:
            return self._new_id(PLAN_ID_DIGITS)
        return derived_id(PLAN_ID_DIGITS, "plan", key)

    def _new_task_ids(self, key: str | None) -> NewId:
        """Names the n-th new task of a command: from its key if it has one, else at random."""
        if key is None:
            return lambda _number: self._new_id(TASK_ID_DIGITS)
        return lambda number: derived_id(TASK_ID_DIGITS, "task", key, number)


def _claimed_task(plan: Plan, events: Sequence[PlanEvent]) -> TaskView | None:
    for event in events:
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            return TaskView.of(plan.task(event.task_id), plan)
    return None


def _in_seconds(lease: float | timedelta | None) -> float | None:
    return lease.total_seconds() if isinstance(lease, timedelta) else lease
