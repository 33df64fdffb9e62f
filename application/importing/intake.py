"""Imports plans of other tools: reads all of them first, then makes or updates each.

A plan is recorded whole or not at all, so that no worker sees it half imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler, Together
from plangate.application.event_store import EventStore
from plangate.application.importing.foreign import ForeignPlan, NotCarried
from plangate.application.importing.plan_import import IMPORTED_FROM, ImportRequest, PlanImport
from plangate.application.importing.results import (
    ImportedPlan,
    ImportedTask,
    ImportOutcome,
    PlansImport,
)
from plangate.application.importing.sources import FoundPlan, plans_in
from plangate.application.importing.update import Update
from plangate.application.plan_log import plan_events
from plangate.application.progress import Progress
from plangate.application.stream_cache import Stream, StreamCache
from plangate.application.validation import validate
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
        source = request.source_of(found)
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
            known = self._store.plans_with_key(request.source_key(source))
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
                outcome, updated = self._record(PlanImport(found, plan, request, context))
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
            reason=request.reason_for(updated) if updated and updated.changes else None,
        )

    def _record(self, one: PlanImport) -> tuple[ImportOutcome, Update | None]:
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
