"""Calibration as an extra, `plangate[analysis]`, whose libraries are loaded when first needed."""

from collections.abc import Sequence

from typing_extensions import override

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.calibration import Calibrator, Case, Reliability


class ScipyCalibrator(Calibrator):
    """Computes calibrations with numpy and scipy."""

    resamples = 1_000

    @override
    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        try:
            from plangate.infrastructure.calibration.reliability import reliability  # noqa: PLC0415
        except ImportError as missing:
            raise AnalysisMissing(
                f"calibration needs scipy: pip install 'plangate[analysis]' ({missing})"
            ) from missing
        return reliability(cases, resamples=self.resamples, seed=seed)
