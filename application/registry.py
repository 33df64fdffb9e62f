"""The one door for callers: register plans, work through them, score, gate, revise.

A refused command raises one of the errors in `domain.errors` or
`application.errors` and records nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, Unpack

from plangate.application.bundles.importer import BundleImport, ImportReport
from plangate.application.bundles.sealed_file import Place
from plangate.application.command_context import (
    CommandContext,
    ContextOptions,
    current_context,
    running_as,
)
from plangate.application.command_handler import CommandHandler
from plangate.application.drafts import (
    PLAN_ID_DIGITS,
    TASK_ID_DIGITS,
    PlanDraft,
    TaskDraft,
    derived_id,
    with_task_ids,
)
from plangate.application.erasure import Eraser, Erasure
from plangate.application.event_store import Clock, EventStore, NewId
from plangate.application.evidence.calibration import Calibrator, NoCalibrator
from plangate.application.importing.intake import PlanFormat, PlanIntake, PlansImport
from plangate.application.ledger.ledger import Ledger
from plangate.application.next_task import ClaimAnywhere, by_priority
from plangate.application.operations.copying import copy_plans
from plangate.application.operations.reports import CopyReport
from plangate.application.progress import Progress, no_progress
from plangate.application.replay.queries import HistoryQuestions
from plangate.application.results import PlanStatus, TaskView
from plangate.application.stream_cache import Stream
from plangate.application.validation import validate, validate_identifier
from plangate.application.views.view_store import ViewStore
from plangate.domain.commands import (
    ApproveGate,
    ArchivePlan,
    Change,
    ClaimNextTask,
    DeletePlan,
    MarkTask,
    PausePlan,
    RecordOutcome,
    RecordScoringFailure,
    ReleaseTask,
    RenewLease,
    RestorePlan,
    ResumePlan,
    RetractScore,
    RetryTask,
    RevisePlan,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.errors import InvalidInput, PlanHeld, PlanNotFound, Problem
from plangate.domain.events import PlanEvent, TaskStatusChanged
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Outcome, ScoreKind, Scorer, StatusCause, TaskStatus


class PlanRegistry(HistoryQuestions):
    """Plans in one store. Safe to share between threads; a context manager that closes itself.

    Every command also takes `actor`, `correlation_id` and `idempotency_key`
    (see `acting_as`). Sent again with the same key and arguments it records
    nothing and returns the first call's result; with other arguments it raises
    `IdempotencyKeyReused`. Besides what each command says, all of them raise
    `InvalidInput`, `PlanNotFound` (`PlanGone` after a deletion), `ConcurrentChange`
    and the `StoreError`s.
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
        super().__init__(store, views, clock, calibrator)
        self._ledger = ledger
        self._new_id = new_id
        self._commands = CommandHandler(store, self._streams, clock, self._reader.wake)
        self._eraser = Eraser(store, views, self._keeper, self._commands)

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
        """Let go of the stores; closing twice is harmless."""
        self._reader.stop()
        self._views.close()
        self._store.close()

    @property
    def ledger(self) -> Ledger:
        """Tamper evidence: signs the whole log, proves what is in it, says what was altered."""
        return self._ledger

    def copy_to(self, target: "PlanRegistry", *, progress: Progress = no_progress) -> CopyReport:
        """Bring all plans into another store: ids, versions, times and bytes as they are.

        Positions too if the target is empty; else each is kept as `origin_position`.
        What is there already is recognised, so that a copy that was cut short is
        done again. Raises `HistoryDiffers`, before anything is written, for a plan
        that has another history there. `progress` hears how far it has come.
        """
        return copy_plans(self._store, target._store, progress)  # noqa: SLF001  (of this class too)

    def acting_as(
        self,
        actor: str | None = None,
        *,
        correlation_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> AbstractContextManager[None]:
        """Let every command inside the `with` block run on behalf of `actor`.

        What a command is given itself goes before what surrounds it. The
        surroundings hold in the current thread or asyncio task.
        """
        return running_as(
            {"actor": actor, "correlation_id": correlation_id, "idempotency_key": idempotency_key}
        )

    # --- commands ---

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
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Register a plan; ids that are not given are made.

        `policy` is a preset's name (`classic`, `steady`), numbers, or numbers beside a
        `preset`; it is recorded whole.

        With an idempotency key and no ids they are derived from the key, so that
        a retry finds the plan. Raises `PlanExists`.
        """
        draft = validate(
            PlanDraft,
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
        asked = current_context(call)
        key = asked.idempotency_key
        return self._commands.handle(
            draft.plan_id or self._new_plan_id(key),
            draft.command(self._new_task_ids(key)),
            asked,
            PlanStatus.of,
            arguments=draft,
        )

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
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record how clear a task's instruction was, in [0, 1]. Moves no status.

        A finite score outside [0, 1] is clamped, with a warning in the answer, or
        raises `InvalidScore`, as the plan's policy says. Raises `TaskNotFound`.
        """
        command = validate(
            ScorePrompt,
            {
                "task_id": task_id,
                "score": score,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
                "token": token,
            },
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

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
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record how good a task's result was, in [0, 1], and let the gate judge the plan.

        With `mark_done` the task is `done` if its confidence reaches the
        threshold, else `failed`. If the rolling confidence falls below the
        threshold the task is `replanning` and the replan is counted. A score
        outside [0, 1] is treated as in `score_prompt`. Raises `TaskNotFound`.
        """
        command = validate(
            ScoreOutput,
            {
                "task_id": task_id,
                "score": score,
                "mark_done": mark_done,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
                "token": token,
            },
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

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
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record a prompt score, an output score or both, in one atomic write."""
        command = validate(
            UpdateScores,
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
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def record_scoring_failure(
        self,
        plan_id: str,
        task_id: str,
        kind: ScoreKind | str,
        reason: str,
        *,
        scorer: Mapping[str, Any] | Scorer | None = None,
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record that a judge crashed or abstained. Moves no figure. Raises `TaskNotFound`."""
        command = validate(
            RecordScoringFailure,
            {"task_id": task_id, "kind": kind, "reason": reason, "scorer": scorer},
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def retract_score(
        self, plan_id: str, event_id: str, reason: str, **call: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Withdraw the score recorded as `event_id`; the one of its kind before counts again.

        The mistaken judgement stays in the history. Moves no status. Raises
        `ScoreNotFound` when no score that still stands has this event id.
        """
        command = validate(RetractScore, {"event_id": event_id, "reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def record_outcome(
        self,
        plan_id: str,
        task_id: str,
        outcome: Outcome | str,
        *,
        source: str,
        note: str | None = None,
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Record what became of a task's result: `accepted` or `rejected`, as `source` says.

        Moves no figure, status or gate. It may come late: on a task in any status or one
        that left the plan, and on an archived plan. A later outcome of the same task
        from the same source takes the earlier one's place. Raises `TaskNotFound`.
        """
        command = validate(
            RecordOutcome,
            {"task_id": task_id, "outcome": outcome, "source": source, "note": note},
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def mark_task(
        self,
        plan_id: str,
        task_id: str,
        status: TaskStatus | str,
        *,
        reason: str | None = None,
        token: int | None = None,
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Set a task's status by hand; to the status it has, nothing is recorded.

        Raises `TaskNotFound`, and `ClaimLost` for a token that is no longer good.
        """
        command = validate(
            MarkTask, {"task_id": task_id, "status": status, "reason": reason, "token": token}
        )
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def next_task(
        self,
        plan_id: str | None = None,
        *,
        worker: str | None = None,
        lease: float | timedelta | None = None,
        labels: Sequence[str] = (),
        **call: Unpack[ContextOptions],
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
        asked = current_context(call)
        said = {"worker": worker or asked.actor, "lease": _in_seconds(lease)}
        if plan_id is None:
            anywhere = validate(ClaimAnywhere, {**said, "labels": labels})
            return self._next_of_all(anywhere, asked)
        if labels:
            raise InvalidInput([Problem("labels", "choose among all plans: give no plan_id")])
        command = validate(ClaimNextTask, said)
        return self._commands.handle(plan_id, command, asked, _claimed_task)

    def heartbeat(
        self,
        plan_id: str,
        task_id: str,
        token: int,
        *,
        lease: float | timedelta | None = None,
        **call: Unpack[ContextOptions],
    ) -> TaskView:
        """Hold a claim for `lease` seconds from now, or for as long as it held before.

        Raises `ClaimLost` when the claim is over, `TaskNotFound`.
        """
        command = validate(
            RenewLease, {"task_id": task_id, "token": token, "lease": _in_seconds(lease)}
        )

        def progress(plan: Plan, _events: Sequence[PlanEvent]) -> TaskView:
            return TaskView.of(plan.task(command.task_id), plan)

        return self._commands.handle(plan_id, command, current_context(call), progress)

    def release(
        self,
        plan_id: str,
        task_id: str,
        *,
        token: int | None = None,
        reason: str | None = None,
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Give a claimed task back undone: it is pending again. Raises as `heartbeat`."""
        command = validate(ReleaseTask, {"task_id": task_id, "token": token, "reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    # --- after the gate says "replan" ---

    def revise(
        self,
        plan_id: str,
        reason: str,
        changes: Sequence[Mapping[str, Any] | Change],
        **call: Unpack[ContextOptions],
    ) -> PlanStatus:
        """Change the plan, all of it or nothing. What was due is answered by it.

        Each change says its `op`: `add` a task (`before` or `after` another, else at
        the end), `change` its title, description, depends_on, priority, labels or
        metadata, `move` it, `drop` it, `split` it `into` several, `replace` it `by`
        another. A failed or replanning task that is changed starts again. Raises
        `TaskNotFound`, `InvalidInput`.
        """
        asked = current_context(call)
        new_task_ids = self._new_task_ids(asked.idempotency_key)
        command = validate(
            RevisePlan, {"reason": reason, "changes": with_task_ids(changes, new_task_ids)}
        )
        return self._commands.handle(plan_id, command, asked, PlanStatus.of)

    def retry(
        self, plan_id: str, task_id: str, reason: str, **call: Unpack[ContextOptions]
    ) -> PlanStatus:
        """Give a failed or replanning task another attempt: it is pending again.

        What was due is answered by it. Raises `InvalidInput` for any other task,
        `TaskNotFound`.
        """
        command = validate(RetryTask, {"task_id": task_id, "reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def approve(self, plan_id: str, reason: str, **call: Unpack[ContextOptions]) -> PlanStatus:
        """Let work go on although a replan is due. Who may is for the host to decide."""
        command = validate(ApproveGate, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def pause(self, plan_id: str, reason: str, **call: Unpack[ContextOptions]) -> PlanStatus:
        """Hand out no work until the plan is resumed; work under way may be reported."""
        command = validate(PausePlan, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def resume(self, plan_id: str, reason: str, **call: Unpack[ContextOptions]) -> PlanStatus:
        """Let a paused plan go on."""
        command = validate(ResumePlan, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def archive(self, plan_id: str, reason: str, **call: Unpack[ContextOptions]) -> PlanStatus:
        """Put a plan away: commands but `restore`, `record_outcome`, `delete` raise `PlanHeld`."""
        command = validate(ArchivePlan, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def restore(self, plan_id: str, reason: str, **call: Unpack[ContextOptions]) -> PlanStatus:
        """Take a plan out of the archive, as it was."""
        command = validate(RestorePlan, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), PlanStatus.of)

    def delete(
        self, plan_id: str, *, reason: str | None = None, **call: Unpack[ContextOptions]
    ) -> bool:
        """Take a plan out of the views; its history stays readable. False if it is not there."""
        command = validate(DeletePlan, {"reason": reason})
        return self._commands.handle(plan_id, command, current_context(call), _anything_happened)

    def erase(self, plan_id: str, **call: Unpack[ContextOptions]) -> Erasure:
        """Erase for good what people wrote about a plan: the text in all its events.

        That is its goal, titles, descriptions, reasons, rationales, evidence, notes and
        metadata; ids, labels, names and figures stay. It goes from the log, the views
        and the free space of the store, which is written anew for it. The plan lives on
        as it was, and may be deleted or archived. Raises `PlanNotFound`; a `StoreError`
        where nothing was erased. Where it was, but something may be left, the answer says so.
        """
        return self._eraser.erase(validate_identifier("plan_id", plan_id), current_context(call))

    # --- plans from elsewhere ---

    def import_bundle(self, source: Place, *, progress: Progress = no_progress) -> ImportReport:
        """Take in the plans of a bundle with their ids, versions and times.

        `source` is a path, or a binary stream that can seek. Positions are new; the old
        ones are kept as `origin_position`. Plans that are here already stay as they are,
        or get the events they lack, so that it is safe to do it again. Raises, with
        nothing written, `AlteredBundle` (`BundleTooNew`) and `HistoryDiffers` for a
        plan that has another history here. `progress` hears how much is done, of how much.
        """
        taking_in = BundleImport(self._store, self._reader.wake, self._eraser.follow)
        return taking_in.take_in(source, progress)

    def import_plans(
        self,
        given: Any,
        format: PlanFormat | str,  # noqa: A002  (what callers name it)
        *,
        progress: Progress = no_progress,
        **call: Unpack[ContextOptions],
    ) -> PlansImport:
        """Bring plans that another tool keeps, `loopllm` or `taskmaster`, here by commands.

        `given` is what it saved, as JSON gives it. Each plan is made once, however often
        it is brought. The answer lists, plan by plan, what does not come along. Without an
        `actor` it is `import:` and the format. Raises `InvalidInput`, naming places by
        JSON pointers, with nothing recorded of any plan.
        """
        intake = PlanIntake(self._streams, self._commands)
        return intake.bring(given, format, current_context(call), progress)

    # --- what they share ---

    def _next_of_all(self, anywhere: ClaimAnywhere, call: CommandContext) -> TaskView | None:
        now, key = self._commands.now(), call.idempotency_key
        worth_a_look = self._with_work(now) if key is None else None  # a retry may be of any plan
        readable = [read for read in self._readable(worth_a_look) if isinstance(read, Stream)]
        for stream in readable:
            if key in stream.receipts:
                return self._claimed(stream.plan.plan_id, None, anywhere, call)
        plans = (stream.plan for stream in readable if stream.plan.exists)
        for plan_id, task_id in by_priority(plans, frozenset(anywhere.labels), now):
            try:
                task = self._claimed(plan_id, task_id, anywhere, call)
            except (PlanHeld, PlanNotFound):  # since we looked
                continue
            if task is not None:
                return task
        return None

    def _claimed(
        self, plan_id: str, task_id: str | None, anywhere: ClaimAnywhere, call: CommandContext
    ) -> TaskView | None:
        command = ClaimNextTask(worker=anywhere.worker, lease=anywhere.lease, task_id=task_id)
        return self._commands.handle(plan_id, command, call, _claimed_task, arguments=anywhere)

    def _new_plan_id(self, key: str | None) -> str:
        """Made from the command's key if it has one, so that a retry finds the plan."""
        if key is None:
            return self._new_id(PLAN_ID_DIGITS)
        return derived_id(PLAN_ID_DIGITS, "plan", key)

    def _new_task_ids(self, key: str | None) -> NewId:
        """Names the n-th new task of a command: by its key if it has one, else at random."""
        if key is None:
            return lambda _place: self._new_id(TASK_ID_DIGITS)
        return lambda place: derived_id(TASK_ID_DIGITS, "task", key, place)


def _claimed_task(plan: Plan, events: Sequence[PlanEvent]) -> TaskView | None:
    for event in events:
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            return TaskView.of(plan.task(event.task_id), plan)
    return None


def _anything_happened(_plan: Plan, events: Sequence[PlanEvent]) -> bool:
    return bool(events)


def _in_seconds(lease: float | timedelta | None) -> float | None:
    return lease.total_seconds() if isinstance(lease, timedelta) else lease
