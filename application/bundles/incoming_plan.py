"""A plan of a bundle on its way into a store: what must not come in, and what is only listed.

Events that the store does not have must be within the bounds of commands, and must leave a
plan that commands can leave. Each of their commands is decided again, as by `replay.check`.
A difference is listed and not refused: the rules may have been others at the time.
"""

from collections.abc import Callable
from typing import Final

from plangate.application.bundles.format import BundlePlan, PlanDigest
from plangate.application.event_store import EventStore
from plangate.application.plan_log import Step, stored_plan_events
from plangate.application.recorded_event import Envelope, RecordedEvent, StoredEntry
from plangate.application.replay.check import Mismatch, mismatches
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.events import PlanErased
from plangate.domain.invariants import changes_tasks, require_possible, require_whole
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_TASKS

MAX_COMMAND: Final = 2 * MAX_TASKS
"""No command records so many events: each task once, and what else it does."""


class IncomingPlan:
    """A plan of the bundle beside the same plan in the store, if it is there.

    `present` counts the events that the store has too, `erased_at` is the version of the
    newest erasure; each mismatch of a new decision is passed to `report`.
    """

    def __init__(self, store: EventStore, plan_id: str, report: Callable[[Mismatch], None]) -> None:
        self.plan_id = plan_id
        self.present = self.erased_at = 0
        self._format = store.format
        self._report = report
        self._digest = PlanDigest(plan_id, store.format)
        self._stored = stored_plan_events(store, plan_id)
        self._before = self._after = Plan(plan_id)
        self._command: list[RecordedEvent] = []
        self._is_new = self._changed_tasks = False

    def add(self, entry: StoredEntry) -> bool:
        """Add the next event; whether the store has the same one, or none.

        Raises `CorruptEvent`, and ValueError for one that must not come in.
        """
        step, form = self._digest.add(entry)
        stored = next(self._stored, None)
        cause = step.recorded.envelope.causation_id
        if not self._command or cause != self._command[0].envelope.event_id:
            self._end_command()
            self._before = step.before
        if stored is None:
            self._require_recordable(entry, step)
        self._command.append(step.recorded)
        self._after = step.after
        if isinstance(step.recorded.event, PlanErased):
            self.erased_at = entry.version
        if stored is None:
            self._is_new = True
            self._changed_tasks |= changes_tasks(step.recorded.event)
            return True
        self.present += 1
        return stored.version == entry.version and self._format.content_form(stored) == form

    def closing(self) -> BundlePlan:
        """The line after the plan's events; raises ValueError as `add` does."""
        self._end_command()
        return self._digest.closing()

    def _require_recordable(self, entry: StoredEntry, step: Step) -> None:
        try:
            self._format.require_bounds(entry)
            require_possible(step.before, step.recorded.event)
            self._require_place_in_command(step.recorded.envelope)
        except InvalidInput as refused:
            raise _not_by_a_command(step.recorded, refused) from None

    def _require_place_in_command(self, envelope: Envelope) -> None:
        if envelope.causation_id is None:
            return
        if not self._command:
            field = "meta.causation_id"
            problem = f"must name the first event of the same command, not {envelope.causation_id}"
        elif envelope.idempotency_key or envelope.arguments_digest:
            field, problem = "meta.idempotency_key", "is only on the first event of a command"
        elif len(self._command) == MAX_COMMAND:
            field, problem = "meta.causation_id", f"{MAX_COMMAND} events have the same cause"
        else:
            return
        raise InvalidInput([Problem(field, problem)])

    def _end_command(self) -> None:
        """Judge the command that all events since the last one belong to."""
        if self._is_new:
            if self._changed_tasks:
                try:
                    require_whole(self._after)
                except InvalidInput as refused:
                    raise _not_by_a_command(self._command[-1], refused) from None
            command = RecordedCommand(self._before, tuple(self._command))
            for mismatch in mismatches(command):
                self._report(mismatch)
        self._command = []
        self._is_new = self._changed_tasks = False


def _not_by_a_command(recorded: RecordedEvent, refused: InvalidInput) -> ValueError:
    name = recorded.envelope.event_id
    return ValueError(f"event {name} is nothing that a command records: {refused}")
