"""What commands answer beside the registry's own results; with `--json`, a contract."""

from typing import Any, Literal

from pydantic import Field

from plangate.application.gate_decision import GateDecision
from plangate.application.models import Model
from plangate.application.results import Result, TaskView, UnreadablePlan


class NextTask(Result):
    """The task to work on now, or None when none is ready.

    `gate` is the decision about its plan once the task is taken. Asked of all plans,
    everything is None when none is ready.
    """

    task: TaskView | None = None
    plan_id: str | None = None
    gate: GateDecision | None = None

    @property
    def recorded(self) -> bool:
        """Whether a task was taken."""
        return self.task is not None


class GateDecisions(Result):
    """The gate's decisions about several plans, and the plans that cannot be read."""

    decisions: tuple[GateDecision, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()


class Migration(Result):
    """The store has all the tables that this plangate needs."""

    ready: Literal[True] = True


class NewProject(Result):
    """The folder and the store of a project, and the files that were made."""

    folder: str
    store: str
    made: tuple[str, ...]


class Deletion(Result):
    """Whether there was a plan to delete."""

    plan_id: str
    deleted: bool

    @property
    def recorded(self) -> bool:
        """Whether there was anything to record."""
        return self.deleted


class Installed(Result):
    """Where plangate was added to a client; `changed` is False where it was there already.

    `backup` has what was in the file before, `store_folder` is the folder that was made.
    """

    client: str
    path: str
    changed: bool
    backup: str | None
    store_folder: str | None


class Tally(Result):
    """How many plans were created, scores given and replans triggered."""

    plans: int = 0
    scores: int = 0
    replans: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        counts = {name: n + getattr(other, name) for name, n in vars(self).items()}
        return Tally(**counts)


class RefusedLine(Result):
    """A refused line of a trace, and why it was refused."""

    line: int
    error: dict[str, Any]


class TraceReport(Model):
    """The result of applying a trace so far: each line was recorded, unchanged or refused.

    An unchanged line was recorded earlier or changes nothing. `added` counts what this
    run recorded, `already_there` what it recognised. `warnings` counts the clamped scores.
    `stopped_at` is the line where the run stopped early.
    """

    file: str
    lines: int = 0
    recorded: int = 0
    unchanged: int = 0
    added: Tally = Field(default_factory=Tally)
    already_there: Tally = Field(default_factory=Tally)
    refused: list[RefusedLine] = Field(default=[])
    warnings: int = 0
    stopped_at: int | None = None
