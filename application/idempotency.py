"""How a repeated command is recognised: by a digest over its name and its arguments.

Digests are stored with the events, so the names in `DIGEST_NAMES` and the field names of
these commands are write-once: a request must keep the digest it had when it was first
recorded. A new field must have a default, which leaves old digests unchanged.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from plangate.application.commands import Create, NextTask
from plangate.domain import commands
from plangate.domain.commands import Command
from plangate.domain.policy import Policy

DIGEST_NAMES: Final[Mapping[type[Command], str]] = {
    Create: "PlanDraft",
    NextTask: "ClaimAnywhere",
    commands.ApproveGate: "ApproveGate",
    commands.ArchivePlan: "ArchivePlan",
    commands.ClaimNextTask: "ClaimNextTask",
    commands.ClaimTask: "ClaimTask",
    commands.CreatePlan: "CreatePlan",
    commands.DeferTask: "DeferTask",
    commands.DeletePlan: "DeletePlan",
    commands.ErasePlan: "ErasePlan",
    commands.MarkTask: "MarkTask",
    commands.PausePlan: "PausePlan",
    commands.RecordOutcome: "RecordOutcome",
    commands.RecordScoringFailure: "RecordScoringFailure",
    commands.ReleaseTask: "ReleaseTask",
    commands.RenewLease: "RenewLease",
    commands.RestorePlan: "RestorePlan",
    commands.ResumePlan: "ResumePlan",
    commands.RetractScore: "RetractScore",
    commands.RetryTask: "RetryTask",
    commands.RevisePlan: "RevisePlan",
    commands.ScoreOutput: "ScoreOutput",
    commands.ScorePrompt: "ScorePrompt",
    commands.UndeferTask: "UndeferTask",
    commands.UpdateScores: "UpdateScores",
}

_YOUNGER: Final = {"scarce_evidence"}
"""Fields of a policy that count only where they were given: presets gained them later."""


def arguments_digest(arguments: Command) -> str:
    """SHA-256 (hex) over a command's name and its arguments, defaults left out."""
    given = arguments.model_dump(mode="json", exclude_defaults=True)
    if isinstance(arguments, Create | commands.CreatePlan) and arguments.policy is not None:
        given["policy"] = _given_policy(arguments.policy)
    text = json.dumps([DIGEST_NAMES[type(arguments)], given], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _given_policy(policy: Policy) -> dict[str, Any]:
    """A policy without what its preset gained since, which no caller gave."""
    fields = policy.model_dump(mode="json", exclude_defaults=True, exclude=_YOUNGER)
    return fields | policy.model_dump(mode="json", exclude_unset=True, include=_YOUNGER)
