"""The one door for callers: register plans, work through them, score, gate.

Every command loads the plan as it is now, lets the domain decide, and records
the events all at once; when somebody was faster it decides again. A refused
command raises one of the errors in `domain.errors` or `application.errors` and
records nothing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack

from plangate.application.acceptance import accept, accept_identifier
from plangate.application.calls import Call, CallOptions, current_call, surrounded_by
from plangate.application.drafts import (
    PLAN_ID_DIGITS,
    TASK_ID_DIGITS,
    PlanDraft,
    TaskDraft,
    derived_id,
)
from plangate.application.errors import ConcurrentChange, CorruptEvent, IdempotencyKeyReused
from plangate.application.paging import MAX_PAGE, Limit, Page
from plangate.application.ports import Clock, EventStore, NewId
from plangate.application.records import Envelope, RecordedEvent
from plangate.application.results import PlanList, PlanStatus, TaskView, UnreadablePlan
from plangate.application.streams import Streams
from plangate.domain.commands import (
    ClaimNextTask,
    DeletePlan,
    MarkTask,
    PlanCommand,
    RecordScoringFailure,
    RetractScore,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
    Wish,
)
from plangate.domain.decisions import decide
from plangate.domain.errors import PlanNotFound
from plangate.domain.events import PlanEvent, TaskStatusChanged
from plangate.domain.plan import Plan, event_id
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind, Scorer, TaskStatus

ATTEMPTS: Final = 100
"""How often a command is decided again while others keep changing its plan."""

_TURNS: Final = 64
_Answer = TypeVar("_Answer")
_Tell = Callable[[Plan, Sequence[PlanEvent]], _Answer]


class PlanRegistry:
    """Plans in one store. Safe to share between threads; a context manager that closes itself.

    Every command also takes `actor`, `correlation_id` and `idempotency_key`
    (see `acting_as`). Sent again with the same key and arguments it records
    nothing and returns the first call's result; with other arguments it raises
    `IdempotencyKeyReused`. Besides what each command says, all of them raise
    `InvalidInput`, `PlanNotFound` (`PlanGone` after a deletion), `ConcurrentChange`
    and the `StoreError`s.
    """

    def __init__(self, store: EventStore, *, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._streams = Streams(store)
        self._turns = tuple(Lock() for _ in range(_TURNS))

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
        """Let go of the store; closing twice is harmless."""
        self._store.close()

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
        return surrounded_by(
            {"actor": actor, "correlation_id": correlation_id, "idempotency_key": idempotency_key}
        )

    # --- commands ---

    def create(
        self,
        goal: str,
        tasks: Sequence[Mapping[str, Any] | TaskDraft],
        *,
        confidence_threshold: float | None = None,
        policy: Mapping[str, Any] | Policy | None = None,
        plan_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Register a plan; ids that are not given are made.

        With an idempotency key and no ids they are derived from the key, so that
        a retry finds the plan. Raises `PlanExists`.
        """
        draft = accept(
            PlanDraft,
            {
                "goal": goal,
                "tasks": tasks,
                "confidence_threshold": confidence_threshold,
                "policy": policy,
                "plan_id": plan_id,
                "metadata": {} if metadata is None else metadata,
            },
        )
        asked = current_call(call)
        key = asked.idempotency_key
        if key is None:
            at_id = draft.plan_id or self._new_id(PLAN_ID_DIGITS)
            wish = draft.command(lambda _place: self._new_id(TASK_ID_DIGITS))
        else:
            at_id = draft.plan_id or derived_id(PLAN_ID_DIGITS, "plan", key)
            wish = draft.command(lambda place: derived_id(TASK_ID_DIGITS, "task", key, place))
        return self._carry_out(at_id, wish, asked, PlanStatus.of, arguments=draft)

    def score_prompt(
        self,
        plan_id: str,
        task_id: str,
        score: float,
        *,
        scorer: Mapping[str, Any] | Scorer | None = None,
        rationale: str | None = None,
        evidence: Mapping[str, Any] | None = None,
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Record how clear a task's instruction was, in [0, 1]. Moves no status.

        A finite score outside [0, 1] is clamped, with a warning in the answer, or
        raises `InvalidScore`, as the plan's policy says. Raises `TaskNotFound`.
        """
        wish = accept(
            ScorePrompt,
            {
                "task_id": task_id,
                "score": score,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
            },
        )
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

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
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Record how good a task's result was, in [0, 1], and let the gate judge the plan.

        With `mark_done` the task is `done` if its confidence reaches the
        threshold, else `failed`. If the rolling confidence falls below the
        threshold the task is `replanning` and the replan is counted. A score
        outside [0, 1] is treated as in `score_prompt`. Raises `TaskNotFound`.
        """
        wish = accept(
            ScoreOutput,
            {
                "task_id": task_id,
                "score": score,
                "mark_done": mark_done,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
            },
        )
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

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
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Record a prompt score, an output score or both, in one atomic write."""
        wish = accept(
            UpdateScores,
            {
                "task_id": task_id,
                "prompt_score": prompt_score,
                "output_score": output_score,
                "mark_done": mark_done,
                "scorer": scorer,
                "rationale": rationale,
                "evidence": evidence,
            },
        )
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

    def record_scoring_failure(
        self,
        plan_id: str,
        task_id: str,
        kind: ScoreKind | str,
        reason: str,
        *,
        scorer: Mapping[str, Any] | Scorer | None = None,
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Record that a judge crashed or abstained. Moves no figure. Raises `TaskNotFound`."""
        wish = accept(
            RecordScoringFailure,
            {"task_id": task_id, "kind": kind, "reason": reason, "scorer": scorer},
        )
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

    def retract_score(
        self, plan_id: str, event_id: str, reason: str, **call: Unpack[CallOptions]
    ) -> PlanStatus:
        """Withdraw the score recorded as `event_id`; the one of its kind before counts again.

        The mistaken judgement stays in the history. Moves no status. Raises
        `ScoreNotFound` when no score that still stands has this event id.
        """
        wish = accept(RetractScore, {"event_id": event_id, "reason": reason})
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

    def mark_task(
        self,
        plan_id: str,
        task_id: str,
        status: TaskStatus | str,
        *,
        reason: str | None = None,
        **call: Unpack[CallOptions],
    ) -> PlanStatus:
        """Set a task's status by hand; to the status it has, nothing is recorded.

        Raises `TaskNotFound`.
        """
        wish = accept(MarkTask, {"task_id": task_id, "status": status, "reason": reason})
        return self._carry_out(plan_id, wish, current_call(call), PlanStatus.of)

    def next_task(self, plan_id: str, **call: Unpack[CallOptions]) -> TaskView | None:
        """Take the first pending task in plan order and move it to `in_progress`.

        None when nothing is pending; `get_status` then says whether the plan is
        `complete`, `blocked` or still `active`.
        """
        return self._carry_out(plan_id, ClaimNextTask(), current_call(call), _claimed_task)

    def delete(
        self, plan_id: str, *, reason: str | None = None, **call: Unpack[CallOptions]
    ) -> bool:
        """Take a plan out of the views; its history stays readable. False if it is not there."""
        wish = accept(DeletePlan, {"reason": reason})
        return self._carry_out(plan_id, wish, current_call(call), _anything_happened)

    # --- questions ---

    def get(self, plan_id: str) -> Plan | None:
        """The plan's whole state now, or None if it is not there or was deleted."""
        plan = self._streams.current(accept_identifier("plan_id", plan_id)).plan
        return plan if plan.exists else None

    def get_status(self, plan_id: str) -> PlanStatus:
        """How the plan stands now."""
        plan = self._streams.current(accept_identifier("plan_id", plan_id)).plan
        plan.require_alive()
        return PlanStatus.of(plan)

    def list_plans(self, *, limit: int | None = None) -> PlanList:
        """The plans that are there, oldest first: all of them, or the first `limit`.

        A plan with an event that cannot be read is named beside the others.
        """
        wanted = accept(Limit, {"limit": limit}).limit
        plans: list[PlanStatus] = []
        unreadable: list[UnreadablePlan] = []
        after = 0
        while page := self._store.plan_ids(after=after, limit=MAX_PAGE):
            for after, plan_id in page:  # noqa: B007  (the next page begins after the last)
                if len(plans) == wanted:
                    return PlanList(plans=tuple(plans), unreadable=tuple(unreadable))
                try:
                    plan = self.get(plan_id)
                except CorruptEvent as error:
                    unreadable.append(
                        UnreadablePlan(plan_id=plan_id, version=error.version, why=error.why)
                    )
                else:
                    plans += [PlanStatus.of(plan)] if plan else []
        return PlanList(plans=tuple(plans), unreadable=tuple(unreadable))

    def history(self, plan_id: str) -> Sequence[RecordedEvent]:
        """Everything that happened to a plan, in order, also after its deletion."""
        events = self._store.read(accept_identifier("plan_id", plan_id))
        if not events:
            raise PlanNotFound(plan_id)
        return events

    def events(self, *, after: int = 0, limit: int = 1_000) -> Sequence[RecordedEvent]:
        """The log of all plans in commit order: the `limit` events beyond a position.

        Go on with the position of the last one; an empty answer means there is
        nothing newer. At most 10,000 at a time.
        """
        page = accept(Page, {"after": after, "limit": limit})
        return self._store.read_all(after=page.after, limit=page.limit)

    # --- how a command is carried out ---

    def _carry_out(
        self,
        plan_id: str,
        wish: PlanCommand,
        call: Call,
        tell: _Tell[_Answer],
        *,
        arguments: Wish | None = None,
    ) -> _Answer:
        plan_id = accept_identifier("plan_id", plan_id)
        digest = _digest(arguments or wish) if call.idempotency_key else None
        with self._turns[hash(plan_id) % _TURNS]:
            for _ in range(ATTEMPTS):
                stream = self._streams.current(plan_id)
                receipt = stream.receipts.get(call.idempotency_key or "")
                if receipt is not None:
                    if receipt.arguments_digest != digest:
                        raise IdempotencyKeyReused(plan_id, call.idempotency_key or "")
                    plan, recorded = self._streams.as_recorded(plan_id, receipt)
                    return tell(plan, [entry.event for entry in recorded])
                now = self._clock().astimezone(UTC)
                events = decide(stream.plan, wish, now)
                if not events:
                    return tell(stream.plan, events)
                recorded = _recorded(stream.plan, events, call, digest, now)
                try:
                    self._store.append(recorded)
                except ConcurrentChange:
                    continue
                return tell(self._streams.keep(stream.followed_by(recorded)).plan, events)
        raise ConcurrentChange(plan_id)


def _recorded(
    plan: Plan, events: Sequence[PlanEvent], call: Call, digest: str | None, now: datetime
) -> list[RecordedEvent]:
    """The events in their envelopes; those after the first name it as their cause."""
    first = plan.version + 1
    return [
        RecordedEvent(
            event,
            Envelope(
                plan_id=plan.plan_id,
                version=version,
                recorded_at=now,
                actor=call.actor,
                correlation_id=call.correlation_id,
                causation_id=None if version == first else event_id(plan.plan_id, first),
                idempotency_key=call.idempotency_key if version == first else None,
                arguments_digest=digest if version == first else None,
            ),
        )
        for version, event in enumerate(events, start=first)
    ]


def _digest(arguments: Wish) -> str:
    """SHA-256 (hex) over a command's name and its arguments, defaults left out."""
    said = arguments.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps([type(arguments).__name__, said], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _claimed_task(plan: Plan, events: Sequence[PlanEvent]) -> TaskView | None:
    claimed = [event.task_id for event in events if isinstance(event, TaskStatusChanged)]
    return TaskView.of(plan.task(claimed[0]), plan.policy) if claimed else None


def _anything_happened(_plan: Plan, events: Sequence[PlanEvent]) -> bool:
    return bool(events)
