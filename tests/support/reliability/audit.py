"""Looks into a store after a catastrophe: is everything that was promised there, and whole?"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.events import PlanEvent, TaskStatusChanged
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import StatusCause
from tests.support.reliability.acks import Promises
from tests.support.reliability.errands import Answer, Errand
from tests.support.stores import sqlite_event_store

_PAGE = 5_000


@dataclass
class Findings:
    """What the audit counted, and everything that is wrong; each list should be empty."""

    acknowledged: int = 0
    commands: int = 0
    events: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half_written: list[str] = field(default_factory=list)
    untrue_answers: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    handed_out_twice: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, Any]:
        """What is wrong, by its kind; empty when all is well."""
        lists = {kind: some for kind, some in vars(self).items() if isinstance(some, list)}
        return {kind: some[:5] for kind, some in lists.items() if some}

    @property
    def figures(self) -> dict[str, int]:
        """Everything as numbers, to be printed."""
        return {
            kind: len(value) if isinstance(value, list) else value
            for kind, value in vars(self).items()
        }


def audit(database: Path, promises: Promises) -> Findings:
    """Compare a SQLite file with what was promised."""
    findings = Findings(acknowledged=len(promises.kept))
    with closing(sqlite3.connect(database)) as connection:
        for (complaint,) in connection.execute("PRAGMA integrity_check"):
            findings.damage += [] if complaint == "ok" else [complaint]
    with closing(sqlite_event_store(database, pragmas={"synchronous": "OFF"})) as store:
        _Audit(promises, findings).go_through(store)
    return findings


class _Audit:
    """Goes through the whole log, command by command, and decides each anew."""

    def __init__(self, promises: Promises, findings: Findings) -> None:
        self._promises = promises
        self._findings = findings
        self._plans: dict[str, Plan] = {}
        self._times: Counter[str] = Counter()
        self._claimed: Counter[str] = Counter()
        self._true_answers: dict[str, Answer] = {}
        self._marks = _marks_by_version(promises)

    def go_through(self, store: EventStore) -> None:
        for command in self._commands(store):
            self._look_at(command)
        found = self._findings
        for key, answer in self._promises.kept.items():
            if answer is not None and key not in self._true_answers:
                found.lost.append(key)
            elif answer != self._true_answers.get(key):
                found.untrue_answers.append(key)
        found.doubled += [key for key, times in self._times.items() if times > 1]
        found.handed_out_twice += [task for task, times in self._claimed.items() if times > 1]

    def _commands(self, store: EventStore) -> Iterator[list[RecordedEvent]]:
        """The log, cut into commands: an event without a cause begins one."""
        command: list[RecordedEvent] = []
        after = 0
        while page := store.read_all(after=after, limit=_PAGE):
            for recorded in page:
                envelope = recorded.envelope
                if envelope.causation_id is None:
                    if command:
                        yield command
                    command = [recorded]
                elif command and envelope.causation_id == command[0].envelope.event_id:
                    command.append(recorded)
                else:
                    self._findings.half_written.append(envelope.event_id)
                after = envelope.position or 0
        if command:
            yield command

    def _look_at(self, command: list[RecordedEvent]) -> None:
        first = command[0].envelope
        key = first.idempotency_key or ""
        plan = self._plans.get(first.plan_id, Plan(first.plan_id))
        if first.version != plan.version + 1:
            self._findings.gaps.append(first.event_id)
        if [recorded.event for recorded in command] != _decided_anew(plan, key, command):
            self._findings.half_written.append(key)
        for recorded in command:
            plan = self._after(plan, recorded, key)
        self._plans[plan.plan_id] = plan
        self._true_answers.setdefault(key, plan.version)
        self._times[key] += 1
        self._findings.commands += 1
        self._findings.events += len(command)

    def _after(self, plan: Plan, recorded: RecordedEvent, key: str) -> Plan:
        event = recorded.event
        plan = evolve(plan, event)
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            self._claimed[f"{plan.plan_id}/{event.task_id}"] += 1
            self._true_answers[key] = event.task_id
        for mark in self._marks.get((plan.plan_id, plan.version), ()):
            if plan.task(mark.task_id).status == mark.value:
                self._true_answers[mark.key] = plan.version
        return plan


def _decided_anew(plan: Plan, key: str, command: list[RecordedEvent]) -> list[PlanEvent]:
    """The events that the command of this key brings about on the plan as it was."""
    try:
        return list(decide(plan, Errand.of(key).command(), command[0].event.at))
    except (PlangateError, TypeError):
        return []


def _marks_by_version(promises: Promises) -> dict[tuple[str, int], list[Errand]]:
    """A mark may rightly record nothing: then the task had that status at the version given."""
    marks: dict[tuple[str, int], list[Errand]] = {}
    for key, answer in promises.kept.items():
        errand = Errand.of(key)
        if errand.op == "mark_task" and isinstance(answer, int):
            marks.setdefault((errand.plan_id, answer), []).append(errand)
    return marks
