"""Imports plans of other tools: reads all of them first, then makes each of them once.

Every command has an idempotency key derived from all commands of the plan without their
text, which may be erased later. So repeating an import finds what it made, or continues where
it was interrupted, whatever has happened to the plans since.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.idempotency import arguments_digest, digest_without_text
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.loopllm import loopllm_plans
from plangate.application.importing.taskmaster import taskmaster_plans
from plangate.application.progress import Progress
from plangate.application.results import Result
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem


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

    `taken`: another plan has its id here, or an earlier state of it was imported; that
    one is left alone. `empty`: it has no tasks to make a plan of.
    """

    IMPORTED = "imported"
    ALREADY_THERE = "already_there"
    TAKEN = "taken"
    EMPTY = "empty"


class ImportedPlan(Result):
    """A plan of another tool: the outcome, and what is not carried over."""

    plan_id: str
    outcome: ImportOutcome
    tasks: int
    not_carried: tuple[NotCarried, ...]


class PlansImport(Result):
    """The outcome for all plans, in the order of the source."""

    format: PlanFormat
    plans: tuple[ImportedPlan, ...]


_READERS: Final[Mapping[PlanFormat, Callable[[object, datetime], Iterator[ForeignPlan]]]] = {
    PlanFormat.LOOPLLM: loopllm_plans,
    PlanFormat.TASKMASTER: taskmaster_plans,
}


class _Request(BaseModel):
    format: PlanFormat


class PlanIntake:
    """Imports plans of other tools into a store."""

    def __init__(self, streams: StreamCache, handler: CommandHandler) -> None:
        self._streams = streams
        self._handler = handler

    def import_plans(
        self, data: object, format_: object, context: CommandContext, progress: Progress
    ) -> PlansImport:
        """Read all plans, then make those that are missing; raises `InvalidInput` before that."""
        kind = validate(_Request, {"format": format_}).format
        context = context.model_copy(update={"actor": context.actor or f"import:{kind}"})
        try:
            _digest(data)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInput([Problem("", f"must be JSON: {error}")]) from None
        plans = list(_READERS[kind](data, self._handler.now()))
        imported = []
        for done, plan in enumerate(plans):
            progress(done, len(plans))
            imported.append(
                ImportedPlan(
                    plan_id=plan.plan_id,
                    outcome=self._make(plan, kind, context),
                    tasks=plan.task_count,
                    not_carried=tuple(plan.not_carried),
                )
            )
        progress(len(plans), len(plans))
        return PlansImport(format=kind, plans=tuple(imported))

    def _make(self, plan: ForeignPlan, kind: PlanFormat, context: CommandContext) -> ImportOutcome:
        if not plan.commands:
            return ImportOutcome.EMPTY
        there = self._streams.current(plan.plan_id)
        keys = _keys(plan, kind, there)
        made = [there.receipts[key] for key in keys if key in there.receipts]
        if there.plan.version and not made:
            return ImportOutcome.TAKEN
        for receipt, command in zip(made, plan.commands, strict=False):
            if receipt.arguments_digest not in {None, arguments_digest(command)}:
                return ImportOutcome.TAKEN
        for command, key in zip(plan.commands, keys, strict=True):
            keyed = context.model_copy(update={"idempotency_key": key})
            self._handler.handle(plan.plan_id, command, keyed)
        return ImportOutcome.ALREADY_THERE if len(made) == len(keys) else ImportOutcome.IMPORTED


def _keys(plan: ForeignPlan, kind: PlanFormat, there: Stream) -> Sequence[str]:
    """The key of each command; a plan of an earlier version keeps those of its data's digest."""
    numbers = range(len(plan.commands))
    former = [f"import-{kind}-{_digest(plan.source)}-{n}" for n in numbers]
    without_text = _digest(
        [digest_without_text(one) or arguments_digest(one) for one in plan.commands]
    )
    return [
        key if key in there.receipts else f"import-{kind}-{without_text}-{n}"
        for n, key in enumerate(former)
    ]


def _digest(source: object) -> str:
    text = json.dumps(source, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
