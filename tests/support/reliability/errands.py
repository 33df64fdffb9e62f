"""Commands whose idempotency key says everything about them.

An errand can be read back from its key alone. So an audit of the store knows what each
command asked for, and whether exactly its events are there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from plangate.application.command_context import ContextOptions
from plangate.application.drafts import PlanDraft
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.commands import (
    ClaimNextTask,
    MarkTask,
    PlanCommand,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.vocabulary import TaskStatus

Answer = int | str | None
"""What a command answered: the plan's version, or the task handed out (None: none was pending)."""

# Nothing leads back to `pending`, so that a task can be handed out only once.
_MARKS = (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.REPLANNING, TaskStatus.IN_PROGRESS)
_SENT = ("score_output", "score_output", "update", "score_prompt", "mark_task", "next_task")


@dataclass(frozen=True)
class Errand:
    """One command: what to do with which task of which plan, on whose behalf."""

    op: str
    plan_id: str
    task_id: str
    value: str
    author: str

    @property
    def key(self) -> str:
        """The idempotency key, which is the whole errand."""
        return f"{self.op} {self.plan_id} {self.task_id} {self.value} {self.author}"

    @classmethod
    def of(cls, key: str) -> Self:
        """The errand that a key stands for."""
        return cls(*key.split(" "))

    def command(self) -> PlanCommand:
        """What the errand asks of the plan."""
        match self.op:
            case "create":
                draft = PlanDraft.model_validate({"goal": self.plan_id, "tasks": self._tasks()})
                return draft.command(str)
            case "score_prompt":
                return ScorePrompt(
                    task_id=self.task_id, score=float(self.value), rationale=self.author
                )
            case "score_output":
                return ScoreOutput(
                    task_id=self.task_id, score=float(self.value), rationale=self.author
                )
            case "update":
                prompt, output = self._both()
                return UpdateScores(task_id=self.task_id, prompt_score=prompt, output_score=output)
            case "mark_task":
                return MarkTask(task_id=self.task_id, status=TaskStatus(self.value))
            case _:
                return ClaimNextTask(worker=self.author)

    def send(self, registry: PlanRegistry) -> Answer:
        """Have the registry do it, and say what it answered."""
        with registry.acting_as(self.author):
            answer = self._ask(registry)
        if isinstance(answer, PlanStatus):
            return answer.version
        return answer

    def _ask(self, registry: PlanRegistry) -> PlanStatus | str | None:
        place = (self.plan_id, self.task_id)
        once: ContextOptions = {"idempotency_key": self.key}
        match self.op:
            case "create":
                return registry.create(self.plan_id, self._tasks(), plan_id=self.plan_id, **once)
            case "score_prompt":
                return registry.score_prompt(
                    *place, float(self.value), rationale=self.author, **once
                )
            case "score_output":
                return registry.score_output(
                    *place, float(self.value), rationale=self.author, **once
                )
            case "update":
                prompt, output = self._both()
                return registry.update(*place, prompt_score=prompt, output_score=output, **once)
            case "mark_task":
                return registry.mark_task(*place, self.value, **once)
            case _:
                task = registry.next_task(self.plan_id, **once)
                return task.id if task else None

    def _tasks(self) -> list[dict[str, str]]:
        return [{"id": f"t{n}", "title": f"Task {n}"} for n in range(int(self.value))]

    def _both(self) -> tuple[float, float]:
        prompt, _, output = self.value.partition("+")
        return float(prompt), float(output)


def creating(plan_id: str, tasks: int, author: str = "all") -> Errand:
    """The errand that registers a plan with the tasks t0, t1, …"""
    return Errand("create", plan_id, "-", str(tasks), author)


def claiming(plan_id: str, author: str) -> Errand:
    """The errand that takes the next task."""
    return Errand("next_task", plan_id, "-", "-", author)


def errands(rng: Random, plan_ids: Sequence[str], tasks: int, author: str) -> Iterator[Errand]:
    """All sorts of errands on plans that exist, without end; no two have the same key."""
    number = 0
    while True:
        number += 1
        op = rng.choice(_SENT)
        plan_id, task_id, who = (
            rng.choice(plan_ids),
            f"t{rng.randrange(tasks)}",
            f"{author}.{number}",
        )
        match op:
            case "update":
                yield Errand(op, plan_id, task_id, f"{_score(rng)}+{_score(rng)}", who)
            case "mark_task":
                yield Errand(op, plan_id, task_id, rng.choice(_MARKS), who)
            case "next_task":
                yield claiming(plan_id, who)
            case _:
                yield Errand(op, plan_id, task_id, _score(rng), who)


def _score(rng: Random) -> str:
    return str(round(rng.uniform(0.3, 1.0), 3))
