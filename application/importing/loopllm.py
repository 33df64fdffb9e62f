"""Plans as loopllm saves them: a dictionary of one plan, or a list of such.

Scores, statuses and the threshold are carried over. A score of 0.0 is a score here,
while loopllm leaves it out of its averages; where the two differ, both are reported.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, Strict

from plangate.application.importing import foreign
from plangate.application.json_pointers import json_pointer
from plangate.domain import commands
from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import MAX_GOAL, MAX_TASKS, Prose, TaskStatus

_WHY: Final = "imported from loopllm"
_DECIMALS: Final = 4
"""loopllm rounds confidences to so many decimals."""

_Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_Share = Annotated[_Number, Field(ge=0.0, le=1.0)]
_Count = Annotated[int, Strict(), Field(ge=0)]


class _Task(foreign.ForeignModel):
    id: foreign.ForeignId
    title: foreign.ForeignTitle = ""
    description: Prose = ""
    status: TaskStatus = TaskStatus.PENDING
    prompt_score: _Share | None = None
    output_score: _Share | None = None
    confidence: _Number | None = None
    replan_count: _Count | None = None
    metadata: JsonObject = Field(default={})


class _Plan(foreign.ForeignModel):
    plan_id: foreign.ForeignId
    goal: Annotated[Prose, Field(max_length=MAX_GOAL)] = ""
    confidence_threshold: _Share = 0.72
    rolling_confidence: _Number | None = None
    needs_replan: Annotated[bool, Strict()] | None = None
    replan_count: _Count | None = None
    task_count: _Count | None = None
    tasks: Annotated[tuple[_Task, ...], Field(max_length=MAX_TASKS)] = ()
    metadata: JsonObject = Field(default={})


def loopllm_sources(data: object) -> list[tuple[str, object]]:
    """Each plan that loopllm saved, behind its JSON pointer."""
    if isinstance(data, list | tuple):
        return [(json_pointer(number), source) for number, source in enumerate(data)]
    return [("", data)]


def build_loopllm(
    source: object,
    pointer: str,
    plan_id: str | None,
    metadata: Mapping[str, Any],
    now: datetime,
) -> foreign.ForeignPlan:
    """The commands that make a saved plan here, under its own id or another.

    Raises `InvalidInput`, with JSON pointers.
    """
    plan = foreign.parse(_Plan, source, pointer)
    run = foreign.DryRun(plan_id or plan.plan_id, pointer, now)
    return _PlanReader(plan, metadata, run).read()


class _PlanReader:
    """Reads one plan."""

    def __init__(self, plan: _Plan, metadata: Mapping[str, Any], run: foreign.DryRun) -> None:
        self._theirs = plan
        self._metadata = metadata
        self._run = run

    def read(self) -> foreign.ForeignPlan:
        tasks = self._theirs.tasks
        if tasks:
            pointer = f"{self._run.pointer}/tasks"
            foreign.refuse_duplicates(
                (task.id, f"{pointer}/{n}/id") for n, task in enumerate(tasks)
            )
            self._create()
            self._score()
            self._mark()
            self._compare()
        return self._run.result()

    def _create(self) -> None:
        theirs = self._theirs
        goal = theirs.goal
        if not goal.strip():
            goal = theirs.plan_id
            self._run.omit("/goal", "a goal must say something; the id stands for it", "", goal)
        self._run.create(
            {
                "goal": goal,
                "tasks": [self._planned(n, task) for n, task in enumerate(theirs.tasks)],
                "policy": Policy(confidence_threshold=theirs.confidence_threshold),
                "metadata": {**theirs.metadata, **self._metadata},
            }
        )

    def _planned(self, number: int, task: _Task) -> commands.NewTask:
        title = task.title
        if not title.strip():
            title = task.id
            why = "a title must say something; the id stands for it"
            self._run.omit(f"/tasks/{number}/title", why, task.title, title)
        return commands.NewTask(
            id=task.id, title=title, description=task.description, metadata=task.metadata
        )

    def _score(self) -> None:
        for task in self._theirs.tasks:
            if task.output_score is not None:
                self._run.handle(
                    commands.UpdateScores(
                        task_id=task.id,
                        prompt_score=task.prompt_score,
                        output_score=task.output_score,
                        mark_done=False,
                        rationale=_WHY,
                    )
                )
            elif task.prompt_score is not None:
                score = task.prompt_score
                self._run.handle(commands.ScorePrompt(task_id=task.id, score=score, rationale=_WHY))

    def _mark(self) -> None:
        """Give every task its status; a replan is due afterwards only if the confidence is low."""
        for task in self._theirs.tasks:
            command = commands.MarkTask(task_id=task.id, status=task.status, reason=_WHY)
            self._run.handle(command)
        plan = self._run.plan
        if plan.replan_due and not plan.needs_replan:
            why = f"{_WHY}: with all its scores the plan is above its threshold"
            self._run.handle(commands.ApproveGate(reason=why))

    def _compare(self) -> None:
        """Note each value that differs here, and all that has no place here."""
        theirs, ours = self._theirs, self._run.plan
        self._computed("/rolling_confidence", theirs.rolling_confidence, ours.rolling_confidence)
        self._derived("/needs_replan", theirs.needs_replan, ours.needs_replan)
        self._derived("/replan_count", theirs.replan_count, ours.replan_count)
        self._derived("/task_count", theirs.task_count, len(ours.order))
        self._extras("", theirs.model_extra)
        for number, task in enumerate(theirs.tasks):
            at, own = f"/tasks/{number}", ours.task(task.id)
            self._computed(f"{at}/confidence", task.confidence, own.confidence(ours.policy) or 0.0)
            self._derived(f"{at}/replan_count", task.replan_count, own.replan_count)
            self._extras(at, task.model_extra)

    def _computed(self, at: str, theirs: float | None, ours: float) -> None:
        if theirs is not None and abs(theirs - round(ours, _DECIMALS)) > 0.5 * 10**-_DECIMALS:
            self._run.omit(at, "it is computed from the scores here", theirs, ours)

    def _derived(self, at: str, theirs: int | None, ours: int) -> None:
        if theirs is not None and theirs != ours:
            self._run.omit(at, "it follows from what happened here", theirs, ours)

    def _extras(self, at: str, extras: Mapping[str, Any] | None) -> None:
        for name, value in (extras or {}).items():
            time = name in {"created_at", "updated_at"}
            why = "times here are those of the import" if time else "it has no place here"
            self._run.omit(at + json_pointer(name), why, value)
