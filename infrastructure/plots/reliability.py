"""A calibration in one plot: how far confidence is off, and what a gate would have caught."""

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator

from plangate.application.evidence.calibration import Calibration
from plangate.infrastructure.plots import pages

_CURVES: Final = {
    "precision": ("of those below, rejected", pages.REPLAYED, "s"),
    "recall": ("of the rejected, below", "#009E73", "^"),
    "passed": ("of those that pass, accepted", pages.RECORDED, "o"),
}
_BAR: Final = 0.085


def drawn(answer: Calibration) -> Picture:
    """Draw the reliability diagram, the outcomes in each bin, and the threshold curves."""
    width = 10.5
    figure, top = pages.headed(
        width, 5.0, "Does low confidence predict rejection?", _subtitle(answer)
    )
    height = figure.get_figheight()
    share, low = (height - top - 0.3) / height, 0.5 / height
    left = figure.add_axes((0.55 / width, low + 0.27 * share, 4.5 / width, 0.66 * share))
    under = figure.add_axes((0.55 / width, low, 4.5 / width, 0.2 * share), sharex=left)
    right = figure.add_axes((5.8 / width, low, 4.5 / width, 0.93 * share))
    _reliability(left, answer)
    _outcomes(under, answer)
    _thresholds(right, answer)
    return figure


def _reliability(axes: Axes, answer: Calibration) -> None:
    axes.plot([0, 1], [0, 1], color=pages.QUIET, linestyle=(0, (5, 3)), linewidth=1)
    estimates = [
        (one.mean_confidence, one.accepted)
        for one in answer.bins
        if one.mean_confidence is not None
    ]
    if estimates:
        confidences, found = zip(*estimates, strict=True)
        shares = [one.value or 0.0 for one in found]
        lows = [share - (one.low or 0.0) for share, one in zip(shares, found, strict=True)]
        highs = [(one.high or 0.0) - share for share, one in zip(shares, found, strict=True)]
        style: dict[str, Any] = {"color": pages.RECORDED, "marker": "o", "capsize": 3}
        axes.errorbar(confidences, shares, yerr=[lows, highs], **style)
    else:
        _not_enough(axes)
    axes.set_title("accepted, by confidence (dashed: where they should be)")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.02, 1.02)
    axes.tick_params(labelbottom=False)
    pages.without_frame(axes)


def _outcomes(axes: Axes, answer: Calibration) -> None:
    middles = [(one.at_least + one.below) / 2 for one in answer.bins]
    axes.bar(middles, [one.accepted.cases for one in answer.bins], width=_BAR, color=pages.QUIET)
    axes.set_xlabel("confidence")
    axes.set_title("outcomes", size=9, color=pages.SOFT)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    pages.without_frame(axes)


def _thresholds(axes: Axes, answer: Calibration) -> None:
    for name, (label, color, marker) in _CURVES.items():
        points = [
            (point.threshold, estimate.low, estimate.high, estimate.value)
            for point in answer.thresholds
            if point.below and point.above and (estimate := getattr(point, name)).value is not None
        ]
        if points:
            places, lows, highs, values = zip(*points, strict=True)
            axes.fill_between(places, lows, highs, color=color, alpha=0.13, linewidth=0)
            axes.plot(places, values, color=color, marker=marker, markersize=4, label=label)
    if axes.get_lines():
        axes.legend(loc="best")
    else:
        _not_enough(axes)
    axes.set_title("what a gate at each threshold would have done")
    axes.set_xlabel("threshold")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.02, 1.02)
    pages.without_frame(axes)


def _not_enough(axes: Axes) -> None:
    style: dict[str, Any] = {"color": pages.SOFT, "ha": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, "not enough outcomes", **style)


def _subtitle(answer: Calibration) -> str:
    intervals = "" if answer.ranking.value is None else " Bars and bands: 95 % intervals."
    return f"{answer.sentence}{intervals}"
