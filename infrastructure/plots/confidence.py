"""The rolling confidence of one plan, recorded and replayed, score by score."""

from collections.abc import Sequence
from math import nan
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from plangate.application.numbers import confidence_text, number
from plangate.application.replay.summary import setting, times_fired, times_would_have_fired
from plangate.application.replay.what_if import PlanReplay, Sample
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.domain.policy import Policy
from plangate.infrastructure.plots import pages

_NAMED: Final = 40
"""With more samples than this, tasks are not named."""
_SHORT: Final = 4
_CROWD: Final = 16
"""Beside more than this, names of three letters are slanted."""

_LEAST_DISTANCE: Final = 0.055
"""The least distance at which the labels of two thresholds do not overlap."""


def drawn(plan: PlanReplay) -> Figure:
    """Draw both confidences, the thresholds, the scores, and where the gates fired."""
    samples = plan.samples
    names = _names(samples)
    width = 8.0
    bottom = 1.15 if _are_long(names) else 0.75
    goal = "" if plan.goal is None else f": {plan.goal}"
    figure, top = pages.headed(width, 3.35 + bottom, f"{plan.plan_id}{goal}", _subtitle(plan))
    height = figure.get_figheight()
    axes = figure.add_axes(
        (0.62 / width, bottom / height, 1 - 1.95 / width, 1 - (bottom + top + 0.3) / height)
    )

    scored = [(n, r.score) for n, r in enumerate(samples, 1) if r.score is not None]
    diamonds: dict[str, Any] = {"color": "#C3C8CF", "markersize": 4, "label": "score given"}
    axes.plot([n for n, _ in scored], [score for _, score in scored], "D", **diamonds)
    places = range(1, len(samples) + 1)
    looks: tuple[dict[str, Any], ...] = (
        {"linestyle": "-", "zorder": 2},
        {"linestyle": (0, (4, 1.5)), "zorder": 3, "markerfacecolor": pages.PALE},
    )
    recorded = [
        (one.recorded_confidence if one.recorded_scored else nan, one.recorded_fired)
        for one in samples
    ]
    replayed = [
        (one.replayed_confidence if one.replayed_scored else nan, one.replayed_fired)
        for one in samples
    ]
    for row, side in enumerate((recorded, replayed)):
        color, marker, label = pages.SIDES[row]
        confidences = [confidence for confidence, _ in side]
        axes.plot(places, confidences, marker, markersize=4, color=color, label=label, **looks[row])
        below = [place for place, (_, fires) in zip(places, side, strict=True) if fires]
        at = -0.09 - 0.07 * row
        axes.plot(below, [at] * len(below), "v", color=color, markersize=6, clip_on=False)
        _at_the_right(axes, at, ("it fired", "it would have")[row], color)
    _thresholds(axes, plan)
    _failure(axes, plan)
    axes.set_xlim(0.4, max(len(samples), 1) + 0.6)
    axes.set_ylim(-0.21, 1.06)
    axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_ylabel("rolling confidence")
    _name_tasks(axes, names)
    pages.without_frame(axes)
    figure.legend(loc="lower left", bbox_to_anchor=(0.45 / width, 0.0), ncols=3)
    return figure


def about_plan(plan: PlanReplay) -> pages.About:
    """What the picture shows, and its numbers."""
    columns = ("event", "task", "score", "happened", "fired", "would have", "would have fired")
    rows = [
        (
            one.event_id,
            one.task_id or "",
            "" if one.score is None else number(one.score),
            confidence_text(one.recorded_confidence, one.recorded_scored),
            "fired" if one.recorded_fired else "",
            confidence_text(one.replayed_confidence, one.replayed_scored),
            "fired" if one.replayed_fired else "",
        )
        for one in plan.samples
    ]
    table = pages.PlotTable("Both confidences after each score", columns, rows)
    return pages.About(_subtitle(plan).replace("\n", " "), [table])


def _subtitle(plan: PlanReplay) -> str:
    fired = times_fired(len(plan.fired))
    would_have = times_would_have_fired(len(plan.would_have_fired))
    changed = pages.label(_changes(plan.recorded_policy, plan.policy))
    under = f" with {changed}" if changed else ""
    return (
        f"The gate {fired}; it {would_have}{under}.\n"
        f"{ASSUMED}\n{rests_on_them(plan.assumed, plan.commands)}"
    )


def _changes(recorded: Policy, tried: Policy) -> str:
    """The settings in which the policies differ; empty if there are none."""
    return ", ".join(
        f"{field} {setting(new)} (was {setting(old)})"
        for field in type(tried).model_fields
        for new, old in ((getattr(tried, field), getattr(recorded, field)),)
        if new != old
    )


def _thresholds(axes: Axes, plan: PlanReplay) -> None:
    recorded = plan.recorded_policy.confidence_threshold
    replayed = plan.policy.confidence_threshold
    if recorded == replayed:
        _threshold(axes, recorded, recorded, pages.INK)
        return
    middle, half = (recorded + replayed) / 2, max(abs(recorded - replayed), _LEAST_DISTANCE) / 2
    above = half if recorded > replayed else -half
    _threshold(axes, recorded, middle + above, pages.RECORDED)
    _threshold(axes, replayed, middle - above, pages.REPLAYED)


def _threshold(axes: Axes, threshold: float, named_at: float, color: str) -> None:
    axes.axhline(threshold, color=color, linestyle=(0, (5, 3)), linewidth=1, zorder=1)
    _at_the_right(axes, named_at, f"threshold {threshold:g}", color)


def _at_the_right(axes: Axes, at: float, name: str, color: str) -> None:
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    axes.text(1.01, at, name, color=color, va="center", transform=beside)


def _failure(axes: Axes, plan: PlanReplay) -> None:
    """Mark the first bad result: rejected in the end, or else below the recorded threshold."""
    events = [sample.event_id for sample in plan.samples]
    first = plan.first_rejection or plan.first_low
    if first not in events:
        return
    place = events.index(first) + 1
    axes.axvline(place, color=pages.QUIET, linewidth=1, linestyle=":", zorder=1)
    name = "rejected" if plan.first_rejection else "below the recorded threshold"
    style: dict[str, Any] = {"color": pages.SOFT, "fontsize": 8}
    beside: dict[str, Any] = {"xytext": (3, 2), "textcoords": "offset points"}
    axes.annotate(name, (place, 1.0), xycoords=("data", "axes fraction"), **beside, **style)


def _names(samples: Sequence[Sample]) -> list[str]:
    """The task of each score, once where several scores in a row are of one."""
    if len(samples) > _NAMED:
        return []
    before = [None, *(one.task_id for one in samples)]
    return [
        "" if one.task_id in {None, last} else pages.printable(one.task_id or "", 12)
        for one, last in zip(samples, before, strict=False)
    ]


def _are_long(names: Sequence[str]) -> bool:
    short = 2 if len(names) > _CROWD else _SHORT
    return any(len(name) > short for name in names)


def _name_tasks(axes: Axes, names: Sequence[str]) -> None:
    """Label each score with its task, slanted where the names are long."""
    if not names:
        axes.set_xlabel("scores, in the order in which they came")
        return
    slant: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(1, len(names) + 1), names, **(slant if _are_long(names) else {}))
