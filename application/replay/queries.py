"""What can be asked of the past: how things stood, why, and what other rules would have done."""

from types import MappingProxyType

from plangate.application.bundles.exporter import ExportReport, export_plans
from plangate.application.bundles.sealed_file import Place
from plangate.application.errors import CorruptEvent
from plangate.application.event_store import Clock, EventStore
from plangate.application.evidence.calibration import (
    Calibration,
    CalibrationWanted,
    Calibrator,
    Confidence,
    calibrated,
)
from plangate.application.evidence.findings import FindingsReport, Review
from plangate.application.history.queries import PastQuestions
from plangate.application.ledger.notes import validate_note
from plangate.application.plan_selection import PlanIds, selected
from plangate.application.progress import Progress, no_progress
from plangate.application.replay.check import Check, CheckReport
from plangate.application.replay.comparison import Comparison
from plangate.application.replay.policies import Given, rules_of
from plangate.application.replay.recorded_commands import commands_of
from plangate.application.replay.rerun import Input, rerun
from plangate.application.replay.sweep import Grid, Sweep, Sweeping
from plangate.application.replay.totals import Tally
from plangate.application.replay.what_if import PlanReplay, UnfitPlan, WhatIf
from plangate.application.results import UnreadablePlan
from plangate.application.validation import validate
from plangate.application.views.view_store import ViewStore
from plangate.domain.errors import InvalidInput


class HistoryQuestions(PastQuestions):
    """The answers that a store's whole history gives."""

    def __init__(
        self, store: EventStore, views: ViewStore, clock: Clock, calibrator: Calibrator
    ) -> None:
        super().__init__(store, views, clock)
        self._calibrator = calibrator

    def replay(
        self,
        plan_ids: PlanIds = None,
        *,
        policy: Given,
        progress: Progress = no_progress,
    ) -> WhatIf:
        """What would have happened to plans under another policy: one, some, or all of them.

        `policy` is a whole one, the name of one (`steady`), or the fields to change about
        each plan's own; with a `preset` among them, that preset with these fields. What was
        asked of the plans is decided anew, at the recorded times; the store is only read.
        `progress` hears how much is done, of how much. Plans that cannot be read, or whose own
        policy does not go together with the change, are named beside the others.
        Raises `PlanNotFound`, `InvalidInput`.
        """
        rules = rules_of(policy)
        happened, would_have = Tally(), Tally()
        plans: list[PlanReplay] = []
        unreadable: list[UnreadablePlan] = []
        unfit: list[UnfitPlan] = []
        for plan_id in selected(self._store, plan_ids, progress):
            stories = Comparison(plan_id)
            try:
                for step in rerun(map(Input.of, commands_of(self._store, plan_id)), rules):
                    stories.add(step)
            except CorruptEvent as error:
                unreadable.append(_unreadable(error))
            except InvalidInput as error:
                unfit.append(UnfitPlan(plan_id=plan_id, why=str(error)))
            else:
                plans.append(stories.result())
                stories.count(happened, would_have)
        return WhatIf(
            recorded=happened.totals(),
            replayed=would_have.totals(),
            plans=tuple(plans),
            unreadable=tuple(unreadable),
            unfit=tuple(unfit),
        )

    def sweep(
        self,
        grid: Grid,
        plan_ids: PlanIds = None,
        *,
        policy: Given = MappingProxyType({}),
        progress: Progress = no_progress,
    ) -> Sweep:
        """What a whole grid of policies would have made of plans, as figures to compare.

        `grid` gives values to try for fields of a policy; all their combinations are, at
        most 1,000 of them. What it does not name is each plan's own, or as `policy` says,
        whole or in part. The history is read once. `progress` hears how much is done, of how
        much. Raises `PlanNotFound`, `InvalidInput`.
        """
        sweeping = Sweeping(grid, policy)
        unreadable: list[UnreadablePlan] = []
        for plan_id in selected(self._store, plan_ids, progress):
            try:
                commands = list(commands_of(self._store, plan_id))
            except CorruptEvent as error:
                unreadable.append(_unreadable(error))
            else:
                sweeping.add(commands)
        return sweeping.result(unreadable)

    def export(
        self,
        target: Place,
        plan_ids: PlanIds = None,
        *,
        checkpoint: str | None = None,
        progress: Progress = no_progress,
    ) -> ExportReport:
        """Write a bundle of whole plans, one, some or all: a file that `import_bundle` takes in.

        `target` is a path, where nothing may be yet, or a binary stream. The same plans
        give the same content digest in every store. A `checkpoint` of the ledger comes along
        in the manifest. `progress` hears how much is done, of how much. Raises `PlanNotFound`;
        `InvalidInput` for what is no checkpoint; `CorruptEvent` for an event that cannot
        be read, and then there is no file; FileExistsError.
        """
        if checkpoint is not None:
            validate_note("checkpoint", checkpoint)
        return export_plans(self._store, target, plan_ids, progress, checkpoint)

    def check(self, plan_ids: PlanIds = None, *, progress: Progress = no_progress) -> CheckReport:
        """Make every recorded decision of plans again, under the policy recorded with each.

        Whatever the rules do not give is named by its event, and so is an event that
        cannot be read. Memory stays flat however long the log is. `progress` hears how much
        is done, of how much. Raises `PlanNotFound`.
        """
        check = Check(self._store)
        for plan_id in selected(self._store, plan_ids, progress):
            check.judge(plan_id)
        return check.report()

    def findings(
        self, plan_ids: PlanIds = None, *, progress: Progress = no_progress
    ) -> FindingsReport:
        """What in the history of scores deserves a second look, each with its events.

        Plans are told in the order of their creation; one that cannot be read is told as
        far as it can. Memory stays flat however many events there are. `progress` hears how
        much is done, of how much. Raises `PlanNotFound`.
        """
        return Review(self._store).of(plan_ids, progress)

    def calibrate(
        self,
        plan_ids: PlanIds = None,
        *,
        confidence: Confidence | str = Confidence.TASK,
        seed: int = 0,
        progress: Progress = no_progress,
    ) -> Calibration:
        """Does low confidence predict rejection? Confidences held against recorded outcomes.

        Each outcome is compared with the confidence in the version before it: of its task,
        or with `rolling` of its plan. Intervals are 95 %, from draws of whole plans by
        `seed`; the same seed gives the same figures. A figure that rests on too few
        outcomes is None and says so. Needs the extra `plangate[analysis]`: raises
        `AnalysisMissing` without it; `InvalidInput`, `PlanNotFound`.
        """
        wanted = validate(CalibrationWanted, {"confidence": confidence, "seed": seed})
        return calibrated(self._store, plan_ids, wanted, self._calibrator, progress)


def _unreadable(error: CorruptEvent) -> UnreadablePlan:
    return UnreadablePlan(plan_id=error.plan_id, version=error.version, why=error.why)
