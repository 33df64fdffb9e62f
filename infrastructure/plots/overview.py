"""Many plans in one plot: how often and at which scores their gates fired, and how tasks end."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plangate.application.replay.totals import Totals
from plangate.application.replay.what_if import PlanReplay, WhatIf
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.plots import pages

_SINGLY: Final = 300
"""Up to so many plans are drawn one by one; of more, both sides are sorted separately."""

_ENDS: Final = {
    TaskStatus.DONE: "#009E73",
    TaskStatus.IN_PROGRESS: "#56B4E9",
    TaskStatus.PENDING: "#D5D9DE",
    TaskStatus.FAILED: "#8C2D04",
    TaskStatus.REPLANNING: "#E69F00",
}
_DARK: Final = {TaskStatus.DONE, TaskStatus.FAILED}


def drawn(answer: WhatIf) -> Figure:
    """Draw replans by plan, replans by score, and how the tasks end."""
    width, below = 10.5, 2.3
    recorded, replayed = answer.recorded, answer.replayed
    replans = f"{recorded.replans:,} replans, or {replayed.replans:,}"
    title = f"{len(answer.plans):,} plans: {replans}"
    figure, top = pages.headed(width, 5.0, title, _subtitle(answer))
    height = figure.get_figheight()
    room = 1 - (top + 0.3 + below) / height
    by_plan = figure.add_axes((0.5 / width, below / height, 4.7 / width, room))
    by_score = figure.add_axes((5.75 / width, below / height, 4.5 / width, room))
    tasks = figure.add_axes((1.35 / width, 0.45 / height, 8.9 / width, 0.85 / height))
    _by_plan(by_plan, answer.plans)
    _by_score(by_score, answer.plans)
    _tasks(tasks, (recorded, replayed))
    return figure


def _by_plan(axes: Axes, plans: Sequence[PlanReplay]) -> None:
    pairs = sorted(
        ((plan.recorded.replan_count, plan.replayed.replan_count) for plan in plans), reverse=True
    )
    places = range(1, len(pairs) + 1)
    if len(pairs) <= _SINGLY:
        ends = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
        axes.vlines(places, *ends, color=pages.QUIET, alpha=0.35, linewidth=1)
    for side, (color, marker, label) in enumerate(pages.SIDES):
        counts = [pair[side] for pair in pairs]
        if len(pairs) <= _SINGLY:
            axes.plot(places, counts, marker, color=color, markersize=3.5, label=label)
        else:
            counts.sort(reverse=True)
            axes.step(places, counts, where="mid", color=color, label=label)
    axes.set_title("replans of each plan")
    axes.set_xlabel("plans, the most replanned first")
    axes.set_ylim(bottom=-0.4)
    axes.legend(loc="lower right", ncols=2, bbox_to_anchor=(1.03, 0.985))
    pages.without_frame(axes)


def _by_score(axes: Axes, plans: Sequence[PlanReplay]) -> None:
    longest = max((len(plan.samples) for plan in plans), default=0)
    places = range(1, longest + 1)
    fired = [
        ([r.recorded_fired for r in plan.samples], [r.replayed_fired for r in plan.samples])
        for plan in plans
    ]
    for side, (color, marker, _) in enumerate(pages.SIDES):
        counts = [
            sum(sides[side][place - 1] for sides in fired if len(sides[side]) >= place)
            for place in places
        ]
        axes.plot(places, counts, marker, linestyle="-", color=color, markersize=4)
    axes.set_title("plans whose gate fires at their n-th score")
    axes.set_xlabel("n")
    axes.set_ylim(0, max(len(plans), 1) * 1.04)
    pages.without_frame(axes)


def _tasks(axes: Axes, sides: tuple[Totals, Totals]) -> None:
    narrow = max(sum(totals.tasks.values()) for totals in sides) / 25
    left = [0, 0]
    for status, color in _ENDS.items():
        counts = [totals.tasks.get(status, 0) for totals in sides]
        if not any(counts):
            continue
        bars = axes.barh((1, 0), counts, left=left, height=0.66, color=color, edgecolor="white")
        bars.set_label(pages.label(status))
        axes.bar_label(
            bars,
            [f"{count:,}" if count > narrow else "" for count in counts],
            label_type="center",
            fontsize=8,
            color="white" if status in _DARK else pages.INK,
        )
        left = [start + count for start, count in zip(left, counts, strict=True)]
    axes.set_yticks((1, 0), ("what happened", "would have"))
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.set_title("how the tasks end")
    axes.margins(x=0)
    pages.without_frame(axes)
    axes.spines["bottom"].set_visible(False)
    if any(left):
        axes.legend(loc="upper left", ncols=len(_ENDS), bbox_to_anchor=(-0.02, 0.04))


def _subtitle(answer: WhatIf) -> str:
    changed = {pages.changes(plan.recorded_policy, plan.policy) for plan in answer.plans}
    if len(changed) == 1 and all(changed):
        return f"Under another policy: {changed.pop()}."
    policies = {plan.policy for plan in answer.plans}
    if len(policies) == 1:
        (policy,) = policies
        settings = ((field, getattr(policy, field)) for field in type(policy).model_fields)
        return "; ".join(f"{pages.label(field)} {pages.setting(held)}" for field, held in settings)
    return "Each plan under its own policy, with the requested changes."
