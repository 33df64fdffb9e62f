"""Pictures of what would have happened, and of how well confidence predicts rejection.

An extra: `pip install 'plangate[plot]'`. The same answer gives the same bytes.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from plangate.application.evidence.calibration import Calibration
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
from plangate.domain.errors import PlangateError

FORMS = (".png", ".svg", ".html")
"""The kinds of file that are drawn."""


class CannotPlot(PlangateError):
    """There can be no such picture: its kind is not known, or matplotlib is not there."""


def require_plots(path: str | os.PathLike[str]) -> None:
    """Raise `CannotPlot` unless a picture can be drawn for a file of this name."""
    if Path(path).suffix.lower() not in FORMS:
        raise CannotPlot(f"{os.fspath(path)!r}: a plot is a file ending in {', '.join(FORMS)}")
    if find_spec("matplotlib") is None:
        raise CannotPlot("plots need matplotlib: pip install 'plangate[plot]'")


def plot(answer: WhatIf | Sweep | Calibration, path: str | os.PathLike[str]) -> None:
    """Draw the answer of `replay`, `sweep` or `calibrate` into a .png, .svg or .html file.

    A replay of one plan shows its confidence score by score, one of more plans sums them
    up. The file is there whole or not at all. Raises `CannotPlot`, and `OSError` where
    it cannot be written.
    """
    require_plots(path)
    from plangate.infrastructure.plots import (  # noqa: PLC0415  (an extra)
        confidence,
        overview,
        pages,
        reliability,
        sweeps,
    )

    with pages.style():
        if isinstance(answer, Sweep):
            figure = sweeps.drawn(answer)
        elif isinstance(answer, Calibration):
            figure = reliability.drawn(answer)
        elif len(answer.plans) == 1:
            figure = confidence.drawn(answer.plans[0])
        else:
            figure = overview.drawn(answer)
        pages.save(figure, Path(path))
