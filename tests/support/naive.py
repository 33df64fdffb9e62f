"""The rules of plangate once more, written as plainly as they can be said.

An independent model for tests: lists, loops and the textbook formula, nothing
of the product's own code. A refusal is told as the name of its error.
"""

from dataclasses import dataclass, field
from typing import TypedDict

EPSILON = 1e-12


class Refused(Exception):
    """The command is refused; the argument is the name of the error."""


class NaivePolicy(TypedDict):
    """The numbers of the rules."""

    prompt_weight: float
    output_weight: float
    decay: float
    confidence_threshold: float
    out_of_range: str


@dataclass
class NaiveTask:
    """A task and all its standing scores, oldest first, with the versions that gave them."""

    id: str
    status: str = "pending"
    scores: dict[str, list[tuple[int, float]]] = field(
        default_factory=lambda: {"prompt": [], "output": []}
    )
    replan_count: int = 0

    def newest(self, kind: str) -> float | None:
        return self.scores[kind][-1][1] if self.scores[kind] else None


@dataclass
class NaivePlan:
    """A plan that remembers everything in plain lists."""

    plan_id: str
    policy: NaivePolicy
    tasks: list[NaiveTask]
    version: int = 1
    replan_count: int = 0
    deleted: bool = False

    def confidence(self, task: NaiveTask) -> float | None:
        prompt, output = task.newest("prompt"), task.newest("output")
        if prompt is None or output is None:
            return output if prompt is None else prompt
        return self.policy["prompt_weight"] * prompt + self.policy["output_weight"] * output

    def rolling(self) -> float:
        scored = [c for c in map(self.confidence, self.tasks) if c is not None]
        if not scored:
            return 1.0
        weights = [self.policy["decay"] ** (len(scored) - 1 - n) for n in range(len(scored))]
        return sum(w * c for w, c in zip(weights, scored, strict=True)) / sum(weights)

    def needs_replan(self) -> bool:
        return self.rolling() < self.policy["confidence_threshold"] - EPSILON

    def state(self) -> str:
        statuses = [task.status for task in self.tasks]
        if "pending" in statuses or "in_progress" in statuses:
            return "active"
        return "blocked" if "failed" in statuses or "replanning" in statuses else "complete"

    # --- commands ---

    def score_prompt(self, task_id: str, score: float) -> None:
        task, counts = self._judging(task_id, score)
        self._record(task, "prompt", counts)

    def score_output(self, task_id: str, score: float, *, mark_done: bool = True) -> None:
        task, counts = self._judging(task_id, score)
        self._record(task, "output", counts)
        self._settle(task, mark_done=mark_done)

    def update(self, task_id: str, prompt_score: float, output_score: float) -> None:
        task, prompt = self._judging(task_id, prompt_score)
        _, output = self._judging(task_id, output_score)
        self._record(task, "prompt", prompt)
        self._record(task, "output", output)
        self._settle(task, mark_done=True)

    def record_scoring_failure(self, task_id: str, kind: str) -> None:  # noqa: ARG002
        self._find(task_id)
        self.version += 1

    def retract_score(self, version: int) -> None:
        self._alive()
        for task in self.tasks:
            for given in task.scores.values():
                for score in given:
                    if score[0] == version:
                        given.remove(score)
                        self.version += 1
                        return
        raise Refused("ScoreNotFound")

    def mark_task(self, task_id: str, status: str) -> None:
        task = self._find(task_id)
        if task.status != status:
            task.status = status
            self.version += 1

    def next_task(self) -> str | None:
        self._alive()
        for task in self.tasks:
            if task.status == "pending":
                task.status = "in_progress"
                self.version += 1
                return task.id
        return None

    def delete(self) -> bool:
        if self.deleted:
            return False
        self.deleted = True
        self.version += 1
        return True

    # --- what they share ---

    def _alive(self) -> None:
        if self.deleted:
            raise Refused("PlanGone")

    def _find(self, task_id: str) -> NaiveTask:
        self._alive()
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise Refused("TaskNotFound")

    def _judging(self, task_id: str, score: float) -> tuple[NaiveTask, float]:
        task = self._find(task_id)
        if 0 <= score <= 1:
            return task, score
        if self.policy["out_of_range"] == "refuse":
            raise Refused("InvalidScore")
        return task, 0.0 if score < 0 else 1.0

    def _record(self, task: NaiveTask, kind: str, score: float) -> None:
        self.version += 1
        task.scores[kind].append((self.version, score))

    def _settle(self, task: NaiveTask, *, mark_done: bool) -> None:
        confidence = self.confidence(task)
        assert confidence is not None
        ends_as = task.status
        if mark_done:
            good = confidence >= self.policy["confidence_threshold"] - EPSILON
            ends_as = "done" if good else "failed"
        if self.needs_replan():
            ends_as = "replanning"
        if ends_as != task.status:
            task.status = ends_as
            self.version += 1
        if self.needs_replan():
            self.version += 1
            self.replan_count += 1
            task.replan_count += 1
