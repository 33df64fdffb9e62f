"""The `registry.replay` group: try other policies on recorded plans, or check the decisions."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from plangate.application import telemetry
from plangate.application.event_store import EventStore
from plangate.application.evidence.gate_worth import Cost
from plangate.application.evidence.statistics import MakeStatistics, no_statistics
from plangate.application.plan_log import PlanIds
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.replay.check import Check, CheckReport
from plangate.application.replay.comparing import Comparing
from plangate.application.replay.folds import By
from plangate.application.replay.policy_grid import TO_CHOOSE_FROM, Grid, candidates_of
from plangate.application.replay.sweep import Sweep, Sweeping
from plangate.application.replay.truth import Truth
from plangate.application.replay.tune import TuneOptions, Tuning, cases_for, tune
from plangate.application.replay.tuning_cases import weighed_alike
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.over_plans import Workers, add_plans, adding_plans
from plangate.application.rerun.policies import Given
from plangate.application.validation import validate
from plangate.domain.presets import Preset


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

    def tune(
        self,
        plan_ids: PlanIds = None,
        *,
        truth: str | Truth = "outcomes",
        grid: Grid = TO_CHOOSE_FROM,
        tries: int | None = None,
        policy: Given = Preset.STEADY,
        by: By | str = By.GOAL,
        folds: int = 5,
        cost: Cost | Mapping[str, float] | None = None,
        seed: int = 0,
        progress: Progress = no_progress,
    ) -> Tuning:
        """Choose a policy by what it does on work that it was not chosen by.

        `truth` says what is bad: tasks with a rejected outcome, or with `repeats:0.5` plans of
        work whose repeats have a mean score below 0.5. All policies of `grid` are tried, or
        `tries` of them; other fields are those of `policy`. Where it does not say how scores
        are weighed and judges told apart, that is as in the plans, if these agree. Plans of one
        goal, or with `by` one label, choose or test together, in so many `folds`. The measure
        is balanced accuracy, or with `cost` what a missed bad case and a stopped good one cost. The
        answer recommends nothing where that rests on too little. Raises `AnalysisMissing`
        without the extra `plangate[analysis]`; `InvalidInput`, `PlanNotFound`.
        """
        given = {"truth": truth, "by": by, "folds": folds, "cost": cost}
        options = validate(TuneOptions, {**given, "tries": tries, "seed": seed})
        base = weighed_alike(policy, self._store, plan_ids)
        candidates = candidates_of(grid, base, options.tries, options.seed)
        statistics = self._make_statistics()
        cases = cases_for(candidates, options)
        add_plans(cases, self._store, self._workers, plan_ids, progress)
        return tune(cases, candidates, options, statistics)

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
