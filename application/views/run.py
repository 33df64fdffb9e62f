"""A plan's next events, folded once for all views: what each needs of the plan after each event.

A view that shows plans as they are looks at the plan after the whole run. One that has a row
for an event finds in its step what the plan was like right after it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from plangate.application.plan_log import known_position, require_next
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.events import TaskScored, Touches, touches
from plangate.domain.evolve import apply
from plangate.domain.plan import Plan
from plangate.domain.plan_draft import PlanDraft
from plangate.domain.task import Task


class AppliedEvent(NamedTuple):
    """An event of a plan, and some of the plan right after it.

    `task` is the one that the event happened to, if it is in the plan; `joined` are the tasks
    that the event brought. `rolling_confidence` is there after a score.
    """

    recorded: RecordedEvent
    about: Touches
    joined: Sequence[str]
    task: Task | None
    replan_count: int
    rolling_confidence: float | None

    @property
    def position(self) -> int:
        """Where the event is in the log; raises `StoreError` for an engine without positions."""
        return known_position(self.recorded.envelope.position)


@dataclass(frozen=True, slots=True)
class Run:
    """Some next events of a plan, at least one, and the plan before and after them."""

    before: Plan
    steps: Sequence[AppliedEvent]
    after: Plan


def applied(draft: PlanDraft, events: Iterable[RecordedEvent]) -> Iterator[AppliedEvent]:
    """Apply a plan's next events to its draft, each when it is asked for.

    Raises `CorruptEvent` where an event is missing.
    """
    plan = draft.plan
    for recorded in events:
        event = recorded.event
        require_next(plan.plan_id, plan.version + 1, recorded)
        about = touches(event)
        ids = about.task_ids
        # What brings a task brings its title.
        joined = [one for one in ids if draft.task(one) is None] if about.text else ()
        apply(draft, event)
        task = draft.task(ids[0]) if ids else None
        scored = draft.confidences().rolling_confidence if type(event) is TaskScored else None
        yield AppliedEvent(recorded, about, joined, task, plan.replan_count, scored)


def one_by_one(run: Run) -> Iterator[Run]:
    """The same events, each as a run of its own."""
    plan = run.before
    for step in run.steps:
        draft = PlanDraft(plan)
        steps = tuple(applied(draft, (step.recorded,)))
        alone = Run(plan, steps, draft.frozen())
        plan = alone.after
        yield alone
