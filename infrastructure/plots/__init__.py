"""Plots of what-if answers, and of how well confidence predicts rejection.

An extra: `pip install 'plangate[plot]'`. The same answer gives the same bytes.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from plangate.domain.errors import PlangateError

if TYPE_CHECKING:
    from plangate.application.evidence.calibration import Calibration
    from plangate.application.replay.sweep import Sweep
    from plangate.application.replay.what_if import WhatIf

FORMS = (".png", ".svg", ".html")
"""The suffixes of files that can be drawn."""


class CannotPlot(PlangateError):
    """The plot cannot be drawn: the format is unknown, or matplotlib is not installed."""


def require_plots(path: str | os.PathLike[str]) -> None:
    """Raise `CannotPlot` unless a plot can be drawn into a file of this name."""
    if Path(path).suffix.lower() not in FORMS:
        raise CannotPlot(f"{os.fspath(path)!r}: a plot is a file ending in {', '.join(FORMS)}")
    if find_spec("matplotlib") is None:
        raise CannotPlot("plots need matplotlib: pip install 'plangate[plot]'")


def plot(answer: "WhatIf | Sweep | Calibration", path: str | os.PathLike[str]) -> None:
    """Draw the answer of `what_if`, `sweep` or `calibrate` into a .png, .svg or .html file.

    The replay of one plan shows its confidence score by score; that of several plans shows
    totals. The file is written completely or not at all. Raises `CannotPlot`, and `OSError`
    where it cannot be written.
    """
    require_plots(path)
    from plangate.application.evidence.calibration import Calibration  # noqa: PLC0415
    from plangate.application.replay.sweep import Sweep  # noqa: PLC0415
    from plangate.infrastructure.plots import (  # noqa: PLC0415  (an extra)
        confidence,
        overview,
        pages,
        reliability,
        sweeps,
    )

    with pages.style():
        if isinstance(answer, Sweep):
            figure, about = sweeps.drawn(answer), sweeps.about_sweep(answer)
        elif isinstance(answer, Calibration):
            figure, about = reliability.drawn(answer), reliability.about(answer)
        elif len(answer.plans) == 1:
            figure, about = (
                confidence.drawn(answer.plans[0]),
                confidence.about_plan(answer.plans[0]),
            )
        else:
            figure, about = overview.drawn(answer), overview.about_plans(answer)
        pages.save(figure, Path(path), about)
