"""Commands as callers give them: one union, discriminated by `op`.

`op` is the name of the registry's method. The registry's `execute` accepts the commands
as values or as JSON objects; a trace holds one a line. Their JSON Schema is published.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import ConfigDict, Field

from plangate.application.drafts import PlanDraft, RevisionDraft, with_task_ids
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.commands import Command, require_op
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Identifier, Labels, LeaseSeconds, Reason, Version


class Create(PlanDraft):
    """Register a plan; missing ids are made."""

    op: Literal["create"] = "create"


class Revise(RevisionDraft):
    """Change the plan, as a whole or not at all, for a reason."""

    model_config = ConfigDict(json_schema_extra=require_op)

    op: Literal["revise"] = "revise"
    reason: Reason

    def command(self, new_task_id: Callable[[int], str]) -> commands.RevisePlan:
        """The command that makes these changes; `new_task_id(n)` names its n-th new task."""
        changes = with_task_ids(self.changes, new_task_id)
        return validate(commands.RevisePlan, {"reason": self.reason, "changes": changes})


class NextTask(Command):
    """Take the next task of one plan, or of all plans: then with all of `labels`."""

    op: Literal["next_task"] = "next_task"
    worker: Identifier | None = None
    lease: LeaseSeconds | None = None
    labels: Labels = ()
    if_version: Version | None = None


GivenCommand = Annotated[
    Create
    | commands.ScorePrompt
    | commands.ScoreOutput
    | commands.UpdateScores
    | commands.RecordScoringFailure
    | commands.RetractScore
    | commands.RecordOutcome
    | commands.MarkTask
    | NextTask
    | commands.ClaimTask
    | commands.DeferTask
    | commands.UndeferTask
    | commands.RenewLease
    | commands.ReleaseTask
    | Revise
    | commands.RetryTask
    | commands.ApproveGate
    | commands.PausePlan
    | commands.ResumePlan
    | commands.ArchivePlan
    | commands.RestorePlan
    | commands.DeletePlan
    | commands.ErasePlan,
    Field(discriminator="op"),
]
"""A command as a caller gives it."""

COMMANDS: Final[Mapping[str, type[GivenCommand]]] = {
    model.model_fields["op"].default: model for model in get_args(get_args(GivenCommand)[0])
}
"""The commands by their `op`."""


def create_of(draft: PlanDraft, besides: Mapping[str, object]) -> Create:
    """The command of a draft; raises `InvalidInput` where arguments are given besides."""
    if given := sorted(name for name, value in besides.items() if value not in (None, 0, (), {})):
        problem = f"a draft holds everything itself: give {', '.join(given)} in it"
        raise InvalidInput([Problem("goal", problem)])
    return validate(Create, {name: getattr(draft, name) for name in draft.model_fields_set})


def validated(command: Mapping[str, Any] | GivenCommand) -> GivenCommand:
    """The command that a value or a JSON object holds; raises `InvalidInput`."""
    if not isinstance(command, Mapping):
        if type(command) in COMMANDS.values():
            return command
        raise InvalidInput([Problem("command", "must be an object with an op")])
    op = command.get("op")
    if not isinstance(op, str) or op not in COMMANDS:
        problem = "is required" if op is None else f"{op!r:.80} is not known"
        raise InvalidInput([Problem("op", f"{problem}; accepted: {', '.join(COMMANDS)}")])
    return validate(COMMANDS[op], command)
