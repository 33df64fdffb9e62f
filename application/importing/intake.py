"""Imports plans of other tools: reads all of them first, then makes or updates each.

A plan is recorded whole or not at all, so that no worker sees it half imported. Every command
has an idempotency key without text, which may be erased later; by these keys the next import
knows what earlier ones recorded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler, Together
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.event_store import EventStore
from plangate.application.idempotency import arguments_digest, digest_without_text
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.former_source import IMPORT_KEY
from plangate.application.importing.results import (
    ImportedPlan,
    ImportedTask,
    ImportOutcome,
    PlanFormat,
    PlansImport,
)
from plangate.application.importing.sources import NAMES, FoundPlan, digest, plans_in
from plangate.application.importing.update import Update
from plangate.application.models import Model
from plangate.application.plan_log import plan_events
from plangate.application.progress import Progress
from plangate.application.stream_cache import Receipt, Stream, StreamCache
from plangate.application.validation import validate
from plangate.domain.commands import PlanCommand
from plangate.domain.errors import (
    InvalidInput,
    PlanExists,
    PlangateError,
    PlanHeld,
    PlanNotFound,
    Problem,
    TaskNotFound,
)
from plangate.domain.plan import Plan
from plangate.domain.presets import GivenPolicy
from plangate.domain.vocabulary import Flag, Identifier, Prose, Reason

IMPORTED_FROM: Final = "imported_from"
"""The plan's metadata that names its source: format, tag and path."""


class ImportRequest(Model):
    """What a caller asks for. `source` is the path of the file, relative to the store."""

    format: PlanFormat
    tag: Prose | None = None
    plan_id: Identifier | None = None
    source: Prose | None = Field(default=None)
    policy: GivenPolicy | None = None
    reason: Reason | None = None
    only_new: Flag = False
    dry_run: Flag = False


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
        found, left = plans_in(data, kind, request.policy, self._handler.now())
        found = _chosen(found, left, request)
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

    def _built(self, found: FoundPlan, request: ImportRequest) -> ForeignPlan | InvalidInput:
        source = _source(found, request)
        metadata = {IMPORTED_FROM: source} if request.source is not None else {}
        try:
            return found.build(self._plan_id(found, request, source), metadata)
        except InvalidInput as refused:
            return refused

    def _plan_id(self, found: FoundPlan, request: ImportRequest, source: Mapping[str, Any]) -> str:
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
        found: FoundPlan,
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
                outcome, updated = self._record(_Import(found, plan, request, context))
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

    def _record(self, one: "_Import") -> tuple[ImportOutcome, Update | None]:
        """Make the plan, or update the one that was made of this source."""
        outcome, update = ImportOutcome.IMPORTED, None

        def commands(stream: Stream) -> Sequence[Together]:
            nonlocal outcome, update
            receipt = one.receipt(stream)
            if receipt is not None:
                before = self._streams.as_recorded(stream, receipt)[0]
                update = self._update(before, one.plan) if before.version else None
                outcome = ImportOutcome.UPDATED if update else ImportOutcome.IMPORTED
                return ()
            if not stream.plan.version:
                outcome, update = ImportOutcome.IMPORTED, None
                return one.making()
            if one.request.only_new:
                raise PlanExists(stream.plan.plan_id)
            outcome, update = ImportOutcome.TAKEN, None
            if not one.is_of(stream):
                return ()
            compared = self._update(stream.plan, one.plan)
            if compared.is_of_another and one.request.plan_id is None:
                return ()
            update = compared
            needed = one.updating(stream, compared)
            outcome = ImportOutcome.UPDATED if needed else ImportOutcome.ALREADY_THERE
            return needed

        plan_id = one.plan.plan.plan_id
        if one.request.dry_run:
            commands(self._streams.current(plan_id))
        else:
            self._handler.handle_together(plan_id, commands)
        return outcome, update

    def _update(self, here: Plan, plan: ForeignPlan) -> Update:
        """What brings the plan as it is, or was, up to its source."""
        recorded = list(plan_events(self._store, here.plan_id, until=here.version))
        return Update(here, recorded, plan.plan, plan.former)


class _Import:
    """A plan of a source on its way into the store: the keys that its commands have."""

    def __init__(
        self,
        found: FoundPlan,
        plan: ForeignPlan,
        request: ImportRequest,
        context: CommandContext,
    ) -> None:
        self.plan = plan
        self.request = request
        self._found = found
        self._context = context
        self._prefix = f"{IMPORT_KEY}{request.format}-"
        self._source_key: str | None = None
        """What the command has that makes the plan of a source."""
        self._asked_key: str | None = None
        """What the first command has where the caller gave a key."""
        self._given = ""
        self._arguments_digest: str | None = None
        if request.source is not None:
            self._source_key = _source_key(request.format, _source(found, request))
        if context.idempotency_key is not None:
            self._given = digest(context.idempotency_key)
            self._asked_key = f"{self._prefix}asked-{self._given}"
            self._arguments_digest = self._given + self._digest_of_arguments()

    def _digest_of_arguments(self) -> str:
        asked = self.request.model_dump(mode="json", exclude={"dry_run"}, exclude_defaults=True)
        return digest([asked, *map(arguments_digest, self.plan.commands)])

    def receipt(self, stream: Stream) -> Receipt | None:
        """The receipt of this very import, where the caller's key says that it is sent again.

        A plan that was made of a source has the source's key; then the digest of the arguments
        shows which key the caller gave. Raises `IdempotencyKeyReused`.
        """
        if self._asked_key is None:
            return None
        receipt = stream.receipts.get(self._asked_key)
        if receipt is None and self._source_key is not None:
            made = stream.receipts.get(self._source_key)
            is_asked = made is not None and (made.arguments_digest or "").startswith(self._given)
            receipt = made if is_asked else None
        if receipt is not None and receipt.arguments_digest not in {None, self._arguments_digest}:
            raise IdempotencyKeyReused(stream.plan.plan_id, self._context.idempotency_key or "")
        return receipt

    def is_of(self, stream: Stream) -> bool:
        """Whether the plan was imported from this source, or the caller says that it is."""
        if self.request.plan_id is not None or self._found.is_named:
            return True
        if not any(key.startswith(self._prefix) for key in stream.receipts):
            return False
        known = stream.plan.metadata.get(IMPORTED_FROM)
        if not isinstance(known, dict) or self.request.source is None:
            return True
        return known == _source(self._found, self.request)

    def making(self) -> Sequence[Together]:
        """The commands that make the plan."""
        first, made = self._source_key or self._asked_key, _commands_digest(self.plan.commands)
        return list(self._together(self.plan.commands, f"{self._prefix}made-{made}", first))

    def updating(self, stream: Stream, update: Update) -> Sequence[Together]:
        """The commands that bring the plan up to its source, if any are needed."""
        commands = list(update.commands(_reason(self.request, update)))
        prefix = f"{self._prefix}{_commands_digest(commands)}-{stream.plan.version}"
        return list(self._together(commands, prefix, self._asked_key))

    def _together(
        self, commands: Sequence[PlanCommand], prefix: str, first: str | None
    ) -> Iterator[Together]:
        for number, command in enumerate(commands):
            key = first if first and not number else f"{prefix}-{number}"
            context = self._context.model_copy(update={"idempotency_key": key})
            yield Together(command, context, None if number else self._arguments_digest)


def _chosen(
    found: list[FoundPlan], left: Sequence[NotCarried], request: ImportRequest
) -> list[FoundPlan]:
    """The plans that the request is about; raises `InvalidInput` where that cannot be."""
    if request.tag is not None:
        found = [one for one in found if request.tag in {one.tag, one.plan_id}]
    if not found and (request.tag is not None or left):
        missing = [Problem("tag", f"there is no tag {request.tag!r}")]
        raise InvalidInput(missing if request.tag is not None else [one.problem for one in left])
    tags = ", ".join(one.plan_id for one in found)
    if len(found) > 1 and request.plan_id is not None:
        raise InvalidInput([Problem("plan_id", f"names one plan; choose one with tag: {tags}")])
    if len(found) != 1 and request.only_new:
        raise InvalidInput(
            [Problem("tag", f"choose the one plan to make: {tags or 'none is there'}")]
        )
    return found


def _with_ids_used_once(
    found: Sequence[FoundPlan], built: Sequence[ForeignPlan | InvalidInput]
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


def _refused(plan_id: str, tasks: int, error: PlangateError) -> ImportedPlan:
    why = _problems_of(error)
    return ImportedPlan(
        plan_id=plan_id, outcome=ImportOutcome.REFUSED, tasks=tasks, not_carried=why
    )


def _problems_of(error: PlangateError) -> tuple[NotCarried, ...]:
    if isinstance(error, InvalidInput):
        return tuple(NotCarried.of(one) for one in error.problems)
    return (NotCarried(pointer="", why=str(error)),)


def _source(found: FoundPlan, request: ImportRequest) -> dict[str, Any]:
    named = {"format": request.format.value, "tag": found.tag, "path": request.source}
    return {name: value for name, value in named.items() if value is not None}


def _source_key(kind: PlanFormat, source: Mapping[str, Any]) -> str:
    """The key of the command that makes the plan of a source: by it the plan is found again."""
    return f"{IMPORT_KEY}{kind}-from-{digest(source)}"


def _commands_digest(commands: Sequence[PlanCommand]) -> str:
    """A digest of commands without the text that may be erased later."""
    return digest([digest_without_text(one) or arguments_digest(one) for one in commands])


def _reason(request: ImportRequest, update: Update) -> str:
    if request.reason is not None:
        return request.reason
    counted = Counter(change.change for change in update.changes)
    what = ", ".join(f"{number} {change}" for change, number in counted.items())
    return f"the source ({request.source or NAMES[request.format]}) has gone on: {what}"


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
