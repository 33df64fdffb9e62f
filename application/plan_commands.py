"""The commands on the plans of one store: a method each.

A refused command raises one of the errors in `domain.errors` or `application.errors` and
records nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from plangate.application import telemetry
from plangate.application.command_context import CommandContexts, ContextOptions, JudgementOptions
from plangate.application.results import PlanStatus, TaskView
from plangate.application.signatures import showing_options
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Outcome, ScoreKind, Scorer, TaskStatus

if TYPE_CHECKING:
    from plangate.application.commands import GivenCommand
    from plangate.application.drafts import PlanDraft, RevisionDraft, TaskDraft
    from plangate.application.erasure import Erasure
    from plangate.application.execution import Answer, CommandExecutor
    from plangate.domain.commands import Change


@showing_options
@telemetry.commands
class PlanCommands(ABC):
    """Executes commands.

    Each takes `actor`, `correlation_id` and `idempotency_key` too. Sent again with the same key
    and arguments it records nothing and returns the first result; with other arguments it
    raises `IdempotencyKeyReused`. With `if_version` it raises `VersionMismatch` unless the plan
    is at that version. All of them raise `InvalidInput`, `PlanNotFound` (`PlanGone` after a
    deletion), `ConcurrentChange` and the `StoreError`s, beside what each documents.
    """

    def __init__(self, contexts: CommandContexts) -> None:
        self._contexts = contexts

    @cached_property
    @abstractmethod
    def _executor(self) -> "CommandExecutor":
        """What executes them."""

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


def _in_seconds(lease: float | timedelta | None) -> float | None:
    return lease.total_seconds() if isinstance(lease, timedelta) else lease
