"""What an import answers: the outcome for each plan, and what is not carried over."""

from enum import StrEnum

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.update import TaskChange
from plangate.application.results import Result
from plangate.domain.vocabulary import TaskStatus


class PlanFormat(StrEnum):
    """The formats in which plans can be imported."""

    LOOPLLM = "loopllm"
    TASKMASTER = "taskmaster"
    BEADS = "beads"
    SPEC_KIT = "spec-kit"
    KIRO = "kiro"
    OPENSPEC = "openspec"
    BACKLOG = "backlog"
    MARKDOWN = "markdown"
    PLAN = "plan"


class ImportOutcome(StrEnum):
    """The outcome for one plan.

    `updated`: it was imported before, and its source has gone on. `taken`: another plan has
    its id here, and is left alone. `empty`: it has no tasks. `refused`: no plan can be made of
    it, for the reasons that are listed.
    """

    IMPORTED = "imported"
    UPDATED = "updated"
    ALREADY_THERE = "already_there"
    TAKEN = "taken"
    EMPTY = "empty"
    REFUSED = "refused"


class ImportedTask(Result):
    """A task as it is, or would be, after an import."""

    id: str
    title: str | None
    status: TaskStatus
    depends_on: tuple[str, ...] = ()
    deferred: str | None = None


class ImportedPlan(Result):
    """A plan of another tool: the outcome, and what is not carried over.

    `changes` are those of an update; `planned` are the tasks of a plan that is only tried.
    """

    plan_id: str
    outcome: ImportOutcome
    tasks: int
    not_carried: tuple[NotCarried, ...]
    changes: tuple[TaskChange, ...] = ()
    planned: tuple[ImportedTask, ...] = ()
    reason: str | None = None


class PlansImport(Result):
    """The outcome for all plans, in the order of the source; a dry run records nothing.

    `not_carried` is what belongs to none of them.
    """

    format: PlanFormat
    plans: tuple[ImportedPlan, ...]
    not_carried: tuple[NotCarried, ...] = ()
    dry_run: bool = False
