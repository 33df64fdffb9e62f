"""Plans into the store and out of it: bundles, plans of other tools, whole copies."""

from typing import Any, Protocol, Unpack

from plangate.application.bundles.exporter import ExportReport, export_plans
from plangate.application.bundles.importer import BundleImport, ImportReport
from plangate.application.bundles.sealed_file import BundleTarget
from plangate.application.command_context import ContextOptions, current_context
from plangate.application.event_store import EventStore
from plangate.application.importing.intake import PlanFormat, PlanIntake, PlansImport
from plangate.application.ledger.notes import validate_note
from plangate.application.operations.copying import copy_plans
from plangate.application.operations.reports import CopyReport
from plangate.application.plan_selection import PlanIds
from plangate.application.progress import Progress, no_progress


class Bundles:
    """Transfers plans between one store and others."""

    def __init__(
        self, store: EventStore, bundle_import: BundleImport, plan_intake: PlanIntake
    ) -> None:
        self._store = store
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
        """Write a bundle of whole plans, one, some or all.

        `target` is a path, where no file may be yet, or a binary stream. The same plans
        give the same content digest in every store. A `checkpoint` of the ledger is put
        into the manifest. Raises `PlanNotFound`; `InvalidInput` for what is no checkpoint;
        `CorruptEvent` for an event that cannot be read, and leaves no file then;
        FileExistsError.
        """
        if checkpoint is not None:
            validate_note("checkpoint", checkpoint)
        return export_plans(self._store, target, plan_ids, progress, checkpoint)

    def import_bundle(
        self, source: BundleTarget, *, progress: Progress = no_progress
    ) -> ImportReport:
        """Import the plans of a bundle with their ids, versions and times.

        `source` is a path, or a binary stream that can seek. Positions are new; the old
        ones are kept as `origin_position`. Plans that are in the store already stay as they
        are, or get the events they lack, so an import can be repeated. Raises, with nothing
        written, `AlteredBundle` (`BundleTooNew`), and `HistoryDiffers` for a plan that has
        another history here.
        """
        return self._bundle_import.take_in(source, progress)

    def import_plans(
        self,
        given: Any,
        format: PlanFormat | str,  # noqa: A002  (what callers name it)
        *,
        progress: Progress = no_progress,
        **context: Unpack[ContextOptions],
    ) -> PlansImport:
        """Import plans that another tool keeps, `loopllm` or `taskmaster`.

        `given` is what it saved, as JSON gives it. Each plan is created once, however often
        it is imported. The answer lists, plan by plan, what does not come along. Without an
        `actor` the actor is `import:` and the format. Raises `InvalidInput`, naming places by
        JSON pointers, with nothing recorded of any plan.
        """
        return self._plan_intake.import_plans(given, format, current_context(context), progress)

    def copy_to(self, target: "HasBundles", *, progress: Progress = no_progress) -> CopyReport:
        """Copy all plans into another registry's store: ids, versions, times and bytes.

        Positions are kept if the target is empty; otherwise each is kept as
        `origin_position`. Plans that were copied before are recognised, so a copy that was
        interrupted can be repeated. Raises `HistoryDiffers`, before anything is written,
        for a plan that has another history there.
        """
        return copy_plans(self._store, target.bundles._store, progress)  # noqa: SLF001  (its own class)


class HasBundles(Protocol):
    """A registry, as far as a copy needs one."""

    @property
    def bundles(self) -> Bundles:
        """Its transfers."""
        ...
