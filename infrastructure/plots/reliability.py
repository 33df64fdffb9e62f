"""A calibration in one plot: how far confidence is off, and what a gate would have caught."""

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator

from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import Costs
from plangate.application.replay.summary import share
from plangate.infrastructure.plots import pages
from plangate.infrastructure.plots.pages import About, PlotTable

_CURVES: Final = {
    "precision": ("of those below, rejected", pages.REPLAYED, "s"),
    "recall": ("of the rejected, below", "#009E73", "^"),
    "passed": ("of those that pass, accepted", pages.RECORDED, "o"),
}
_BAR: Final = 0.085
_WIDTH: Final = 8.0


def drawn(answer: Calibration) -> Picture:
    """Draw reliability with the fit, the threshold curves, and costs where they are known."""
    costs = answer.costs
    lower = 2.7 if costs is not None and costs.reason is None else 0.0
    figure, top = pages.headed(
        _WIDTH, 4.6 + lower, "Does low confidence predict rejection?", _subtitle(answer)
    )
    height = figure.get_figheight()
    room, low = (height - top - 0.55 - lower) / height, (0.5 + lower) / height
    left = figure.add_axes((0.45 / _WIDTH, low + 0.3 * room, 3.35 / _WIDTH, 0.66 * room))
    under = figure.add_axes((0.45 / _WIDTH, low, 3.35 / _WIDTH, 0.19 * room), sharex=left)
    right = figure.add_axes((4.4 / _WIDTH, low, 3.35 / _WIDTH, 0.76 * room))
    _reliability(left, answer)
    _outcomes(under, answer)
    _thresholds(right, answer)
    if lower and costs is not None:
        below = figure.add_axes(
            (0.45 / _WIDTH, 0.5 / height, 7.3 / _WIDTH, (lower - 1.15) / height)
        )
        _costs(below, costs)
    return figure


def about(answer: Calibration) -> About:
    """What the picture shows, and its numbers."""
    bins = [
        (f"{one.at_least:g} to {one.below:g}", f"{one.accepted.cases:,}", _shown(one.accepted))
        for one in answer.bins
    ]
    worth = [(f"{one.score:g}", _shown(one.accepted)) for one in answer.worth]
    cuts = [
        (f"{one.threshold:g}", *map(_shown, (one.precision, one.recall, one.passed)))
        for one in answer.thresholds
    ]
    costs = [
        (
            f"{one.threshold:g}",
            f"{one.missed_bad:,}",
            f"{one.stopped_good:,}",
            f"{one.total:g}",
            f"{one.mean.value or 0.0:.3f}",
        )
        for one in (answer.costs.points if answer.costs else ())
    ]
    names = [name for name, *_ in _CURVES.values()]
    tables = (
        PlotTable("Outcomes by confidence", ("confidence", "outcomes", "accepted"), bins),
        PlotTable("What a confidence is worth", ("confidence", "accepted"), worth),
        PlotTable("A cut on this confidence", ("threshold", *names), cuts),
        PlotTable(
            "Costs by the gate's threshold",
            ("threshold", "missed", "good ones stopped", "total", "a result"),
            costs,
        ),
    )
    return About(answer.sentence, [table for table in tables if table.rows])


def _shown(estimate: Estimate) -> str:
    return share(estimate) or "–"


def _reliability(axes: Axes, answer: Calibration) -> None:
    axes.plot([0, 1], [0, 1], color=pages.QUIET, linestyle=(0, (5, 3)), linewidth=1)
    _fit(axes, answer)
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
        style: dict[str, Any] = {"color": pages.RECORDED, "fmt": "o", "capsize": 3}
        axes.errorbar(confidences, shares, yerr=[lows, highs], **style)
    else:
        _not_enough(axes)
    axes.set_title("accepted, by confidence")
    turned: dict[str, Any] = {
        "rotation": 45,
        "rotation_mode": "anchor",
        "transform_rotates_text": True,
    }
    pages.direct(axes, 0.04, 0.08, "as it should be", pages.SOFT, **turned)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.02, 1.02)
    axes.tick_params(labelbottom=False)
    pages.without_frame(axes)


def _fit(axes: Axes, answer: Calibration) -> None:
    """What a confidence is worth, with its band."""
    points = [
        (one.score, one.accepted.low, one.accepted.high, one.accepted.value)
        for one in answer.worth
        if one.accepted.value is not None
    ]
    if points:
        scores, lows, highs, values = zip(*points, strict=True)
        axes.fill_between(scores, lows, highs, color=pages.REPLAYED, alpha=0.16, linewidth=0)
        axes.plot(scores, values, color=pages.REPLAYED, linewidth=1.6)
        style: dict[str, Any] = {"color": pages.REPLAYED, "ha": "right", "size": 8.5}
        said = "line and band: what it is worth,\nby an isotonic fit"
        axes.text(0.99, 0.04, said, transform=axes.transAxes, **style)


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
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), fontsize=8.5, borderpad=0.2)
    else:
        _not_enough(axes)
    axes.set_title("what a cut on this confidence would have done", y=1.0, pad=44)
    axes.set_xlabel("threshold")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.02, 1.02)
    pages.without_frame(axes)


def _costs(axes: Axes, costs: Costs) -> None:
    """The mean cost of a result at each threshold; the cheapest is marked and named."""
    points = [one for one in costs.points if one.mean.value is not None]
    places = [one.threshold for one in points]
    lows, highs = [one.mean.low or 0.0 for one in points], [one.mean.high or 0.0 for one in points]
    values = [one.mean.value or 0.0 for one in points]
    axes.fill_between(places, lows, highs, color=pages.RECORDED, alpha=0.13, linewidth=0)
    axes.plot(places, values, color=pages.RECORDED)
    for one, value in zip(points, values, strict=True):
        cheapest = one.threshold == costs.cheapest
        known = "white" if one.overlaps and not cheapest else pages.RECORDED
        color, size = (pages.REPLAYED, 9) if cheapest else (pages.RECORDED, 5)
        axes.plot(
            one.threshold,
            value,
            "D" if cheapest else "o",
            color=color,
            markerfacecolor=color if cheapest else known,
            markersize=size,
        )
        if cheapest:
            above = value < max(highs) / 4
            axes.annotate(
                f"cheapest: {one.threshold:g}",
                (one.threshold, value),
                xytext=(0, 10 if above else -10),
                textcoords="offset points",
                color=pages.REPLAYED,
                ha="center",
                va="bottom" if above else "top",
            )
    others = " (hollow: not clearly dearer)" if costs.overlapping else ""
    axes.set_title(
        f"cost of a result by the gate's threshold: missed {costs.missed:g}, "
        f"good one stopped {costs.stopped:g}{others}"
    )
    axes.set_xlabel("threshold of the gate")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0.0, 1.08 * max(highs))
    pages.without_frame(axes)


def _not_enough(axes: Axes) -> None:
    style: dict[str, Any] = {"color": pages.SOFT, "ha": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, "not enough outcomes", **style)


def _subtitle(answer: Calibration) -> str:
    intervals = "" if answer.ranking.value is None else " Bars and bands: 95 % intervals."
    return f"{answer.sentence}{intervals}"
