"""Commands as callers give them: one union, told apart by `op`.

`op` is the name of the registry's method for it. The registry's `execute` takes them as
values or as JSON objects; a trace holds one a line. Their JSON Schema is published.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import ConfigDict, Field

from plangate.application.drafts import PlanDraft, RevisionDraft
from plangate.application.next_task import NextTask
from plangate.application.validation import validate
from plangate.domain import commands
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Reason


class Create(PlanDraft):
    """Register a plan; ids that are not given are made."""

    op: Literal["create"] = "create"


class Revise(RevisionDraft):
    """Change the plan, all of it or nothing, for a reason."""

    model_config = ConfigDict(json_schema_extra=None)

    op: Literal["revise"] = "revise"
    reason: Reason


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


def validated(command: Mapping[str, Any] | GivenCommand) -> GivenCommand:
    """A command, given as a value or as a JSON object; raises `InvalidInput`."""
    if not isinstance(command, Mapping):
        if type(command) in COMMANDS.values():
            return command
        raise InvalidInput([Problem("command", "must be an object with an op")])
    op = command.get("op")
    if not isinstance(op, str) or op not in COMMANDS:
        problem = "is required" if op is None else f"{op!r:.80} is not known"
        raise InvalidInput([Problem("op", f"{problem}; accepted: {', '.join(COMMANDS)}")])
    return validate(COMMANDS[op], command)
