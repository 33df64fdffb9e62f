"""What other policies would have made of the past, and whether it was decided by its own."""

from types import MappingProxyType

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
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
from plangate.domain.errors import InvalidInput


class ReplayQueries:
    """Answers from recorded commands that are decided once more."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def what_if(
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
                unreadable.append(UnreadablePlan.of(error))
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
                unreadable.append(UnreadablePlan.of(error))
            else:
                sweeping.add(commands)
        return sweeping.result(unreadable)

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
