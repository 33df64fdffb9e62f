"""Why the domain refuses a command.

    PlangateError
    ├── InvalidInput            an argument is not acceptable
    │   └── InvalidScore        … and it is a score
    ├── PlanExists              the id is taken
    ├── PlanNotFound            no such plan
    │   └── PlanGone            there was one, and it was deleted
    ├── PlanHeld                the plan hands out no work now: gate, pause or archive
    ├── TaskNotFound            the plan has no such task
    │   └── TaskGone            it had one, and a revision took it out
    ├── ClaimLost               the claim expired, or another worker holds the task
    └── ScoreNotFound           no score that counts has this event id

The facts of a refusal are attributes; each door (HTTP, MCP, the CLI) renders them
itself. The tree goes on in `application.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class PlangateError(Exception):
    """Anything plangate refuses or cannot do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an argument: in which field, and what would be accepted."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidInput(PlangateError):
    """An argument is not acceptable; nothing was recorded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))


class InvalidScore(InvalidInput):
    """A score is not a finite number, or the plan's policy refuses it."""


class PlanExists(PlangateError):
    """The plan id is taken, by an existing plan or a deleted one."""

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


class TaskGone(TaskNotFound):
    """A revision took the task out of the plan."""

    def __init__(self, plan_id: str, task_id: str, how: str) -> None:
        super().__init__(plan_id, task_id)
        self.args = (plan_id, task_id, how)
        self.how = how

    def __str__(self) -> str:
        return f"the task {self.task_id!r} is no longer in the plan {self.plan_id!r}: {self.how}"


class PlanHeld(PlangateError):
    """The plan hands out no work: its gate holds, or it is paused or archived."""

    def __init__(self, plan_id: str, why: str, release: str) -> None:
        super().__init__(plan_id, why, release)
        self.plan_id = plan_id
        self.why = why
        self.release = release

    def __str__(self) -> str:
        return f"the plan {self.plan_id!r} {self.why}; {self.release}"


class ClaimLost(PlangateError):
    """The claim of a fencing token is over; `holder` works on the task now.

    `holder_token` is the token of the claim in force. Both are None when the task is not
    claimed; a claim may also name no worker.
    """

    def __init__(
        self,
        plan_id: str,
        task_id: str,
        token: int,
        holder: str | None = None,
        holder_token: int | None = None,
    ) -> None:
        super().__init__(plan_id, task_id, token, holder, holder_token)
        self.plan_id = plan_id
        self.task_id = task_id
        self.token = token
        self.holder = holder
        self.holder_token = holder_token

    def __str__(self) -> str:
        if self.holder_token is None:
            now = "no worker holds the task now"
        else:
            now = f"{self.holder or 'a nameless worker'} holds it now with {self.holder_token}"
        return (
            f"the claim {self.token} on the task {self.task_id!r} of the plan "
            f"{self.plan_id!r} is over; {now}"
        )


class ScoreNotFound(PlangateError):
    """No score was recorded under this event id, or it was retracted."""

    def __init__(self, plan_id: str, event_id: str) -> None:
        super().__init__(plan_id, event_id)
        self.plan_id = plan_id
        self.event_id = event_id

    def __str__(self) -> str:
        return (
            f"the plan {self.plan_id!r} has no score {self.event_id!r} to retract; "
            "name a score by its event id, as in plan@7"
        )
