"""Statistics with numpy and scipy: the extra `plangate[analysis]`, loaded when first needed."""

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.statistics import Statistics


def load_statistics() -> Statistics:
    """The statistics with numpy and scipy. Raises `AnalysisMissing` without the extra."""
    try:
        from plangate.infrastructure.statistics.scipy_statistics import (  # noqa: PLC0415
            ScipyStatistics,
        )
    except ImportError as missing:
        raise AnalysisMissing(
            f"statistics need scipy: pip install 'plangate[analysis]' ({missing})"
        ) from missing
    return ScipyStatistics()
