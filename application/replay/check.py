"""Decide every recorded command again, under the policy that was recorded with it.

Each command starts from the state after the recorded events before it, so one wrong
decision is one mismatch and does not spoil the commands after it. The input of a command
is taken as given: whether it was altered later is a question for the ledger.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.replay.event_diff import EventFacts, EventPair, differences, differing
from plangate.application.rerun.recorded_commands import RecordedCommand, commands_of
from plangate.application.results import Result
from plangate.domain.decisions import grant
from plangate.domain.errors import PlangateError
from plangate.domain.event_ids import event_id

MAX_LISTED: Final = 1_000
"""How many mismatches are listed; all are counted."""


class MismatchKind(StrEnum):
    """What is wrong with a recorded event.

    `wrong`: the rules give another event. `missing`: the rules give one more after it.
    `undue`: the rules do not give it. `refused`: the rules refuse the command.
    `unexplained`: no command leads to it. `unreadable`: it is missing or cannot be read,
    so the rest of its plan is not checked.
    """

    WRONG = "wrong"
    MISSING = "missing"
    UNDUE = "undue"
    REFUSED = "refused"
    UNEXPLAINED = "unexplained"
    UNREADABLE = "unreadable"


class Mismatch(Result):
    """A recorded event, what the rules give instead, and the `fields` in which they differ."""

    event_id: str
    kind: MismatchKind
    why: str
    fields: tuple[str, ...] = ()
    recorded: EventFacts | None = None
    expected: EventFacts | None = None


class CheckReport(Result):
    """How much was checked, and what does not match.

    `mismatches` lists the first 1,000; `mismatch_count` counts all.
    """

    plans: int
    commands: int
    events: int
    mismatch_count: int
    mismatches: tuple[Mismatch, ...]


class Check:
    """Checks plans one after the other, in constant memory."""

    passes = 1

    def __init__(self) -> None:
        self.plans = self.commands = self.events = self.found = 0
        self.listed: list[Mismatch] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Check every command of a plan, up to the first event that cannot be read."""
        self.plans += 1
        try:
            for command in commands_of(store, plan_id):
                self.commands += 1
                self.events += len(command.events)
                for mismatch in mismatches(command):
                    self._list(mismatch)
        except UnreadableEvent as error:
            why = f"{error.why}; the rest of the plan is not checked"
            name = event_id(error.plan_id, error.version)
            self._list(Mismatch(event_id=name, kind=MismatchKind.UNREADABLE, why=why))

    def extend(self, part: "Check") -> None:
        """Add what was found about the plans that follow."""
        self.plans += part.plans
        self.commands += part.commands
        self.events += part.events
        self.found += part.found
        self.listed += part.listed[: MAX_LISTED - len(self.listed)]

    def report(self) -> CheckReport:
        """Everything found so far."""
        return CheckReport(
            plans=self.plans,
            commands=self.commands,
            events=self.events,
            mismatch_count=self.found,
            mismatches=tuple(self.listed),
        )

    def _list(self, mismatch: Mismatch) -> None:
        self.found += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(mismatch)


def mismatches(command: RecordedCommand) -> Iterator[Mismatch]:
    """Decide a recorded command again and compare; equal events are not applied once more."""
    recorded, given = [entry.event for entry in command.events], command.given
    if isinstance(given, str):
        yield _of_the_first(command, MismatchKind.UNEXPLAINED, given)
        return
    try:
        decided, after = grant(command.before, given, command.at)
    except PlangateError as refusal:
        yield _of_the_first(command, MismatchKind.REFUSED, f"the rules refuse it: {refusal}")
    else:
        if recorded == decided:
            command.led_to(after)
            return
        for pair in differences(recorded, decided):
            if pair.recorded is not None or command.whole:
                yield _mismatch(command, pair)


def _of_the_first(command: RecordedCommand, kind: MismatchKind, why: str) -> Mismatch:
    recorded = EventFacts.of(command.events[0].event)
    return Mismatch(event_id=command.event_id, kind=kind, why=why, recorded=recorded)


def _mismatch(command: RecordedCommand, pair: EventPair) -> Mismatch:
    recorded, expected = pair.recorded, pair.decided
    fields: tuple[str, ...] = ()
    if recorded is None:
        kind, why = MismatchKind.MISSING, "the rules give another event after it, which is missing"
    elif expected is None:
        kind, why = MismatchKind.UNDUE, "the rules do not give it"
    else:
        kind, why = MismatchKind.WRONG, "the rules give another event"
        if type(recorded) is type(expected):
            fields = differing(recorded, expected)
            why = f"the rules give another {' and '.join(fields)}"
    return Mismatch(
        event_id=command.events[pair.place_in_command].envelope.event_id,
        kind=kind,
        why=why,
        fields=fields,
        recorded=EventFacts.of(recorded),
        expected=EventFacts.of(expected),
    )
