"""Plans as loopllm saves them: a dictionary of a plan, or a list of such.

Scores, statuses and the threshold come along. A score of 0.0 is a score here, while
loopllm leaves it out of its figures; so where figures differ, both are told.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, Strict

from plangate.application.importing.foreign import (
    ForeignId,
    ForeignModel,
    ForeignPlan,
    ForeignTitle,
    NotCarried,
    Rehearsal,
    pointer,
    refuse_twice,
    understood,
)
from plangate.domain.commands import (
    ApproveGate,
    CreatePlan,
    MarkTask,
    NewTask,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.json_objects import JsonObject
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import MAX_GOAL, MAX_TASKS, Prose, TaskStatus

_WHY: Final = "imported from loopllm"
_ROUNDED: Final = 4
"""loopllm saves figures with so many decimals."""

_Figure = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_Share = Annotated[_Figure, Field(ge=0.0, le=1.0)]
_Count = Annotated[int, Strict(), Field(ge=0)]


class _Task(ForeignModel):
    id: ForeignId
    title: ForeignTitle = ""
    description: Prose = ""
    status: TaskStatus = TaskStatus.PENDING
    prompt_score: _Share | None = None
    output_score: _Share | None = None
    confidence: _Figure | None = None
    replan_count: _Count | None = None
    metadata: JsonObject = Field(default={})


class _Plan(ForeignModel):
    plan_id: ForeignId
    goal: Annotated[Prose, Field(max_length=MAX_GOAL)] = ""
    confidence_threshold: _Share = 0.72
    rolling_confidence: _Figure | None = None
    needs_replan: Annotated[bool, Strict()] | None = None
    replan_count: _Count | None = None
    task_count: _Count | None = None
    tasks: Annotated[tuple[_Task, ...], Field(max_length=MAX_TASKS)] = ()
    metadata: JsonObject = Field(default={})


def loopllm_plans(given: object, now: datetime) -> Iterator[ForeignPlan]:
    """The plans of what loopllm saved; raises `InvalidInput`, with the place, where it is wrong."""
    if isinstance(given, list | tuple):
        places = [pointer(place) for place in range(len(given))]
        plans = [understood(_Plan, one, at) for one, at in zip(given, places, strict=True)]
    else:
        given, places, plans = [given], [""], [understood(_Plan, given, "")]
    refuse_twice((plan.plan_id, f"{at}/plan_id") for plan, at in zip(plans, places, strict=True))
    for source, plan, place in zip(given, plans, places, strict=True):
        yield _Reading(plan, place, now).of(source)


class _Reading:
    """One plan being read."""

    def __init__(self, plan: _Plan, place: str, now: datetime) -> None:
        self._theirs = plan
        self._place = place
        self._rehearsal = Rehearsal(plan.plan_id, place, now)
        self._left: list[NotCarried] = []

    def of(self, source: object) -> ForeignPlan:
        theirs, rehearsal = self._theirs, self._rehearsal
        if theirs.tasks:
            refuse_twice(
                (task.id, f"{self._place}/tasks/{n}/id") for n, task in enumerate(theirs.tasks)
            )
            self._create()
            self._score()
            self._mark()
            self._compare(rehearsal.plan)
        else:
            self._leave("/tasks", "a plan without tasks is none here")
        return ForeignPlan(
            theirs.plan_id, source, rehearsal.commands, self._left, len(theirs.tasks)
        )

    def _create(self) -> None:
        theirs = self._theirs
        goal = theirs.goal
        if not goal.strip():
            goal = theirs.plan_id
            self._leave("/goal", "a goal must say something; the id stands for it", "", goal)
        self._rehearsal.ask(
            CreatePlan(
                goal=goal,
                tasks=tuple(self._planned(n, task) for n, task in enumerate(theirs.tasks)),
                policy=Policy(confidence_threshold=theirs.confidence_threshold),
                metadata=theirs.metadata,
            )
        )

    def _planned(self, number: int, task: _Task) -> NewTask:
        title = task.title
        if not title.strip():
            title = task.id
            why = "a title must say something; the id stands for it"
            self._leave(f"/tasks/{number}/title", why, task.title, title)
        return NewTask(
            id=task.id, title=title, description=task.description, metadata=task.metadata
        )

    def _score(self) -> None:
        for task in self._theirs.tasks:
            if task.output_score is not None:
                self._rehearsal.ask(
                    UpdateScores(
                        task_id=task.id,
                        prompt_score=task.prompt_score,
                        output_score=task.output_score,
                        mark_done=False,
                        rationale=_WHY,
                    )
                )
            elif task.prompt_score is not None:
                command = ScorePrompt(task_id=task.id, score=task.prompt_score, rationale=_WHY)
                self._rehearsal.ask(command)

    def _mark(self) -> None:
        """Lead every task to its status; a replan is due afterwards only if the figure says so."""
        for task in self._theirs.tasks:
            self._rehearsal.ask(MarkTask(task_id=task.id, status=task.status, reason=_WHY))
        plan = self._rehearsal.plan
        if plan.replan_due and not plan.needs_replan:
            why = f"{_WHY}: with all its scores the plan is above its threshold"
            self._rehearsal.ask(ApproveGate(reason=why))

    def _compare(self, ours: Plan) -> None:
        """Note each figure that is another one here, and all that has no place here."""
        theirs = self._theirs
        self._figure("/rolling_confidence", theirs.rolling_confidence, ours.rolling_confidence)
        self._fact("/needs_replan", theirs.needs_replan, ours.needs_replan)
        self._fact("/replan_count", theirs.replan_count, ours.replan_count)
        self._fact("/task_count", theirs.task_count, len(ours.order))
        self._extras("", theirs.model_extra)
        for number, task in enumerate(theirs.tasks):
            at, own = f"/tasks/{number}", ours.task(task.id)
            self._figure(f"{at}/confidence", task.confidence, own.confidence(ours.policy) or 0.0)
            self._fact(f"{at}/replan_count", task.replan_count, own.replan_count)
            self._extras(at, task.model_extra)

    def _figure(self, at: str, theirs: float | None, ours: float) -> None:
        if theirs is not None and abs(theirs - round(ours, _ROUNDED)) > 0.5 * 10**-_ROUNDED:
            self._leave(at, "it is computed from the scores here", theirs, ours)

    def _fact(self, at: str, theirs: int | None, ours: int) -> None:
        if theirs is not None and theirs != ours:
            self._leave(at, "it follows from what happened here", theirs, ours)

    def _extras(self, at: str, extras: Mapping[str, Any] | None) -> None:
        for name, value in (extras or {}).items():
            time = name in {"created_at", "updated_at"}
            why = "times here are those of the import" if time else "it has no place here"
            self._leave(at + pointer(name), why, value)

    def _leave(self, at: str, why: str, theirs: Any = None, ours: Any = None) -> None:
        self._left.append(NotCarried(pointer=self._place + at, theirs=theirs, ours=ours, why=why))
