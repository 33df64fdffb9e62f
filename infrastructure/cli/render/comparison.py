"""What happened beside what another policy would have made of it: one plan, or many in totals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.numbers import confidence_text, number
from plangate.application.replay.event_diff import EventFacts
from plangate.application.replay.summary import (
    NO_OUTCOMES,
    change_text,
    lead,
    lines,
    setting,
    why_no_interval,
)
from plangate.application.replay.totals import Totals
from plangate.application.replay.what_if import (
    Difference,
    LostInput,
    PlanReplay,
    UnfitPlan,
    WhatIf,
)
from plangate.application.results import NO_EVIDENCE, UnreadablePlan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.cli.render import event_text, gauge, text
from plangate.infrastructure.cli.render.json_stream import json_document
from plangate.infrastructure.cli.render.ladder import assumed, render_ladder
from plangate.infrastructure.cli.render.tables import Listing, fixed, right

AT_MOST: Final = 20
"""How many plans, scores and lost inputs are shown; JSON has them all."""


class _PlansCompared:
    """What a screen has of an answer that comes in parts: the totals, and the first plans."""

    def __init__(self, parts: Iterable[WhatIf]) -> None:
        self.first: PlanReplay | None = None
        self.changed: list[PlanReplay] = []
        self.changed_count = 0
        unreadable, unfit = list[Text](), list[Text]()
        for part in parts:
            self.last = part
            self.first = self.first or next(iter(part.plans), None)
            changed = [plan for plan in part.plans if plan.changed]
            self.changed_count += len(changed)
            self.changed += changed[: AT_MOST - len(self.changed)]
            unreadable += left_out(part.unreadable)
            unfit += map(_not_tried, part.unfit)
        self.left_out = [*unreadable, *unfit]


def render_what_if(tried: Mapping[str, Any], parts: Iterable[WhatIf]) -> RenderableType:
    """What a policy, or changes to each plan's own, would have led to."""
    shown = _PlansCompared(parts)
    answer, first = shown.last, shown.first
    count = answer.recorded.plans
    return Group(
        Text(f"Tried on {text.count(count, 'plan')}: {policy_text(tried)}", style="bold"),
        *assumed(answer.replayed),
        *shown.left_out,
        *(_one(first) if first is not None and count == 1 else _many(shown)),
        *render_ladder(answer),
        *([] if count == 1 else _plans_of(shown)),
    )


def what_if_document(parts: Iterable[WhatIf], *, ensure_ascii: bool) -> Iterator[str]:
    """An answer that comes in parts as one JSON object: a `WhatIf`, its totals at the end."""
    unreadable, unfit, last = list[UnreadablePlan](), list[UnfitPlan](), list[WhatIf]()

    def plans() -> Iterator[PlanReplay]:
        for part in parts:
            unreadable.extend(part.unreadable)
            unfit.extend(part.unfit)
            last[:] = [part]
            yield from part.plans

    def rest() -> WhatIf:
        left_out = {"unreadable": tuple(unreadable), "unfit": tuple(unfit)}
        return last[0].model_copy(update=left_out)

    return json_document("plans", plans(), rest, ensure_ascii=ensure_ascii)


def policy_text(tried: Mapping[str, Any]) -> str:
    """`steady, decay 0.9`: a policy as it was given."""
    return ", ".join(
        value(given) if field == "preset" else f"{text.harmless(field)} {value(given)}"
        for field, given in tried.items()
    )


def value(given: object) -> str:
    """A setting as it is typed on the command line, harmless on a terminal."""
    return text.harmless(setting(given))


def left_out(plans: Iterable[UnreadablePlan]) -> list[Text]:
    """The plans with an event that cannot be read."""
    return [Text(f"left out: {text.unreadable(plan)}", "yellow") for plan in plans]


def _not_tried(plan: UnfitPlan) -> Text:
    return Text(text.harmless(f"not tried on {plan.plan_id}: {plan.why}"), style="yellow")


def _many(shown: _PlansCompared) -> Iterator[RenderableType]:
    recorded, replayed = shown.last.recorded, shown.last.replayed
    for change in shown.last.changes:
        what = change_text(change) if change.fields else "nothing"
        yield Text(f"changed in {text.count(change.plans, 'plan')}: {text.harmless(what)}")
    table = _side_by_side()
    for line in lines(recorded, replayed):
        _add(table, *line)
    yield table
    if recorded.plans:
        yield from _about_outcomes(replayed)


def _plans_of(shown: _PlansCompared) -> Iterator[RenderableType]:
    if shown.changed:
        yield _plans(shown.changed)
    more = shown.changed_count - len(shown.changed)
    if more:
        yield Text(f"and {text.count(more, 'more plan')} that would have changed")
    same = shown.last.recorded.plans - shown.changed_count
    if same:
        yield Text(f"{text.count(same, 'plan')} would not have changed")


def _about_outcomes(totals: Totals) -> Iterator[Text]:
    if totals.rejections is None:
        yield Text(NO_OUTCOMES, style="dim")
    else:
        why = why_no_interval(totals)
        intervals = "In brackets: 95% intervals, from draws of whole works."
        yield Text(intervals if why is None else f"Without intervals: {why}.", style="dim")


def _plans(plans: Sequence[PlanReplay]) -> Listing:
    table = Listing(
        "plan",
        right("replans"),
        "state",
        Column("tasks changed", justify="right"),
        "first difference",
    )
    for plan in plans:
        table.add_row(
            Text(text.harmless(plan.plan_id)),
            _change(str(plan.recorded.replan_count), str(plan.replayed.replan_count)),
            _change(plan.recorded.state, plan.replayed.state),
            str(sum(task.recorded is not task.replayed for task in plan.tasks)),
            Text("" if plan.first_difference is None else _difference(plan.first_difference)),
        )
    return table


def _change(happened: str, would_have: str) -> Text:
    """`11 → 2`, or just `11` where nothing changed."""
    if happened == would_have:
        return Text(happened, style="dim")
    return Text(f"{happened} → {would_have}")


def _one(plan: PlanReplay) -> Iterator[RenderableType]:
    yield Text(f"{text.harmless(plan.plan_id)}: {text.harmless(plan.goal)}")
    yield _policy_change(plan.recorded_policy, plan.policy)
    table = _side_by_side()
    recorded, replayed = plan.recorded, plan.replayed
    _add(table, "state", recorded.state, replayed.state)
    _add(
        table,
        "confidence",
        *(
            number(end.rolling_confidence, policy.confidence_threshold)
            if end.scored
            else NO_EVIDENCE
            for end, policy in ((recorded, plan.recorded_policy), (replayed, plan.policy))
        ),
    )
    _add(table, "times the gate fired", str(recorded.replan_count), str(replayed.replan_count))
    _add(table, "   bells: work could go on", str(recorded.bells), str(replayed.bells))
    _add(table, "   stops: it held all work", str(recorded.stops), str(replayed.stops))
    _add(table, "gate flips", str(recorded.flips), str(replayed.flips))
    if plan.first_rejection is not None:
        name = f"scores ahead of the result rejected at {text.harmless(plan.first_rejection)}"
        _add(table, name, *map(lead, (recorded.lead_of_rejection, replayed.lead_of_rejection)))
    elif plan.first_low is not None:
        low = text.harmless(plan.first_low)
        name = f"scores ahead of {low}, the first result below the recorded threshold"
        _add(table, name, *map(lead, (recorded.lead_of_low, replayed.lead_of_low)))
    for task in plan.tasks:
        if task.recorded is not task.replayed:
            name = f"task {text.harmless(task.task_id)}"
            _add(table, name, _status(task.recorded), _status(task.replayed))
    yield table
    if plan.samples:
        yield _samples(plan)
    if plan.first_difference is not None:
        where = text.harmless(plan.first_difference.event_id)
        yield Text(f"first difference, at {where}: {_difference(plan.first_difference)}")
    else:
        yield Text("Nothing would have changed.")
    yield from _lost(plan.lost)


def _policy_change(recorded: Policy, tried: Policy) -> Text:
    changed = [
        f"{field} {value(getattr(tried, field))}, not {value(getattr(recorded, field))}"
        for field in type(tried).model_fields
        if getattr(tried, field) != getattr(recorded, field)
    ]
    return Text("; ".join(changed) or "its own policy", style="dim")


def _status(status: TaskStatus | None) -> str:
    return "not in the plan" if status is None else text.spaced(status)


def _samples(plan: PlanReplay) -> RenderableType:
    table = Listing(
        "event", "scored", right(""), right("happened"), fixed(""), right("would have"), fixed("")
    )
    for sample in plan.samples[:AT_MOST]:
        table.add_row(
            Text(text.harmless(sample.event_id)),
            Text("" if sample.task_id is None else text.harmless(sample.task_id)),
            "" if sample.score is None else f"{sample.score:.2f}",
            confidence_text(
                sample.recorded_confidence,
                sample.recorded_scored,
                plan.recorded_policy.confidence_threshold,
            ),
            _fired(fired=sample.recorded_fired),
            confidence_text(
                sample.replayed_confidence,
                sample.replayed_scored,
                plan.policy.confidence_threshold,
            ),
            _fired(fired=sample.replayed_fired),
        )
    more = len(plan.samples) - AT_MOST
    return Group(table, Text(f"and {text.count(more, 'more score')}")) if more > 0 else table


def _fired(*, fired: bool) -> Text:
    return Text("replan", style=gauge.REPLAN) if fired else Text("")


def _lost(lost: Sequence[LostInput]) -> Iterator[Text]:
    if lost:
        yield Text(f"{text.count(len(lost), 'input')} would have had no effect:", style="yellow")
    for one in lost[:AT_MOST]:
        refused = "" if one.error is None else f"{one.error}: "
        command = f" {one.command}" if one.command else ""
        yield Text(f"  {text.harmless(one.event_id)}{command}: {refused}{text.harmless(one.why)}")
    if len(lost) > AT_MOST:
        yield Text(f"  and {len(lost) - AT_MOST:,} more")


def _side_by_side() -> Listing:
    return Listing("", right("what\nhappened"), right("what\nwould have"))


def _add(table: Listing, what: str, happened: str, would_have: str) -> None:
    style = "dim" if happened == would_have else "bold"
    table.add_row(Text(what), Text(happened), Text(would_have, style=style))


def _difference(difference: Difference) -> str:
    recorded, replayed = difference.recorded, difference.replayed
    if recorded is None:
        return "" if replayed is None else f"also {_in_short(replayed)}"
    if replayed is None:
        return f"no {_in_short(recorded)}"
    task = recorded.facts.get("task_id")
    if recorded.event == replayed.event and task == replayed.facts.get("task_id"):
        return f"{_in_short(replayed)}, not {_in_short(recorded).removeprefix(f'{task} ')}"
    return f"{_in_short(replayed)}, not {_in_short(recorded)}"


def _in_short(event: EventFacts) -> str:
    """What happened to which task, as short as it is clear beside a similar event."""
    facts = event.facts
    if event.event == "TaskStatusChanged":
        return f"{text.harmless(facts['task_id'])} {text.spaced(facts['new'])}"
    if event.event == "ReplanTriggered":
        confidence = number(facts["rolling_confidence"])
        return f"{text.harmless(facts['task_id'])} replan at {confidence}"
    return event_text.what_of(event)
