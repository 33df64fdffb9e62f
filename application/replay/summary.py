"""Totals, changes and ladders as rows of text: the same on every screen, page and picture."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from plangate.application.evidence.estimates import Estimate
from plangate.application.replay.ladder import PolicyChange
from plangate.application.replay.points import Point
from plangate.application.replay.totals import Rejections, Totals
from plangate.application.replay.what_if import WhatIf
from plangate.domain.vocabulary import PlanState, TaskStatus

NO_OUTCOMES: Final = (
    "No outcomes are recorded, so nothing here says whether the gate was right. A low result is"
    " below the recorded threshold."
)
"""What is said instead of warned, late and missed."""


class TotalsLine(NamedTuple):
    """One number of two histories."""

    what: str
    recorded: str
    replayed: str


_Value = Callable[[Totals], str]


def lines(recorded: Totals, replayed: Totals) -> Iterator[TotalsLine]:
    """The totals of what happened beside those of what would have."""
    for what, value in (*_firings(), *_ends(recorded, replayed), *_truth(recorded)):
        yield TotalsLine(what, value(recorded), value(replayed))


def setting(value: object) -> str:
    """A setting as it is typed on the command line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(changes: dict[str, Any]) -> str:
    """`decay 0.9, latch true`: changes as a text."""
    return ", ".join(f"{field} {setting(value)}" for field, value in changes.items())


def change_text(change: PolicyChange) -> str:
    """`decay 0.85 → 0.9, latch false → true`: what is changed in the policies of some plans."""
    return ", ".join(
        f"{one.field} {setting(one.recorded)} → {setting(one.tried)}" for one in change.fields
    )


def share(estimate: Estimate | None) -> str:
    """`72% [60, 81]`: a share with its interval, as far as there is one; empty without."""
    if estimate is None or estimate.value is None:
        return ""
    value = f"{100 * estimate.value:.0f}%"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"


def times_fired(times: int) -> str:
    """`fired twice`: how often a gate fired, in words."""
    few = {0: "never fired", 1: "fired once", 2: "fired twice"}
    return few.get(times, f"fired {times:,} times")


def times_would_have_fired(times: int) -> str:
    """`would have fired twice`: how often a gate would have fired, in words."""
    return f"would have {times_fired(times)}" if times else "would never have fired"


def lead(scores: float | None) -> str:
    """How many output scores before a moment, or after it."""
    return "–" if scores is None else f"{scores:.1f}".replace("-", "−")


class ComparedShare(NamedTuple):
    """A share of results or of plans in two histories."""

    what: str
    recorded: Estimate
    replayed: Estimate


def compared_shares(recorded: Totals, replayed: Totals) -> Iterator[ComparedShare]:
    """What a policy gains beside what it costs: of good results, bad ones, and bad plans."""
    found = recorded.results
    if recorded.rejections is None:
        names = "results at or above the recorded threshold", "results below the recorded threshold"
    else:
        names = "accepted results: fewer is better", "rejected results: more is better"
    yield ComparedShare(f"{found.good:,} {names[0]}", *map(_of_good, (recorded, replayed)))
    yield ComparedShare(f"{found.bad:,} {names[1]}", *map(_of_bad, (recorded, replayed)))
    if recorded.rejections is not None:
        plans = recorded.rejections.plans
        what = f"{plans:,} plans with a rejected result: warned in time"
        yield ComparedShare(what, *map(_warned, (recorded, replayed)))


def _of_good(totals: Totals) -> Estimate:
    found = totals.results
    return found.share_of_good or _plain(found.good_tripped, found.good)


def _of_bad(totals: Totals) -> Estimate:
    found = totals.results
    return found.share_of_bad or _plain(found.bad_tripped, found.bad)


def _warned(totals: Totals) -> Estimate:
    found = totals.rejections
    return _plain(0, 0) if found is None else _plain(found.warned, found.plans)


def _plain(having: int, among: int) -> Estimate:
    """A share that describes these plans alone, without an interval."""
    if not among:
        return Estimate(cases=0, plans=0, reason="there are none")
    return Estimate(value=having / among, cases=among, plans=0)


def why_no_interval(totals: Totals) -> str | None:
    """Why a share of results has no interval, if it has none."""
    found = totals.outcomes
    if found is None:
        return None
    shares = (found.share_of_bad, found.share_of_good)
    return next((one.reason for one in shares if one and one.low is None and one.reason), None)


class LadderRow(NamedTuple):
    """One rung: the change, and numbers alone and together, None where no plan fits it."""

    change: str
    alone: tuple[str, ...] | None
    together: tuple[str, ...] | None


def ladder_columns(answer: WhatIf) -> tuple[str, ...]:
    """The numbers of a ladder's rows."""
    results = ("bad", "good") if answer.recorded.outcomes else ("low", "other")
    return ("fires", "plans", "stops", *results)


def ladder_rows(answer: WhatIf) -> Iterator[LadderRow]:
    """What happened, and below it each rung of the ladder."""
    happened = _numbers(answer.recorded)
    yield LadderRow("what happened", happened, happened)
    for rung in answer.ladder or ():
        alone, together = (
            _numbers(point.totals) if point.totals.plans else None
            for point in (rung.alone, rung.together)
        )
        yield LadderRow(settings(rung.alone.changes), alone, together)


def ladder_results(answer: WhatIf) -> str:
    """What the results of a ladder's columns are."""
    outcomes = answer.recorded.outcomes
    if outcomes is not None:
        return (
            f"Bad: at how many of {outcomes.bad:,} results rejected later the gate is tripped;"
            f" good: at how many of {outcomes.good:,} accepted ones."
        )
    low = answer.recorded.below_threshold
    return (
        f"Low: at how many of {low.bad:,} results below the recorded threshold the gate is"
        f" tripped; other: at how many of the {low.good:,} others."
    )


def contradictions(answer: WhatIf) -> Iterator[str]:
    """The rungs that contradict the policies of some plans, and how."""
    for rung in answer.ladder or ():
        for how, point in (("alone", rung.alone), ("with those before", rung.together)):
            if point.unfit:
                yield f"{settings(rung.alone.changes)} {how}: {unfit(point)}"


def unfit(point: Point) -> str:
    """On how many plans a policy was not tried, and why."""
    plans = "1 plan" if point.unfit == 1 else f"{point.unfit:,} plans"
    return f"not tried on {plans}, whose own policy it contradicts: {point.why}"


def _numbers(totals: Totals) -> tuple[str, ...]:
    results = totals.results
    numbers = (
        *(totals.replans, totals.replanned, totals.stops),
        *(results.bad_tripped, results.good_tripped),
    )
    return tuple(f"{number:,}" for number in numbers)


def _firings() -> Iterator[tuple[str, _Value]]:
    yield "times the gate fired", lambda totals: f"{totals.replans:,}"
    yield "   bells: work could go on", lambda totals: f"{totals.bells:,}"
    yield "   stops: from then on it held all work", lambda totals: f"{totals.stops:,}"
    yield "plans in which it fired", lambda totals: f"{totals.replanned:,}"
    yield "plans in which it held work", lambda totals: f"{totals.stopped:,}"
    yield "gate flips per plan", lambda totals: f"{totals.flips_per_plan:.2f}"


def _ends(recorded: Totals, replayed: Totals) -> Iterator[tuple[str, _Value]]:
    for state in PlanState:
        if state in recorded.states or state in replayed.states:
            yield f"plans {state}", _number_of("states", state)
    for status in TaskStatus:
        if status in recorded.tasks or status in replayed.tasks:
            yield f"tasks {status.replace('_', ' ')}", _number_of("tasks", status)
    if replayed.refused:
        yield "inputs refused", lambda totals: f"{totals.refused:,}"


def _number_of(things: str, kind: PlanState | TaskStatus) -> _Value:
    return lambda totals: f"{getattr(totals, things).get(kind, 0):,}"


def _truth(recorded: Totals) -> Iterator[tuple[str, _Value]]:
    found, plans = recorded.outcomes, recorded.rejections
    if found is not None:
        yield f"gate tripped at rejected results, of {found.bad:,}", _tripped(bad=True)
        yield f"gate tripped at accepted results, of {found.good:,}", _tripped(bad=False)
    if plans is not None:
        yield from _rejections(plans)
    else:
        low = recorded.below_threshold
        yield f"gate tripped at low results, of {low.bad:,}", _tripped(bad=True)
        yield f"gate tripped at other results, of {low.good:,}", _tripped(bad=False)


def _rejections(recorded: Rejections) -> Iterator[tuple[str, _Value]]:
    def of(value: Callable[[Rejections], str]) -> _Value:
        return lambda totals: "–" if totals.rejections is None else value(totals.rejections)

    if recorded.plans:
        plans = "1 plan" if recorded.plans == 1 else f"{recorded.plans:,} plans"
        yield f"warned, of {plans} with a rejected result", of(lambda one: f"{one.warned:,}")
        yield "   scores ahead, on average", of(lambda one: lead(one.lead))
        yield "   late: fired only afterwards", of(lambda one: f"{one.late:,}")
        yield "   missed: never fired", of(lambda one: f"{one.missed:,}")
    if recorded.others:
        what = f"fired in plans with accepted results only, of {recorded.others:,}"
        yield what, of(lambda one: f"{one.false_alarms:,}")


def _tripped(*, bad: bool) -> _Value:
    def text(totals: Totals) -> str:
        found = totals.results
        count = found.bad_tripped if bad else found.good_tripped
        rate = share(found.share_of_bad if bad else found.share_of_good)
        return f"{count:,}, {rate}" if rate else f"{count:,}"

    return text
