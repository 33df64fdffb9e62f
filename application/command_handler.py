"""Decide on the remembered plan, record; decide on the current one when it has changed.

That an event follows the plan's newest one is checked as it is recorded, so nothing needs to
be read before. What records nothing is decided on the current plan alone.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Final, NamedTuple

from plangate.application import telemetry
from plangate.application.command_context import CommandContext
from plangate.application.errors import (
    ConcurrentChange,
    IdempotencyKeyReused,
    PredecessorMissing,
    TransactionConflict,
)
from plangate.application.event_store import Clock, EventStore, KeyUsed
from plangate.application.forks import renew_in_child
from plangate.application.idempotency import arguments_digest
from plangate.application.recorded_event import Envelope, RecordedEvent, StoredEntry
from plangate.application.stream_cache import Receipt, Stream, StreamCache
from plangate.application.validation import validate_identifier
from plangate.domain.commands import Command, PlanCommand
from plangate.domain.decisions import grant
from plangate.domain.errors import PlangateError, VersionMismatch
from plangate.domain.event_bounds import require_size
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent
from plangate.domain.plan import Plan

ATTEMPTS: Final = 100
"""How often a command is decided while other writers keep changing its plan."""

_WITHOUT_TURN: Final = 2
"""Attempts before a turn is taken. A single writer needs none; of many, most decide in vain."""

_TURNS: Final = 64

Record = Callable[[Sequence[RecordedEvent], StoredEntry | None], StoredEntry | None]
"""Records a command's events behind the plan's last known one, as `append` does."""


class Handled(NamedTuple):
    """The plan before and after a command, and what the command recorded, if anything.

    `at` is the time of its decision.
    """

    before: Plan
    plan: Plan
    recorded: Sequence[RecordedEvent]
    at: datetime


class Together(NamedTuple):
    """One of several commands that are recorded together.

    `arguments_digest` is that of the caller's arguments, where they are not the command itself.
    """

    command: PlanCommand
    context: CommandContext
    arguments_digest: str | None = None


class _Execution(NamedTuple):
    """A command, on whose behalf, the digest of its arguments, and how it is recorded."""

    command: PlanCommand
    context: CommandContext
    digest: str | None
    record: Record


class CommandHandler:
    """Handles commands on the plans of one store; safe to share between threads."""

    def __init__(
        self,
        store: EventStore,
        streams: StreamCache,
        clock: Clock,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """`announce` is called after each command that recorded events."""
        self._store = store
        self._announce = announce
        self._streams = streams
        self._clock = clock
        self._renew_turns()
        renew_in_child(self._renew_turns)

    def _renew_turns(self) -> None:
        self._turns = tuple(Lock() for _ in range(_TURNS))

    def now(self) -> datetime:
        """The time now, in UTC."""
        return self._clock().astimezone(UTC)

    def handle(
        self,
        plan_id: str,
        command: PlanCommand,
        context: CommandContext,
        *,
        arguments: Command | None = None,
        record: Record | None = None,
    ) -> Handled:
        """Record the events of a command, or find those that it recorded before.

        A retry has the idempotency key of the context and the same `arguments`: those of
        the caller, where they are not the command itself. Once the plan's text is erased
        the key alone decides. `record` replaces appending the events. Raises as `decide`,
        `VersionMismatch`, `IdempotencyKeyReused`, `ConcurrentChange` and `LogWentBack`.
        """
        plan_id = validate_identifier("plan_id", plan_id)
        digest = arguments_digest(arguments or command) if context.idempotency_key else None
        execution = _Execution(command, context, digest, record or self._append)

        def on_current() -> Handled | None:
            return self._execute(execution, self._streams.current(plan_id), is_current=True)

        with self._turns[hash(plan_id) % _TURNS]:
            for attempt in range(ATTEMPTS):
                remembered = None if attempt else self._streams.remembered(plan_id)
                if remembered is not None:
                    handled = self._execute(execution, remembered, is_current=False)
                elif attempt < _WITHOUT_TURN:
                    handled = on_current()
                else:
                    handled = self._store.turn(plan_id, on_current)
                if handled is not None:
                    return handled
        telemetry.log.warning("the plan %r kept changing under a command", plan_id)
        raise ConcurrentChange(plan_id)

    def handle_together(
        self,
        plan_id: str,
        given: Callable[[Stream], Sequence[Together]],
    ) -> Sequence[RecordedEvent]:
        """Record the events of several commands on one plan: all of them, or none.

        `given` says which, for the plan as it is; no one sees the plan between them. Raises as
        `decide`, and `ConcurrentChange`; repeated keys are not looked for.
        """
        plan_id = validate_identifier("plan_id", plan_id)

        def on_current() -> Sequence[RecordedEvent] | None:
            stream, now = self._streams.current(plan_id), self.now()
            plan, recorded = stream.plan, list[RecordedEvent]()
            for command, context, of_arguments in given(stream):
                events, after = grant(plan, command, now)
                require_size(events)
                own = arguments_digest(command) if context.idempotency_key else None
                digest = of_arguments or own
                recorded += _recorded(plan, events, context, digest, now) if events else ()
                plan = after
            if not recorded:
                return ()
            try:
                self._store.append(recorded, after=stream.last)
            except TransactionConflict:
                raise
            except (ConcurrentChange, PredecessorMissing):
                telemetry.conflict(plan_id)
                return None
            self._announce()
            telemetry.recorded([one.event for one in recorded])
            return recorded

        with self._turns[hash(plan_id) % _TURNS]:
            for _ in range(ATTEMPTS):
                recorded = self._store.turn(plan_id, on_current)
                if recorded is not None:
                    return recorded
        raise ConcurrentChange(plan_id)

    def _execute(
        self, execution: _Execution, stream: Stream, *, is_current: bool
    ) -> Handled | None:
        """Decide and record; None where that must be done again on the current stream.

        A remembered stream may be old. If so, the events are refused as they are recorded;
        all other answers must be given on what is in the log now.
        """
        receipt = stream.receipts.get(execution.context.idempotency_key or "")
        if receipt is not None:
            return self._repeated(execution, stream, receipt) if is_current else None
        now = self.now()
        try:
            _require_version(stream.plan, execution.context.if_version)
            events, plan = grant(stream.plan, execution.command, now)
            require_size(events)
        except PlangateError:
            if is_current:
                raise
            return None
        if not events:
            return Handled(stream.plan, stream.plan, (), now) if is_current else None
        recorded = _recorded(stream.plan, events, execution.context, execution.digest, now)
        try:
            last = execution.record(recorded, stream.last)
        except TransactionConflict:  # which the next attempt would meet again
            raise
        except (ConcurrentChange, PredecessorMissing):
            telemetry.conflict(stream.plan.plan_id)
            return None
        except KeyUsed:
            if is_current:
                raise
            return None
        self._announce()
        telemetry.recorded(events)
        after = self._streams.keep(stream.led_to(plan, recorded, last)).plan
        return Handled(stream.plan, after, recorded, now)

    def _repeated(self, execution: _Execution, stream: Stream, receipt: Receipt) -> Handled:
        """What the command recorded when it was executed first."""
        if receipt.arguments_digest not in {None, execution.digest}:
            key = execution.context.idempotency_key or ""
            raise IdempotencyKeyReused(stream.plan.plan_id, key)
        before, plan, recorded = self._streams.as_recorded(stream, receipt)
        return Handled(before, plan, recorded, recorded[0].event.at)

    def _append(self, recorded: Sequence[RecordedEvent], after: StoredEntry | None) -> StoredEntry:
        return self._store.append(recorded, after=after)


def _require_version(plan: Plan, version: int | None) -> None:
    if version not in {None, plan.version}:
        raise VersionMismatch(plan.plan_id, version or 0, plan.version)


def _recorded(
    plan: Plan,
    events: Sequence[PlanEvent],
    context: CommandContext,
    digest: str | None,
    now: datetime,
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
                actor=context.actor,
                correlation_id=context.correlation_id,
                causation_id=None if version == first else event_id(plan.plan_id, first),
                idempotency_key=context.idempotency_key if version == first else None,
                arguments_digest=digest if version == first else None,
            ),
        )
        for version, event in enumerate(events, start=first)
    ]
