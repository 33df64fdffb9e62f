"""The `registry.bundles` group: bundles, imports from other tools, and copies of a store."""

from collections.abc import Mapping
from typing import Any, Protocol, Unpack

from plangate.application import telemetry
from plangate.application.bundles.exporter import ExportReport, export_plans
from plangate.application.bundles.importer import BundleImport, ImportReport
from plangate.application.bundles.sealed_file import BundleTarget
from plangate.application.command_context import CommandContexts, ContextOptions
from plangate.application.event_store import EventStore
from plangate.application.importing.intake import PlanIntake
from plangate.application.importing.results import PlanFormat, PlansImport
from plangate.application.ledger.notes import validate_note
from plangate.application.models import Model
from plangate.application.operations.copying import FollowErasures, copy_plans
from plangate.application.operations.reports import CopyReport
from plangate.application.plan_log import PlanIds
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.signatures import showing_options
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Flag


class _ImportOptions(Model):
    strict: Flag
    follow_erasures: Flag


@showing_options
@telemetry.questions_of("bundles")
class Bundles:
    """Transfers plans between one store and others."""

    def __init__(
        self,
        store: EventStore,
        bundle_import: BundleImport,
        plan_intake: PlanIntake,
        follow_erasures: FollowErasures,
        contexts: CommandContexts,
    ) -> None:
        self._store = store
        self._contexts = contexts
        self._follow_erasures = follow_erasures
        self._bundle_import = bundle_import
        self._plan_intake = plan_intake

    def export(
        self,
        target: BundleTarget,
        plan_ids: PlanIds = None,
        *,
        checkpoint: str | None = None,
        progress: Progress = no_progress,
    ) -> ExportReport:
        """Write a bundle of one, some or all plans.

        `target` is a path that does not exist yet, or a binary stream. The same plans have the
        same content digest in every store. A `checkpoint` of the ledger goes into the
        manifest. Raises, and leaves no file: `PlanNotFound`, `CorruptEvent`, `InvalidInput` for
        an invalid checkpoint, a path that exists already or cannot be written.
        """
        if checkpoint is not None:
            validate_note("checkpoint", checkpoint)
        return export_plans(self._store, target, plan_ids, progress, checkpoint)

    def import_bundle(
        self,
        source: BundleTarget,
        *,
        strict: bool = False,
        follow_erasures: bool = False,
        progress: Progress = no_progress,
    ) -> ImportReport:
        """Import the plans of a bundle with their ids, versions and times.

        `source` is a path, or a binary stream that can seek. Positions are new; the old ones
        are kept as `origin_position`. A plan in the store gets the events that it does not
        have, so an import can be repeated. Decisions that `replay.check` would not make are
        listed; with `strict` they are refused (`DecisionsDiffer`). Text of plans here that is
        erased in the bundle is erased here only with `follow_erasures`; otherwise the bundle
        is refused (`ErasesText`). Raises, and writes nothing: `AlteredBundle` (`BundleTooNew`),
        also for what no command could record; `HistoryDiffers` for a plan with another
        history here; `InvalidInput` for a source that cannot be read.
        """
        require_progress(progress)
        given = {"strict": strict, "follow_erasures": follow_erasures}
        options = validate(_ImportOptions, given)
        return self._bundle_import.run(
            source, progress, strict=options.strict, follow_erasures=options.follow_erasures
        )

    def import_plans(
        self,
        given: Any,
        format: PlanFormat | str,  # noqa: A002  (what callers name it)
        *,
        tag: str | None = None,
        plan_id: str | None = None,
        source: str | None = None,
        policy: Mapping[str, Any] | Policy | str | None = None,
        reason: str | None = None,
        only_new: bool = False,
        dry_run: bool = False,
        progress: Progress = no_progress,
        **context: Unpack[ContextOptions],
    ) -> PlansImport:
        """Import plans from another tool, or bring those imported before up to their source.

        `given` is a tool's saved data, parsed from JSON, or task lists that
        `plangate.infrastructure.plan_formats` read from text. Each plan is made whole or not at
        all. A source that has gone on revises its plan, for `reason`; it is recognised by
        `plan_id`, else by the format, the tag and the path `source`. What was scored here
        stays. New plans whose source says none get the `policy`. `tag` chooses one plan;
        `only_new` makes one and updates none; `dry_run` records nothing. The report lists what is
        not carried over. Imported again with an idempotency key, the same is answered as it was
        the first time. The default `actor` is `import:` and the format. Raises `InvalidInput`
        where no plan can be read, `PlanExists` with `only_new`, and `IdempotencyKeyReused`.
        """
        require_progress(progress)
        current = self._contexts.current(context)
        request = {
            "format": format,
            "tag": tag,
            "plan_id": plan_id,
            "source": source,
            "policy": policy,
            "reason": reason,
            "only_new": only_new,
            "dry_run": dry_run,
        }
        return self._plan_intake.import_plans(given, request, current, progress)

    def copy_to(self, target: "HasBundles", *, progress: Progress = no_progress) -> CopyReport:
        """Copy all plans into another registry's store, with ids, versions, times and bytes.

        An empty target keeps the positions; otherwise each is kept as `origin_position`.
        Plans that were copied before are recognised, so an interrupted copy can be
        repeated. Text that was erased here is erased there too. Raises, and writes nothing:
        `HistoryDiffers` for a plan with another history there, `InvalidInput` for an event that
        no command could record.
        """
        require_progress(progress)
        theirs = getattr(target, "bundles", None)
        if not isinstance(theirs, Bundles):
            raise InvalidInput([Problem("target", "must be another registry")])
        return copy_plans(self._store, theirs._store, progress, theirs._follow_erasures)  # noqa: SLF001  (its own class)


class HasBundles(Protocol):
    """The part of a registry that a copy needs."""

    @property
    def bundles(self) -> Bundles:
        """Its `bundles` group."""
