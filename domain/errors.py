"""Why the domain refuses a command.

    PlangateError
    ├── InvalidInput            something handed in is not acceptable
    │   └── InvalidScore        … and it is a score
    ├── PlanExists              the id is taken
    ├── PlanNotFound            no such plan
    │   └── PlanGone            there was one, and it was deleted
    ├── TaskNotFound            the plan has no such task
    └── ScoreNotFound           no standing score has this event id

The facts of a refusal are attributes; how it is told over HTTP, MCP or a
terminal is each door's own affair. The tree goes on in `application.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class PlangateError(Exception):
    """Anything plangate refuses or cannot do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was handed in: where, and what would be accepted."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidInput(PlangateError):
    """Something handed in is not acceptable; nothing was recorded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))


class InvalidScore(InvalidInput):
    """A score is not a finite number, or the plan's policy refuses it."""


class PlanExists(PlangateError):
    """The plan id is taken, by a plan that lives or by one that was deleted."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(plan_id)
        self.plan_id = plan_id

    def __str__(self) -> str:
        return f"there is already a plan {self.plan_id!r}; ids are not used twice"


class PlanNotFound(PlangateError):
    """There is no plan with this id."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(plan_id)
        self.plan_id = plan_id

    def __str__(self) -> str:
        return f"there is no plan {self.plan_id!r}"


class PlanGone(PlanNotFound):
    """The plan was deleted; only its history can still be read."""

    def __str__(self) -> str:
        return f"the plan {self.plan_id!r} was deleted; its history stays readable"


class TaskNotFound(PlangateError):
    """The plan has no task with this id."""

    def __init__(self, plan_id: str, task_id: str) -> None:
        super().__init__(plan_id, task_id)
        self.plan_id = plan_id
        self.task_id = task_id

    def __str__(self) -> str:
        return f"the plan {self.plan_id!r} has no task {self.task_id!r}"


class ScoreNotFound(PlangateError):
    """No score that still stands was recorded under this event id."""

    def __init__(self, plan_id: str, event_id: str) -> None:
        super().__init__(plan_id, event_id)
        self.plan_id = plan_id
        self.event_id = event_id

    def __str__(self) -> str:
        return (
            f"the plan {self.plan_id!r} has no standing score {self.event_id!r}; "
            "a score is named by its event id, as in plan@7"
        )
