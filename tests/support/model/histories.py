"""Recorded histories of one plan, given or random."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime

from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.recover_command import recover_command
from plangate.application.rerun.rerun import RerunStep, rerun
from plangate.domain.commands import PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from tests.support.examples import NOON, PLAN
from tests.support.model.commands import random_command
from tests.support.model.comparison import DEPENDENCIES, POLICIES, a_plan, at
from tests.support.model.naive import NaivePlan, Refused


def recorded(plan: Plan, events: Sequence[PlanEvent]) -> RecordedCommand:
    """The events of one command as they are recorded."""
    first = event_id(plan.plan_id, plan.version + 1)
    entries = [
        RecordedEvent(
            event,
            Envelope(
                plan_id=plan.plan_id,
                version=version,
                recorded_at=event.at,
                causation_id=None if version == plan.version + 1 else first,
            ),
        )
        for version, event in enumerate(events, plan.version + 1)
    ]
    return RecordedCommand(plan, tuple(entries))


def history(*commands: PlanCommand | tuple[PlanCommand, datetime]) -> list[RecordedCommand]:
    """The history of commands that are all granted, at noon unless their time is given."""
    plan, made = Plan(PLAN), list[RecordedCommand]()
    for given in commands:
        command, now = given if isinstance(given, tuple) else (given, NOON)
        made.append(recorded(plan, decide(plan, command, now)))
        plan = made[-1].after
    return made


def recovered(command: RecordedCommand) -> PlanCommand:
    """The command that led to recorded events; raises `Unexplained` if none can have."""
    return recover_command(command.before, command.events)


def facts(command: RecordedCommand) -> list[PlanEvent]:
    """A command's events without their envelopes."""
    return [entry.event for entry in command.events]


def again(commands: Iterable[RecordedCommand], policy: Policy | None = None) -> list[RerunStep]:
    """The same inputs once more, under another policy or that of each plan."""
    return list(rerun(commands, lambda own: policy or own))


def some_history(
    chance: random.Random, commands: int, among: tuple[type[PlanCommand], ...] = ()
) -> list[RecordedCommand]:
    """The history of so many random commands, of every kind or only those `among` some.

    A command that is refused or records nothing leaves no trace.
    """
    creation, naive = a_plan(
        chance.randint(1, 5), chance.randrange(len(POLICIES)), chance.randrange(len(DEPENDENCIES))
    )
    plan = Plan(naive.plan_id)
    made = [recorded(plan, decide(plan, creation, at(naive)))]
    for _ in range(commands):
        naive.now += chance.choice([0, 1, 1, 5, 40])
        made += _accepted(made[-1].after, chance, naive, among)
    return made


def _accepted(
    plan: Plan, chance: random.Random, naive: NaivePlan, among: tuple[type[PlanCommand], ...]
) -> list[RecordedCommand]:
    command, model = random_command(chance, naive)
    if among and not isinstance(command, among):
        return []
    try:
        events = decide(plan, command, at(naive))
        model()
    except (PlangateError, Refused):
        return []
    return [recorded(plan, events)] if events else []
