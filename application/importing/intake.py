"""Plans of other tools become plans here: all are read first, then made, each only once.

Every command has an idempotency key made of what the other tool keeps of the plan. So
the same import again finds what it made, or goes on where it was interrupted, whatever
has happened to the plans since.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.loopllm import loopllm_plans
from plangate.application.importing.taskmaster import taskmaster_plans
from plangate.application.progress import Progress
from plangate.application.stream_cache import StreamCache
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem


class PlanFormat(StrEnum):
    """Whose plans can be brought here."""

    LOOPLLM = "loopllm"
    TASKMASTER = "taskmaster"


class ImportOutcome(StrEnum):
    """What came of a plan.

    `taken`: another plan has its id here, or an earlier state of it was brought; that
    one is left alone. `empty`: nothing of it was left to make a plan of.
    """

    IMPORTED = "imported"
    ALREADY_THERE = "already_there"
    TAKEN = "taken"
    EMPTY = "empty"


class ImportedPlan(BaseModel):
    """A plan of another tool: what came of it, and what of it does not come along."""

    model_config = ConfigDict(frozen=True)

    plan_id: str
    outcome: ImportOutcome
    tasks: int
    not_carried: tuple[NotCarried, ...]


class PlansImport(BaseModel):
    """What came of all plans, in the order in which they stand there."""

    model_config = ConfigDict(frozen=True)

    format: PlanFormat
    plans: tuple[ImportedPlan, ...]


_READERS: Final[Mapping[PlanFormat, Callable[[object, datetime], Iterator[ForeignPlan]]]] = {
    PlanFormat.LOOPLLM: loopllm_plans,
    PlanFormat.TASKMASTER: taskmaster_plans,
}


class _Asked(BaseModel):
    format: PlanFormat


class PlanIntake:
    """Brings plans of other tools into a store."""

    def __init__(self, streams: StreamCache, commands: CommandHandler) -> None:
        self._streams = streams
        self._commands = commands

    def bring(
        self, given: object, format_: object, call: CommandContext, progress: Progress
    ) -> PlansImport:
        """Read all plans, then make those that are not there; raises `InvalidInput` before that."""
        kind = validate(_Asked, {"format": format_}).format
        call = call.model_copy(update={"actor": call.actor or f"import:{kind}"})
        plans = _read(kind, given, self._commands.now())
        made = []
        for done, plan in enumerate(plans):
            progress(done, len(plans))
            made.append(self._made(plan, kind, call))
        progress(len(plans), len(plans))
        return PlansImport(format=kind, plans=tuple(made))

    def _made(self, plan: ForeignPlan, kind: PlanFormat, call: CommandContext) -> ImportedPlan:
        return ImportedPlan(
            plan_id=plan.plan_id,
            outcome=self._outcome(plan, kind, call),
            tasks=plan.task_count,
            not_carried=tuple(plan.not_carried),
        )

    def _outcome(self, plan: ForeignPlan, kind: PlanFormat, call: CommandContext) -> ImportOutcome:
        if not plan.commands:
            return ImportOutcome.EMPTY
        keys = [f"import-{kind}-{_digest(plan.source)}-{n}" for n in range(len(plan.commands))]
        there = self._streams.current(plan.plan_id)
        if there.plan.version and keys[0] not in there.receipts:
            return ImportOutcome.TAKEN
        for command, key in zip(plan.commands, keys, strict=True):
            asked = call.model_copy(update={"idempotency_key": key})
            self._commands.handle(plan.plan_id, command, asked)
        return ImportOutcome.ALREADY_THERE if keys[-1] in there.receipts else ImportOutcome.IMPORTED


def _read(kind: PlanFormat, given: object, now: datetime) -> list[ForeignPlan]:
    try:
        _digest(given)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput([Problem("", f"must be JSON: {error}")]) from None
    return list(_READERS[kind](given, now))


def _digest(source: object) -> str:
    text = json.dumps(source, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
