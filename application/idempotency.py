"""How a repeated command is recognised: by a digest over its name and its arguments.

Digests are stored with the events, so the names in `DIGEST_NAMES` and the field names of
these commands are write-once: a request must keep the digest it had when it was first
recorded. A new field must have a default, which leaves old digests unchanged.

Idempotency keys outlast an erasure, so those that plangate makes hold no digest of text.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from plangate.application.commands import Create, NextTask, Revise
from plangate.domain import commands
from plangate.domain.commands import Command
from plangate.domain.policy import Policy
from plangate.domain.presets import first_numbers

DIGEST_NAMES: Final[Mapping[type[Command], str]] = {
    Create: "PlanDraft",
    NextTask: "ClaimAnywhere",
    Revise: "RevisionDraft",
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


ERASABLE_ARGUMENTS: Final = frozenset(
    {"description", "evidence", "goal", "metadata", "note", "rationale", "reason", "title"}
)
"""The arguments of commands, and of the tasks in them, that become erasable text in events."""


def arguments_digest(arguments: Command) -> str:
    """SHA-256 (hex) over a command's name and its arguments, defaults left out."""
    return _digest(arguments, _given(arguments))


def digest_without_text(arguments: Command) -> str | None:
    """Like `arguments_digest`, but without erasable text; None for a command that has none."""
    given = _given(arguments)
    rest = _without_text(given)
    return None if rest == given else _digest(arguments, rest)


def _given(arguments: Command) -> dict[str, Any]:
    given = arguments.model_dump(mode="json", exclude_defaults=True)
    if isinstance(arguments, Create | commands.CreatePlan) and arguments.policy is not None:
        given["policy"] = _given_policy(arguments.policy)
    return given


def _without_text(given: Any) -> Any:
    if isinstance(given, dict):
        return {k: _without_text(v) for k, v in given.items() if k not in ERASABLE_ARGUMENTS}
    return [_without_text(item) for item in given] if isinstance(given, list) else given


def _digest(arguments: Command, given: dict[str, Any]) -> str:
    text = json.dumps([DIGEST_NAMES[type(arguments)], given], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _given_policy(policy: Policy) -> dict[str, Any]:
    """A policy without what its preset changed or gained since, which no caller gave."""
    fields = policy.model_dump(mode="json", exclude_defaults=True, exclude=_YOUNGER)
    fields |= first_numbers(policy)
    return fields | policy.model_dump(mode="json", exclude_unset=True, include=_YOUNGER)
