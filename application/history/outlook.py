"""What the tasks still to be judged must reach for a plan to end at its gate's threshold."""

from collections.abc import Iterator
from enum import StrEnum
from math import ceil
from typing import NamedTuple, Self

from plangate.application.numbers import number
from plangate.application.results import Result
from plangate.domain.confidence import reaches, rolling_confidence, task_confidence
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import Recency, TaskStatus

_OPEN = frozenset({TaskStatus.PENDING, TaskStatus.IN_PROGRESS})


class Prospect(StrEnum):
    """Whether a plan can end at the threshold: whatever its tasks score, or not even at best."""

    CERTAIN = "certain"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"


class Outlook(Result):
    """Where the rolling confidence can end once all open tasks are judged.

    `tasks` are those still to be judged: pending or in progress, and without an output score of
    this attempt that counts. `needed` is what their output scores must reach on average, each
    weighing as the plan weighs its task; None unless it is `reachable`. `at_worst` and `at_best`
    are the rolling confidence with 0 and with 1 for each. All other scores stay as they are.
    """

    tasks: int
    threshold: float
    prospect: Prospect
    needed: float | None
    at_worst: float
    at_best: float

    @classmethod
    def of(cls, plan: Plan, line: float) -> Self | None:
        """The outlook on a threshold; None where no task is still to be judged."""
        parts = [*_parts(plan)]
        tasks = sum(part.rise is not None for part in parts)
        if not tasks:
            return None
        worst, best = (
            rolling_confidence((part.at(score) for part in parts), plan.policy.decay)
            for score in (0.0, 1.0)
        )
        prospect, needed = Prospect.REACHABLE, None
        if reaches(worst, line):
            prospect = Prospect.CERTAIN
        elif not reaches(best, line):
            prospect = Prospect.UNREACHABLE
        else:
            needed = min((line - worst) / (best - worst), 1.0)
        return cls(
            tasks=tasks,
            threshold=line,
            prospect=prospect,
            needed=needed,
            at_worst=worst,
            at_best=best,
        )

    @property
    def sentence(self) -> str:
        """The outlook in words."""
        one = self.tasks == 1
        tasks = "the task" if one else f"the {self.tasks:,} tasks"
        if self.prospect is Prospect.CERTAIN:
            least = number(self.at_worst, self.threshold)
            score = "scores" if one else "score"
            return (
                f"Whatever {tasks} still to be judged {score}, "
                f"the confidence ends at {least} or above."
            )
        if self.needed is None:
            most = number(self.at_best, self.threshold)
            each = tasks if one else f"each of {tasks}"
            return (
                f"Even with 1 for {each} still to be judged, the confidence ends at {most} at most."
            )
        average = "" if one else " on average"
        return (
            f"T{tasks[1:]} still to be judged must reach {_at_least(self.needed)}{average} "
            f"for the confidence to end at {number(self.threshold)}."
        )


def _at_least(score: float) -> str:
    """A score rounded up, so that it still suffices."""
    return f"{ceil(score * 1_000) / 1_000:.3f}"


class _Part(NamedTuple):
    """A task's confidence: what is known of it, and how it rises with a score to come."""

    known: float
    rise: float | None = None

    def at(self, score: float) -> float:
        return self.known + (self.rise or 0.0) * score


def _parts(plan: Plan) -> Iterator[_Part]:
    """The tasks that are or will be scored, in the order in which they will be weighed."""
    open_tasks = {task.id for task in plan if _is_open(task)}
    if plan.policy.order is Recency.SCORED:
        settled = [task for task, _ in plan.scored() if task.id not in open_tasks]
        tasks = [*settled, *(task for task in plan if task.id in open_tasks)]
    else:
        tasks = list(plan)
    for task in tasks:
        if task.id in open_tasks:
            yield _to_come(task, plan)
        elif (confidence := task.confidence(plan.policy)) is not None:
            yield _Part(confidence)


def _is_open(task: Task) -> bool:
    """Whether its output is still to be judged."""
    return task.status in _OPEN and (task.outdated or task.output_score is None)


def _to_come(task: Task, plan: Plan) -> _Part:
    """Its first output score of an attempt drops the scores of earlier ones."""
    prompt = None if task.outdated else task.prompt_score
    known = task_confidence(prompt, 0.0, plan.policy) or 0.0
    return _Part(known, (task_confidence(prompt, 1.0, plan.policy) or 0.0) - known)
