"""What the recorded scores and outcomes say about the judging itself."""

from plangate.application.event_store import EventStore
from plangate.application.evidence.calibration import (
    Calibration,
    CalibrationWanted,
    Calibrator,
    Confidence,
    calibrated,
)
from plangate.application.evidence.findings import FindingsReport, Review
from plangate.application.plan_selection import PlanIds
from plangate.application.progress import Progress, no_progress
from plangate.application.validation import validate


class EvidenceQueries:
    """Answers about the scores and outcomes of one store."""

    def __init__(self, store: EventStore, calibrator: Calibrator) -> None:
        self._store = store
        self._calibrator = calibrator

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
