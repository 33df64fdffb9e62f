"""The plans in what another tool keeps, each found in its format and not yet built."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from plangate.application.importing.beads import beads_lists
from plangate.application.importing.building import build_plan
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.loopllm import build_loopllm, loopllm_sources
from plangate.application.importing.plan_file import plan_file_list
from plangate.application.importing.results import PlanFormat
from plangate.application.importing.task_list import TaskList
from plangate.application.importing.taskmaster import taskmaster_lists
from plangate.application.validation import validate_identifier
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy

NAMES: Final[Mapping[PlanFormat, str]] = {
    PlanFormat.LOOPLLM: "loopllm",
    PlanFormat.TASKMASTER: "Task Master",
    PlanFormat.BEADS: "beads",
    PlanFormat.SPEC_KIT: "spec-kit",
    PlanFormat.KIRO: "Kiro",
    PlanFormat.OPENSPEC: "OpenSpec",
    PlanFormat.BACKLOG: "Backlog.md",
    PlanFormat.MARKDOWN: "a checklist",
    PlanFormat.PLAN: "a plan file",
}
"""What a person calls each format."""


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """A plan in the source: its id, its tag, and how it is built under an id and a metadata."""

    plan_id: str
    pointer: str
    tag: str | None
    build: Callable[[str, Mapping[str, Any]], ForeignPlan]
    is_named: bool = False


def plans_in(
    data: object, kind: PlanFormat, policy: Policy | None, now: datetime
) -> tuple[list[FoundPlan], Sequence[NotCarried]]:
    """The plans in the data of a tool, or in lists that were read from its text.

    They have this `policy` unless the source says another.
    """
    if isinstance(data, list | tuple) and data and all(isinstance(one, TaskList) for one in data):
        return [_listed(one, kind, policy, now) for one in data], ()
    try:
        digest(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput([Problem("", f"must be JSON: {error}")]) from None
    match kind:
        case PlanFormat.LOOPLLM:
            return [_saved(*one, now) for one in loopllm_sources(data)], ()
        case PlanFormat.TASKMASTER:
            lists, left = taskmaster_lists(data)
        case PlanFormat.BEADS:
            lists, left = beads_lists(data)
        case PlanFormat.PLAN:
            lists, left = [plan_file_list(data)], []
        case _:
            problem = "is text: read it with plangate.infrastructure.plan_formats"
            raise InvalidInput([Problem("format", f"{kind} {problem}")])
    return [_listed(one, kind, policy, now) for one in lists], left


def digest(source: object) -> str:
    """A digest of JSON data; raises `TypeError` and `ValueError` for what is not JSON."""
    text = json.dumps(source, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _listed(listed: TaskList, kind: PlanFormat, policy: Policy | None, now: datetime) -> FoundPlan:
    listed = replace(listed, policy=listed.policy or policy)

    def build(plan_id: str, metadata: Mapping[str, Any]) -> ForeignPlan:
        validate_identifier(listed.at.pointer, plan_id)
        return build_plan(listed, plan_id, metadata, f"imported from {NAMES[kind]}", now)

    return FoundPlan(listed.plan_id, listed.at.pointer, listed.tag, build, listed.is_named)


def _saved(pointer: str, source: object, now: datetime) -> FoundPlan:
    its_own = source.get("plan_id") if isinstance(source, dict) else None
    named = its_own if isinstance(its_own, str) else pointer

    def build(plan_id: str, metadata: Mapping[str, Any]) -> ForeignPlan:
        other = None if plan_id == named else validate_identifier("plan_id", plan_id)
        return build_loopllm(source, pointer, other, metadata, now)

    return FoundPlan(named, pointer, named, build)
