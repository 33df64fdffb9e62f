"""What changes here when a source has gone on since its plan was imported.

Three states are compared: what the imports recorded last, what the source says now, and the
plan. What only the source changed is changed here; what was scored or changed here stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any, Final

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.former_source import FormerSource
from plangate.application.importing.older_imports import FormerPlan, is_older_import, resembles
from plangate.application.recorded_event import RecordedEvent
from plangate.application.reordering import tasks_to_move
from plangate.application.results import Result
from plangate.domain import commands, events
from plangate.domain.plan import Plan
from plangate.domain.task import Deferral, Task
from plangate.domain.vocabulary import MAX_CHANGES, TaskStatus

_TEXT: Final = ("title", "description", "metadata")
_FIELDS: Final = (*_TEXT, "depends_on", "priority", "labels")
_UNSUCCESSFUL: Final = {TaskStatus.FAILED, TaskStatus.REPLANNING}


class TaskChange(Result):
    """What an import does to one task: `change` is added, changed, dropped, or a new status.

    `fields` are those of a task that is changed.
    """

    task_id: str
    title: str | None
    change: str
    fields: tuple[str, ...] = ()


class Update:
    """The commands that bring a plan up to its source, what they do, and what stays."""

    def __init__(
        self,
        plan: Plan,
        imported: Sequence[RecordedEvent],
        source: Plan,
        former: FormerPlan | None = None,
    ) -> None:
        """`imported` are the events of the plan, `source` is the plan as a first import.

        `former` is what an earlier version made of the source, by other rules.
        """
        self._plan = plan
        former_source = FormerSource.of(imported)
        self._base, self._base_order = former_source.tasks, former_source.order
        self._scored_by_imports = former_source.scores
        self._source = source
        self._ids = {task_id: self._id_here(task_id) for task_id in source.order}
        self._revision: list[commands.Change] = []
        self._moves: list[commands.PlanCommand] = []
        self._dropped: set[str] = set()
        self._added: dict[str, str | None] = {}
        """The tasks that are added, each with the task here that it comes somewhere behind."""
        self.changes: list[TaskChange] = []
        self.stays: list[NotCarried] = []
        is_older = is_older_import(imported)
        self.is_of_another = is_older and not resembles(self._base, source, former)
        if is_older and former is not None and former.is_unchanged(self._base, source):
            self._add_left_out(former.left_out)
        else:
            self._compare()

    def commands(self, reason: str) -> Iterator[commands.PlanCommand]:
        """The commands, with the reason for the revision."""
        for first in range(0, len(self._revision), MAX_CHANGES):
            part = tuple(self._revision[first : first + MAX_CHANGES])
            yield commands.RevisePlan(reason=reason, changes=part)
        for move in self._moves:
            if isinstance(move, commands.UpdateScores):
                yield move.model_copy(update={"rationale": reason})
            elif isinstance(move, commands.DeferTask):
                yield move
            else:
                yield move.model_copy(update={"reason": reason})

    def _id_here(self, task_id: str) -> str:
        """The id here of a task of the source: another where its own was used before."""
        theirs, plan = self._source.tasks, self._plan
        others = (f"{task_id:.180}-{number}" for number in count(2))
        return next(
            here
            for here in chain([task_id], others)
            if (here == task_id or here not in theirs)
            and (here in self._base or here in plan.tasks or here not in plan.retired)
        )

    def _compare(self) -> None:
        source, here = self._source, self._ids
        self._compare_the_plan()
        self._drop(set(here.values()))
        before: str | None = None
        for theirs in source:
            task_id = here[theirs.id]
            base, ours = self._base.get(task_id), self._plan.tasks.get(task_id)
            if ours is not None:
                self._change(theirs, base or ours, ours)
                before = task_id
            elif base is not None:
                self._stay(task_id, "it was taken out of the plan here", "in the source", None)
            else:
                self._add(theirs, before)
                before = task_id
        self._reorder()

    def _reorder(self) -> None:
        """Move tasks where the source has them in another order than when it was imported."""
        source = {self._ids[task.id]: task for task in self._source}
        were = [task_id for task_id in self._base_order if task_id in source]
        if were == [task_id for task_id in source if task_id in self._base]:
            return
        here = self._order_with_added()
        there = set(here)
        wanted = [task_id for task_id in source if task_id in there]
        moving, behind = tasks_to_move(here, wanted), None
        first = next((task_id for task_id in wanted if task_id not in moving), None)
        for task_id in wanted:
            if task_id in moving:
                ahead = first if behind is None else None
                moved = commands.MoveTask(task_id=task_id, after=behind, before=ahead)
                self._revision.append(moved)
                self._say(task_id, source[task_id].title, "moved")
            behind = task_id

    def _order_with_added(self) -> list[str]:
        """The tasks in the order that the plan has once tasks are dropped and added."""
        behind: dict[str | None, list[str]] = {}
        for task_id, anchor in self._added.items():
            behind.setdefault(anchor, []).append(task_id)
        order = behind.get(None, [])
        for task_id in self._plan.order:
            if task_id not in self._dropped:
                order += [task_id, *behind.get(task_id, ())]
        return order

    def _add_left_out(self, left_out: frozenset[str]) -> None:
        """Add the tasks that an earlier version left out, and let others wait for them."""
        before: str | None = None
        for theirs in self._source:
            task_id = self._ids[theirs.id]
            ours = self._plan.tasks.get(task_id)
            if ours is None and theirs.id in left_out and task_id not in self._base:
                known = (*self._plan.order, *left_out)
                on = tuple(on for on in theirs.depends_on if on in known)
                self._add(replace(theirs, depends_on=on), before)
            elif ours is None:
                continue
            elif ours.status is TaskStatus.PENDING:
                self._wait(theirs, ours, left_out)
            before = task_id

    def _wait(self, theirs: Task, ours: Task, left_out: frozenset[str]) -> None:
        added = (on for on in theirs.depends_on if on in left_out)
        more = [on for on in map(self._ids.__getitem__, added) if on not in ours.depends_on]
        more = [on for on in more if on in self._plan.tasks or on not in self._base]
        if more:
            depends_on = (*ours.depends_on, *more)
            self._revision.append(commands.ChangeTask(task_id=ours.id, depends_on=depends_on))
            self._say(ours.id, theirs.title, "changed", "depends_on")

    def _compare_the_plan(self) -> None:
        """List what is of the plan itself, which no revision changes."""
        plan, source = self._plan, self._source
        if plan.erasures:
            return
        for name in ("goal", "priority", "labels"):
            ours, theirs = getattr(plan, name), getattr(source, name)
            if ours != theirs:
                why = f"a revision does not change the {name} of a plan"
                self.stays.append(NotCarried(pointer="", theirs=theirs, ours=ours, why=why))

    def _drop(self, kept: set[str]) -> None:
        for task_id, base in self._base.items():
            ours = self._plan.tasks.get(task_id)
            if task_id in kept or ours is None:
                continue
            if self._is_scored_here(ours) or ours.status is TaskStatus.IN_PROGRESS:
                why = "it is gone from the source, but was worked on here: it stays"
                self._stay(task_id, why, None, ours.status.value)
                continue
            self._dropped.add(task_id)
            self._revision.append(commands.DropTask(task_id=task_id))
            self._say(task_id, base.title or ours.title, "dropped")

    def _add(self, theirs: Task, before: str | None) -> None:
        task_id = self._ids[theirs.id]
        added = commands.NewTask(
            id=task_id,
            title=theirs.title or task_id,
            description=theirs.description or "",
            depends_on=self._depends_on(theirs),
            priority=theirs.priority,
            labels=theirs.labels,
            metadata=theirs.metadata,
        )
        self._revision.append(
            commands.AddTask(task=added, after=before)
            if before is not None
            else commands.AddTask(task=added, before=self._first())
        )
        self._added[task_id] = self._added.get(before or "", before)
        self._say(task_id, theirs.title, "added")
        self._move(theirs, Task.planned(events.PlannedTask(id=task_id)), None)

    def _first(self) -> str | None:
        return next((one for one in self._plan.order if one not in self._dropped), None)

    def _change(self, theirs: Task, base: Task, ours: Task) -> None:
        fields: dict[str, Any] = {}
        for name in _FIELDS:
            now, was, here = (_value(task, name) for task in (theirs, base, ours))
            if name == "depends_on":
                now = self._depends_on(theirs)
                here = tuple(on for on in here if on not in self._dropped)
            if now in (was, here) or (name == "priority" and now is None):
                continue
            if name in _TEXT and self._plan.erasures:
                self._stay(ours.id, f"its {name} was erased here, and stays erased", None, None)
                continue
            fields[name] = now
        if fields and ours.status in _UNSUCCESSFUL and not fields.keys() & {"title", "description"}:
            why = f"{', '.join(fields)} changed, but a change would begin another attempt"
            self._stay(ours.id, why, None, ours.status.value)
            fields = {}
        attempted_again = bool(fields) and ours.status in _UNSUCCESSFUL
        if fields:
            self._revision.append(commands.ChangeTask(task_id=ours.id, **fields))
            self._say(ours.id, theirs.title, "changed", *fields)
        if not attempted_again:
            self._move(theirs, base, ours)

    def _move(self, theirs: Task, base: Task, ours: Task | None) -> None:
        """Bring the scores, the status and the deferral of a task up to its source."""
        task_id = self._ids[theirs.id]
        now = ours or base
        self._score(theirs, base, now, task_id)
        status = theirs.status
        if status is not base.status and status is not now.status:
            if ours is not None and self._is_scored_here(ours):
                self._stay(task_id, "it was scored here", status.value, ours.status.value)
            else:
                self._moves.append(commands.MarkTask(task_id=task_id, status=status))
                if ours is not None:
                    self._say(task_id, theirs.title, status.value)
                now = replace(now, status=status, deferred=None)
        was_deferred, is_deferred = base.deferred is not None, theirs.deferred is not None
        if was_deferred is is_deferred or now.status is not TaskStatus.PENDING:
            return
        if theirs.deferred is not None and now.deferred is None:
            self._moves.append(_deferring(task_id, theirs.deferred))
            if ours is not None:
                self._say(task_id, theirs.title, "deferred")
        elif theirs.deferred is None and now.deferred is not None:
            self._moves.append(commands.UndeferTask(task_id=task_id))
            self._say(task_id, theirs.title, "no longer deferred")

    def _score(self, theirs: Task, base: Task, now: Task, task_id: str) -> None:
        newer: dict[str, float] = {}
        for name in ("prompt_score", "output_score"):
            score = getattr(theirs, name)
            if score is None or score in (getattr(base, name), getattr(now, name)):
                continue
            if self._is_scored_here(now):
                self._stay(task_id, f"its {name} was given here", score, getattr(now, name))
            else:
                newer[name] = score
        if newer:
            scores = {"task_id": task_id, "mark_done": False, **newer}
            self._moves.append(commands.UpdateScores.model_validate(scores))
            self._say(task_id, theirs.title, "scored")

    def _is_scored_here(self, task: Task) -> bool:
        """Whether the task has a score that no import recorded."""
        judgements = [*task.prompt_judgements, *task.output_judgements]
        return any(one.version not in self._scored_by_imports for one in judgements)

    def _depends_on(self, theirs: Task) -> tuple[str, ...]:
        """The dependencies of a task, under their ids here, without those taken out here."""
        ids = (self._ids[on] for on in theirs.depends_on)
        return tuple(on for on in ids if on in self._plan.tasks or on not in self._base)

    def _say(self, task_id: str, title: str | None, change: str, *fields: str) -> None:
        changed = TaskChange(task_id=task_id, title=title, change=change, fields=fields)
        self.changes.append(changed)

    def _stay(self, task_id: str, why: str, theirs: Any, ours: Any) -> None:
        why = f"{task_id}: {why}"
        self.stays.append(NotCarried(pointer="", theirs=theirs, ours=ours, why=why))


def _value(task: Task, name: str) -> Any:
    value = getattr(task, name)
    return value or "" if name == "description" else value


def _deferring(task_id: str, deferral: Deferral) -> commands.DeferTask:
    reason = deferral.reason or "deferred in its source"
    return commands.DeferTask(task_id=task_id, reason=reason, until=deferral.until)
