"""Imports plans of other tools: reads all of them first, then makes or updates each.

A plan is recorded whole or not at all, so that no worker sees it half imported. Every command
has an idempotency key without text, which may be erased later; by these keys the next import
knows what earlier ones recorded.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.event_store import EventStore
from plangate.application.idempotency import arguments_digest, digest_without_text
from plangate.application.importing.beads import beads_lists
from plangate.application.importing.building import build_plan
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.loopllm import build_loopllm, loopllm_sources
from plangate.application.importing.plan_file import plan_file_list
from plangate.application.importing.task_list import TaskList
from plangate.application.importing.taskmaster import taskmaster_lists
from plangate.application.importing.update import IMPORT_KEY, TaskChange, Update
from plangate.application.models import Model
from plangate.application.plan_log import plan_events
from plangate.application.progress import Progress
from plangate.application.results import Result
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate, validate_identifier
from plangate.domain.commands import PlanCommand
from plangate.domain.errors import (
    InvalidInput,
    PlangateError,
    PlanHeld,
    PlanNotFound,
    Problem,
    TaskNotFound,
)
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Flag, Identifier, Prose, Reason, TaskStatus

IMPORTED_FROM: Final = "imported_from"
"""The plan's metadata that names its source: format, tag and path."""


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


class ImportRequest(Model):
    """What a caller asks for. `source` is the path of the file, relative to the store."""

    format: PlanFormat
    tag: Prose | None = None
    plan_id: Identifier | None = None
    source: Prose | None = Field(default=None)
    reason: Reason | None = None
    dry_run: Flag = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A plan in the source: its id, its tag, and how it is built under an id and a metadata."""

    plan_id: str
    pointer: str
    tag: str | None
    build: Callable[[str, Mapping[str, Any]], ForeignPlan]
    is_named: bool = False


class PlanIntake:
    """Imports plans of other tools into a store."""

    def __init__(self, store: EventStore, streams: StreamCache, handler: CommandHandler) -> None:
        self._store = store
        self._streams = streams
        self._handler = handler

    def import_plans(
        self, data: object, given: Mapping[str, object], context: CommandContext, progress: Progress
    ) -> PlansImport:
        """Read all plans, then make or update each; raises `InvalidInput` if none can be read."""
        request = validate(ImportRequest, given)
        kind = request.format
        context = context.model_copy(update={"actor": context.actor or f"import:{kind}"})
        found, left = _plans_in(data, kind, self._handler.now())
        if request.tag is not None:
            found = [one for one in found if request.tag in {one.tag, one.plan_id}]
        if not found and (request.tag is not None or left):
            missing = [Problem("tag", f"there is no tag {request.tag!r}")]
            raise InvalidInput(_problems(left) if request.tag is None else missing)
        if request.plan_id is not None and len(found) > 1:
            tags = ", ".join(one.plan_id for one in found)
            raise InvalidInput([Problem("plan_id", f"names one plan; choose one with tag: {tags}")])
        built = _with_ids_used_once(found, [self._built(one, request) for one in found])
        refused = [one for one in built if isinstance(one, InvalidInput)]
        if refused and len(refused) == len(built):
            raise InvalidInput([problem for one in refused for problem in one.problems])
        imported = []
        for done, (one, plan) in enumerate(zip(found, built, strict=True)):
            progress(done, len(found))
            imported.append(self._imported(one, plan, request, context))
        progress(len(found), len(found))
        return PlansImport(
            format=kind, plans=tuple(imported), not_carried=tuple(left), dry_run=request.dry_run
        )

    def _built(self, found: _Found, request: ImportRequest) -> ForeignPlan | InvalidInput:
        source = _source(found, request)
        metadata = {IMPORTED_FROM: source} if request.source is not None else {}
        try:
            return found.build(self._plan_id(found, request, source), metadata)
        except InvalidInput as refused:
            return refused

    def _plan_id(self, found: _Found, request: ImportRequest, source: Mapping[str, Any]) -> str:
        """The plan of this source: as given, or one that was imported from it, or a new one."""
        if request.plan_id is not None:
            return request.plan_id
        if request.source is not None and not found.is_named:
            known = self._store.plans_with_key(_source_key(request.format, source))
            for plan_id in known:
                if not self._streams.current(plan_id).plan.deleted:
                    return plan_id
        return found.plan_id

    def _imported(
        self,
        found: _Found,
        plan: ForeignPlan | InvalidInput,
        request: ImportRequest,
        context: CommandContext,
    ) -> ImportedPlan:
        if isinstance(plan, InvalidInput):
            return _refused(found.plan_id, 0, plan)
        plan_id, tasks = plan.plan.plan_id, len(plan.plan.order)
        if not plan.commands:
            outcome, updated = ImportOutcome.EMPTY, None
        else:
            try:
                outcome, updated = self._record(found, plan, request, context)
            except (InvalidInput, PlanNotFound, PlanHeld, TaskNotFound) as error:
                return _refused(plan_id, tasks, error)
        is_new = request.dry_run and outcome is ImportOutcome.IMPORTED
        return ImportedPlan(
            plan_id=plan_id,
            outcome=outcome,
            tasks=tasks,
            not_carried=(*plan.not_carried, *(updated.stays if updated else ())),
            changes=tuple(updated.changes) if updated else (),
            planned=_planned(plan.plan) if is_new else (),
            reason=_reason(request, updated) if updated and updated.changes else None,
        )

    def _record(
        self, found: _Found, plan: ForeignPlan, request: ImportRequest, context: CommandContext
    ) -> tuple[ImportOutcome, Update | None]:
        """Make the plan, or update the one that was made of this source."""
        outcome, update = ImportOutcome.IMPORTED, None

        def commands(stream: Stream) -> Sequence[tuple[PlanCommand, CommandContext]]:
            nonlocal outcome, update
            if not stream.plan.version:
                outcome, update = ImportOutcome.IMPORTED, None
                keys = _keys(plan, found, request)
                return list(zip(plan.commands, _contexts(context, keys), strict=True))
            if not _is_ours(stream, found, request):
                outcome, update = ImportOutcome.TAKEN, None
                return ()
            recorded = list(plan_events(self._store, stream.plan.plan_id))
            update = Update(stream.plan, recorded, plan.plan, plan.former)
            if update.is_of_another and request.plan_id is None:
                outcome, update = ImportOutcome.TAKEN, None
                return ()
            needed = list(update.commands(_reason(request, update)))
            outcome = ImportOutcome.UPDATED if needed else ImportOutcome.ALREADY_THERE
            digest = _commands_digest(needed)
            prefix = f"{IMPORT_KEY}{request.format}-{digest}-{stream.plan.version}"
            keys = [f"{prefix}-{n}" for n in range(len(needed))]
            return list(zip(needed, _contexts(context, keys), strict=True))

        if request.dry_run:
            commands(self._streams.current(plan.plan.plan_id))
        else:
            self._handler.handle_together(plan.plan.plan_id, commands)
        return outcome, update


def _plans_in(
    data: object, kind: PlanFormat, now: datetime
) -> tuple[list[_Found], Sequence[NotCarried]]:
    """The plans in the data of a tool, or in lists that were read from its text."""
    if isinstance(data, list | tuple) and data and all(isinstance(one, TaskList) for one in data):
        return [_listed(one, kind, now) for one in data], ()
    try:
        _digest(data)
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
    return [_listed(one, kind, now) for one in lists], left


def _listed(listed: TaskList, kind: PlanFormat, now: datetime) -> _Found:
    def build(plan_id: str, metadata: Mapping[str, Any]) -> ForeignPlan:
        validate_identifier(listed.at.pointer, plan_id)
        return build_plan(listed, plan_id, metadata, f"imported from {_NAMES[kind]}", now)

    return _Found(listed.plan_id, listed.at.pointer, listed.tag, build, listed.is_named)


def _saved(pointer: str, source: object, now: datetime) -> _Found:
    its_own = source.get("plan_id") if isinstance(source, dict) else None
    named = its_own if isinstance(its_own, str) else pointer

    def build(plan_id: str, metadata: Mapping[str, Any]) -> ForeignPlan:
        other = None if plan_id == named else validate_identifier("plan_id", plan_id)
        return build_loopllm(source, pointer, other, metadata, now)

    return _Found(named, pointer, named, build)


def _with_ids_used_once(
    found: Sequence[_Found], built: Sequence[ForeignPlan | InvalidInput]
) -> list[ForeignPlan | InvalidInput]:
    """The plans; one that has the id of an earlier one in the same source is refused."""
    used: set[str] = set()
    checked: list[ForeignPlan | InvalidInput] = []
    for one, plan in zip(found, built, strict=True):
        if isinstance(plan, ForeignPlan):
            plan_id = plan.plan.plan_id
            if plan_id in used:
                problem = Problem(f"{one.pointer}/plan_id", f"{plan_id!r} is used twice")
                checked.append(InvalidInput([problem]))
                continue
            used.add(plan_id)
        checked.append(plan)
    return checked


_NAMES: Final[Mapping[PlanFormat, str]] = {
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


def _refused(plan_id: str, tasks: int, error: PlangateError) -> ImportedPlan:
    why = _problems_of(error)
    return ImportedPlan(
        plan_id=plan_id, outcome=ImportOutcome.REFUSED, tasks=tasks, not_carried=why
    )


def _problems_of(error: PlangateError) -> tuple[NotCarried, ...]:
    if isinstance(error, InvalidInput):
        return tuple(NotCarried(pointer=one.field, why=one.message) for one in error.problems)
    return (NotCarried(pointer="", why=str(error)),)


def _problems(left: Sequence[NotCarried]) -> list[Problem]:
    return [Problem(one.pointer, one.why) for one in left]


def _source(found: _Found, request: ImportRequest) -> dict[str, Any]:
    named = {"format": request.format.value, "tag": found.tag, "path": request.source}
    return {name: value for name, value in named.items() if value is not None}


def _source_key(kind: PlanFormat, source: Mapping[str, Any]) -> str:
    """The key of the command that makes the plan of a source: by it the plan is found again."""
    return f"{IMPORT_KEY}{kind}-from-{_digest(source)}"


def _is_ours(stream: Stream, found: _Found, request: ImportRequest) -> bool:
    """Whether the plan was imported from this source, or the caller says that it is."""
    if request.plan_id is not None or found.is_named:
        return True
    prefix = f"{IMPORT_KEY}{request.format}-"
    if not any(key.startswith(prefix) for key in stream.receipts):
        return False
    known = stream.plan.metadata.get(IMPORTED_FROM)
    if not isinstance(known, dict) or request.source is None:
        return True
    return known == _source(found, request)


def _keys(plan: ForeignPlan, found: _Found, request: ImportRequest) -> list[str]:
    digest = _commands_digest(plan.commands)
    prefix = f"{IMPORT_KEY}{request.format}-made-{digest}"
    keys = [f"{prefix}-{n}" for n in range(len(plan.commands))]
    if request.source is not None:
        keys[0] = _source_key(request.format, _source(found, request))
    return keys


def _contexts(context: CommandContext, keys: Sequence[str]) -> Iterator[CommandContext]:
    for key in keys:
        yield context.model_copy(update={"idempotency_key": key})


def _commands_digest(commands: Sequence[PlanCommand]) -> str:
    """A digest of commands without the text that may be erased later."""
    return _digest([digest_without_text(one) or arguments_digest(one) for one in commands])


def _reason(request: ImportRequest, update: Update) -> str:
    if request.reason is not None:
        return request.reason
    counted = Counter(change.change for change in update.changes)
    what = ", ".join(f"{number} {change}" for change, number in counted.items())
    return f"the source ({request.source or _NAMES[request.format]}) has gone on: {what}"


def _planned(plan: Plan) -> tuple[ImportedTask, ...]:
    return tuple(
        ImportedTask(
            id=task.id,
            title=task.title,
            status=task.status,
            depends_on=task.depends_on,
            deferred=None if task.deferred is None else task.deferred.reason,
        )
        for task in plan
    )


def _digest(source: object) -> str:
    text = json.dumps(source, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
