"""The `registry.replay` group: try other policies on recorded plans, or check the decisions."""

from types import MappingProxyType

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_log import PlanIds, selected
from plangate.application.progress import Progress, no_progress
from plangate.application.replay.check import Check, CheckReport
from plangate.application.replay.recorded_commands import commands_of
from plangate.application.replay.rerun import Input, rerun
from plangate.application.replay.sweep import Given, Grid, Sweep, Sweeping, rules_of
from plangate.application.replay.totals import Tally
from plangate.application.replay.what_if import Comparison, PlanReplay, UnfitPlan, WhatIf
from plangate.application.results import UnreadablePlan
from plangate.domain.errors import InvalidInput


class ReplayQueries:
    """Decides recorded commands again; the store is only read."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def what_if(
        self, plan_ids: PlanIds = None, *, policy: Given, progress: Progress = no_progress
    ) -> WhatIf:
        """Decide the commands of one, some or all plans again, under another policy.

        `policy` is a whole one, the name of one (`steady`), or the fields to change in each
        plan's own; with a `preset` among them, they change that preset. Plans that cannot be
        read, or whose own policy the changes do not fit, are listed separately. Raises
        `PlanNotFound`, `InvalidInput`.
        """
        rules = rules_of(policy)
        recorded, replayed = Tally(), Tally()
        plans: list[PlanReplay] = []
        unreadable: list[UnreadablePlan] = []
        unfit: list[UnfitPlan] = []
        for plan_id in selected(self._store, plan_ids, progress):
            comparison = Comparison(plan_id)
            try:
                for step in rerun(map(Input.of, commands_of(self._store, plan_id)), rules):
                    comparison.add(step)
            except UnreadableEvent as error:
                unreadable.append(UnreadablePlan.of(error))
            except InvalidInput as error:
                unfit.append(UnfitPlan(plan_id=plan_id, why=str(error)))
            else:
                plans.append(comparison.result())
                comparison.count(recorded, replayed)
        return WhatIf(
            recorded=recorded.totals(),
            replayed=replayed.totals(),
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
        """Compare the totals of plans under every policy of a grid.

        `grid` gives values for fields of a policy; all their combinations are tried, at most
        1,000. Other fields are those of each plan, or of `policy` where it names them.
        Raises `PlanNotFound`, `InvalidInput`.
        """
        sweeping = Sweeping(grid, policy)
        unreadable: list[UnreadablePlan] = []
        for plan_id in selected(self._store, plan_ids, progress):
            try:
                commands = list(commands_of(self._store, plan_id))
            except UnreadableEvent as error:
                unreadable.append(UnreadablePlan.of(error))
            else:
                sweeping.add(commands)
        return sweeping.result(unreadable)

    def check(self, plan_ids: PlanIds = None, *, progress: Progress = no_progress) -> CheckReport:
        """Decide every recorded command again, under the policy that was recorded with it.

        The report names every event that the rules do not give, or that cannot be read.
        Memory does not grow with the log. Raises `PlanNotFound`.
        """
        check = Check(self._store)
        for plan_id in selected(self._store, plan_ids, progress):
            check.add(plan_id)
        return check.report()
