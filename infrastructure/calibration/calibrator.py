"""Calibration as an extra, `plangate[analysis]`: its libraries are loaded when first needed."""

from collections.abc import Sequence

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.calibration import Case, Reliability


class ScipyCalibrator:
    """Works out calibrations with numpy and scipy."""

    resamples = 1_000

    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        """The figures; the same for the same cases and seed. Raises `AnalysisMissing`."""
        try:
            from plangate.infrastructure.calibration.reliability import reliability  # noqa: PLC0415
        except ImportError as missing:
            raise AnalysisMissing(
                f"calibration needs scipy: pip install 'plangate[analysis]' ({missing})"
            ) from missing
        return reliability(cases, resamples=self.resamples, seed=seed)
