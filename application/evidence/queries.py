"""The `registry.evidence` group: what to look at in the scores, and whether they predict."""

from collections.abc import Mapping
from types import MappingProxyType

from plangate.application import telemetry
from plangate.application.event_store import EventStore
from plangate.application.evidence.agreement import AgreementOptions, agreement
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibrating import calibrate
from plangate.application.evidence.calibration import Calibration, CalibrationOptions, Confidence
from plangate.application.evidence.cases import Grouping
from plangate.application.evidence.findings import FindingsReport, Review
from plangate.application.evidence.findings_config import FindingsConfig, GivenConfig
from plangate.application.evidence.gate_worth import Cost
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.plan_log import PlanIds
from plangate.application.progress import Progress, no_progress
from plangate.application.rerun.over_plans import Workers
from plangate.application.rerun.policies import Given
from plangate.application.validation import validate


@telemetry.questions_of("evidence")
class EvidenceQueries:
    """Reviews and calibrates the scores and outcomes of one store."""

    def __init__(
        self, store: EventStore, statistics: MakeStatistics, workers: Workers | None = None
    ) -> None:
        self._store = store
        self._statistics = statistics
        self._workers = workers

    def findings(
        self,
        plan_ids: PlanIds = None,
        *,
        config: GivenConfig = None,
        progress: Progress = no_progress,
    ) -> FindingsReport:
        """Review the scores of plans, and list what to look at with the events that show it.

        Plans come in the order of their creation; an unreadable one is reviewed up to the
        first bad event. `config` sets severities, turns kinds off, says which names are of
        the same one, and accepts exceptions. Distributions over many plans are judged with
        the extra `plangate[analysis]`; without it the report says that they were not. Memory
        does not grow with the log, but for a few numbers of each plan. Raises `InvalidInput`,
        `PlanNotFound`.
        """
        if not isinstance(config, FindingsConfig):
            config = validate(FindingsConfig, {} if config is None else config)
        return Review(self._store, config, self._statistics, self._workers).report(
            plan_ids, progress
        )

    def calibrate(
        self,
        plan_ids: PlanIds = None,
        *,
        confidence: Confidence | str = Confidence.TASK,
        by: Grouping | str | None = None,
        policy: Given = MappingProxyType({}),
        cost: Cost | Mapping[str, float] | None = None,
        seed: int = 0,
        progress: Progress = no_progress,
    ) -> Calibration:
        """Find out whether low confidence predicts rejection, and what the gate stops of it.

        Each outcome is compared with the confidence in the version before it: the task's
        own, or its plan's with `rolling`. The gate is that of each plan's own policy, or of
        `policy`, whole or as changes; `cost` is what it costs to have `missed` a result that
        is rejected later, and to have `stopped` a good one. `by` separates scorers, versions,
        sources, labels or months. The 95 % intervals come from random draws of whole
        plans; the same `seed` gives the same result. An estimate from too few outcomes is
        None, with the reason. Raises `AnalysisMissing` without the extra
        `plangate[analysis]`; `InvalidInput`, `PlanNotFound`.
        """
        given = {"confidence": confidence, "by": by, "cost": cost, "seed": seed}
        options = validate(CalibrationOptions, given)
        return calibrate(
            self._store,
            self._workers,
            plan_ids,
            options,
            policy=policy,
            statistics=self._statistics(),
            progress=progress,
        )

    def agreement(
        self,
        plan_ids: PlanIds = None,
        *,
        policies: Mapping[str, Given] = MappingProxyType({}),
        seed: int = 0,
        progress: Progress = no_progress,
    ) -> Agreement:
        """Find out how far judges agree, and how often the gate's verdict would differ.

        Compared are two judges of the same tasks, two judges of the same work, and one judge
        with itself on the same work. The gate is run again with the scores of each judge
        alone, under the plans' own policies, `classic`, `steady`, a threshold of 0.5, and
        those given by name in `policies`. The 95 % intervals come from random draws of plans;
        the same `seed` gives the same result. An estimate from too little is None, with the
        reason. Raises `AnalysisMissing` without the extra `plangate[analysis]`;
        `InvalidInput`, `PlanNotFound`.
        """
        options = validate(AgreementOptions, {"seed": seed})
        return agreement(
            self._store,
            self._workers,
            plan_ids,
            policies,
            statistics=self._statistics(),
            seed=options.seed,
            progress=progress,
        )
