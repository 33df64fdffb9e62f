"""Every recorded decision made once more, under the policy that was recorded with it.

Each command is judged from the state that the recorded events before it lead to, so
a wrong decision is one finding and does not make those after it wrong. What somebody
asked for cannot be wrong; that nobody altered it afterwards is not for this check to
prove.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.replay.event_diff import EventFacts, EventPair, differences, differing
from plangate.application.replay.recorded_commands import RecordedCommand, commands_of
from plangate.application.replay.recover_command import Unexplained, recover_command
from plangate.application.results import Result
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.event_ids import event_id

MAX_LISTED: Final = 1_000
"""So many mismatches are listed; all are counted."""


class MismatchKind(StrEnum):
    """What is wrong about a recorded event.

    `wrong`: the rules give other facts. `missing`: they give one more event after it.
    `undue`: they do not give it. `refused`: they refuse what it granted. `unexplained`:
    no command brings it about. `unreadable`: it is missing or cannot be read, and the
    rest of its plan is not judged.
    """

    WRONG = "wrong"
    MISSING = "missing"
    UNDUE = "undue"
    REFUSED = "refused"
    UNEXPLAINED = "unexplained"
    UNREADABLE = "unreadable"


class Mismatch(Result):
    """A recorded event that is not what the rules give, and what they give instead.

    `fields` are those in which the two differ.
    """

    event_id: str
    kind: MismatchKind
    why: str
    fields: tuple[str, ...] = ()
    recorded: EventFacts | None = None
    expected: EventFacts | None = None


class CheckReport(Result):
    """How much was judged, and what does not match.

    `mismatches` lists the first 1,000; `mismatch_count` counts all of them.
    """

    plans: int
    commands: int
    events: int
    mismatch_count: int
    mismatches: tuple[Mismatch, ...]


class Check:
    """Judges plans one after the other, and keeps no more of them than a page of events."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._plans = self._commands = self._events = self._found = 0
        self._listed: list[Mismatch] = []

    def judge(self, plan_id: str) -> None:
        """Judge every command of a plan, up to the first event that cannot be read."""
        self._plans += 1
        try:
            for command in commands_of(self._store, plan_id):
                self._commands += 1
                self._events += len(command.events)
                self._note(mismatches(command))
        except CorruptEvent as error:
            self._note(iter([_unreadable(error)]))

    def report(self) -> CheckReport:
        """What was found so far."""
        return CheckReport(
            plans=self._plans,
            commands=self._commands,
            events=self._events,
            mismatch_count=self._found,
            mismatches=tuple(self._listed),
        )

    def _note(self, found: Iterator[Mismatch]) -> None:
        for mismatch in found:
            self._found += 1
            if len(self._listed) < MAX_LISTED:
                self._listed.append(mismatch)


def mismatches(command: RecordedCommand) -> Iterator[Mismatch]:
    """What of a recorded command the rules do not give."""
    recorded = [entry.event for entry in command.events]
    try:
        decided = decide(command.before, recover_command(command), command.at)
    except Unexplained as why:
        yield _of_the_first(command, MismatchKind.UNEXPLAINED, str(why))
    except PlangateError as refusal:
        yield _of_the_first(command, MismatchKind.REFUSED, f"the rules refuse it: {refusal}")
    else:
        for apart in differences(recorded, decided):
            if apart.recorded is not None or command.whole:
                yield _mismatch(command, apart)


def _of_the_first(command: RecordedCommand, kind: MismatchKind, why: str) -> Mismatch:
    recorded = EventFacts.of(command.events[0].event)
    return Mismatch(event_id=command.event_id, kind=kind, why=why, recorded=recorded)


def _mismatch(command: RecordedCommand, apart: EventPair) -> Mismatch:
    recorded, expected = apart.recorded, apart.decided
    fields: tuple[str, ...] = ()
    if recorded is None:
        kind, why = MismatchKind.MISSING, "after it the rules give an event that is not there"
    elif expected is None:
        kind, why = MismatchKind.UNDUE, "the rules do not give it"
    else:
        kind, why = MismatchKind.WRONG, "the rules give another event"
        if type(recorded) is type(expected):
            fields = differing(recorded, expected)
            why = f"the rules give another {' and '.join(fields)}"
    return Mismatch(
        event_id=command.events[apart.place].envelope.event_id,
        kind=kind,
        why=why,
        fields=fields,
        recorded=None if recorded is None else EventFacts.of(recorded),
        expected=None if expected is None else EventFacts.of(expected),
    )


def _unreadable(error: CorruptEvent) -> Mismatch:
    why = f"{error.why}; what follows it in the plan is not judged"
    name = event_id(error.plan_id, error.version)
    return Mismatch(event_id=name, kind=MismatchKind.UNREADABLE, why=why)
