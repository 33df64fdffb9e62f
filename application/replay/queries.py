"""The `registry.replay` group: try other policies on recorded plans, or check the decisions."""

from collections.abc import Iterator
from types import MappingProxyType

from plangate.application import telemetry
from plangate.application.event_store import EventStore
from plangate.application.evidence.statistics import MakeStatistics, no_statistics
from plangate.application.plan_log import PlanIds
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.replay.check import Check, CheckReport
from plangate.application.replay.comparing import Comparing
from plangate.application.replay.sweep import Grid, Sweep, Sweeping
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.over_plans import Workers, add_plans, adding_plans
from plangate.application.rerun.policies import Given


@telemetry.questions_of("replay")
class ReplayQueries:
    """Decides recorded commands again; the store is only read.

    All plans of a large log are shared out over processes, where `workers` can start them.
    """

    def __init__(
        self,
        store: EventStore,
        workers: Workers | None = None,
        statistics: MakeStatistics = no_statistics,
    ) -> None:
        self._store = store
        self._make_statistics = statistics
        self._workers = workers

    def what_if(
        self,
        plan_ids: PlanIds = None,
        *,
        policy: Given,
        ladder: bool = False,
        progress: Progress = no_progress,
    ) -> WhatIf:
        """Decide the commands of one, some or all plans again, under another policy.

        `policy` is a whole one, the name of one (`steady`), or the fields to change in each
        plan's own; with a `preset` among them, they change that preset. With a `ladder` each
        changed field is also tried alone, and with those before it: twice a run for each
        field. Plans that cannot be read, or whose own policy the changes do not fit, are
        listed separately. Raises `PlanNotFound`, `InvalidInput`.
        """
        comparing = Comparing(policy, ladder=ladder)
        add_plans(comparing, self._store, self._workers, plan_ids, progress)
        return comparing.result(self._make_statistics)

    def what_if_parts(
        self,
        plan_ids: PlanIds = None,
        *,
        policy: Given,
        ladder: bool = False,
        progress: Progress = no_progress,
    ) -> Iterator[WhatIf]:
        """The answer of `what_if` in parts, so that memory does not grow with the plans.

        Each part has the plans since the part before, and the totals of all plans so far. The
        last one comes when all plans were read, and has the rest: what is changed, the ladder,
        and the shares. Raises `InvalidInput`, the iterator also
        `PlanNotFound`.
        """
        require_progress(progress)
        return self._parts(Comparing(policy, ladder=ladder), plan_ids, progress)

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
        add_plans(sweeping, self._store, self._workers, plan_ids, progress)
        return sweeping.result(self._make_statistics)

    def check(self, plan_ids: PlanIds = None, *, progress: Progress = no_progress) -> CheckReport:
        """Decide every recorded command again, under the policy that was recorded with it.

        The report names every event that the rules do not give, or that cannot be read.
        Memory does not grow with the log. Raises `PlanNotFound`.
        """
        check = Check()
        add_plans(check, self._store, self._workers, plan_ids, progress)
        return check.report()

    def _parts(
        self, comparing: Comparing, plan_ids: PlanIds, progress: Progress
    ) -> Iterator[WhatIf]:
        for _ in adding_plans(comparing, self._store, self._workers, plan_ids, progress):
            yield comparing.part()
        yield comparing.result(self._make_statistics)
