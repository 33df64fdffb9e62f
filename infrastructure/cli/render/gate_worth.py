"""What the gate would have stopped, what each threshold would have cost, how many more help."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from plangate.application.evidence.gate_worth import Costs, GateWorth, MoreOutcomes
from plangate.infrastructure.cli.render.estimates import decimals, share
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from plangate.infrastructure.cli.render.text import count, harmless

_SHARES: Final = {
    "accepted": "of all, accepted",
    "precision": "of the stopped, rejected",
    "recall": "of the rejected, stopped",
    "good_stopped": "of the accepted, stopped",
}


def gate_worth(gate: GateWorth) -> Iterator[RenderableType]:
    """The gate itself, not a cut on one confidence."""
    changes = ", ".join(f"{harmless(name)}={value}" for name, value in gate.policy.items())
    policy = f"with {changes}" if changes else "by the plans' own policies"
    yield Text.assemble(("What the gate would have stopped", "bold"), f", {policy}")
    stopped, rejected = gate.stopped_bad + gate.stopped_good, gate.stopped_bad + gate.missed_bad
    accepted = gate.stopped_good + gate.passed_good
    table = Listing(fixed("share"), right("results"), fixed("95% interval"))
    for name, part, whole, estimate in (
        ("precision", gate.stopped_bad, stopped, gate.precision),
        ("recall", gate.stopped_bad, rejected, gate.recall),
        ("good_stopped", gate.stopped_good, accepted, gate.good_stopped),
    ):
        table.add_row(_SHARES[name], f"{part:,} of {whole:,}", share(estimate))
    yield table
    left_out = []
    if gate.unjudged:
        left_out.append(f"{count(gate.unjudged, 'outcome')} without an output score")
    if gate.unfit:
        left_out.append(f"{count(gate.unfit, 'plan')} that the policy does not fit")
    if left_out:
        yield Text(f"Left out: {', '.join(left_out)}.", style="dim")


def cost_table(costs: Costs) -> Iterator[RenderableType]:
    """The cost of each threshold, with the cheapest and those that are not clearly dearer."""
    yield Text.assemble(
        ("Cost by threshold", "bold"),
        f": a missed result {costs.missed:g}, a good one stopped {costs.stopped:g}",
    )
    if costs.reason is not None:
        yield Text.assemble(("Inconclusive: ", "yellow"), costs.reason)
        return
    table = Listing(
        right("threshold"),
        right("missed"),
        right("good stopped"),
        right("total"),
        right("a result"),
        "",
    )
    for point in costs.points:
        cheapest = point.threshold == costs.cheapest
        said = "cheapest" if cheapest else "overlaps" if point.overlaps else ""
        table.add_row(
            f"{point.threshold:.2f}",
            f"{point.missed_bad:,}",
            f"{point.stopped_good:,}",
            f"{point.total:,.10g}",
            decimals(point.mean),
            Text(said, style="bold green" if cheapest else "dim"),
        )
    yield table
    others = len(costs.overlapping)
    yield Text(
        f"Not clearly dearer than the cheapest: {count(others, 'other threshold')}."
        if others
        else "Every other threshold costs more than the cheapest.",
        style="yellow" if others else "",
    )


def more_table(more: tuple[MoreOutcomes, ...]) -> Iterator[RenderableType]:
    """How many more outcomes make the main intervals narrow."""
    known = [one for one in more if one.outcomes is not None]
    if not known:
        return
    yield Text("More outcomes for an interval of ±5 points", style="bold")
    table = Listing(
        fixed("share"), right("now"), right("outcomes"), right("plans"), right("design effect")
    )
    for one in known:
        effect = "–" if one.design_effect is None else f"{one.design_effect:.2f}"
        table.add_row(
            _SHARES[one.share],
            f"±{100 * (one.half_width or 0.0):.0f}",
            f"{one.outcomes:,}" if one.outcomes else "enough",
            f"{one.plans:,}" if one.outcomes else "",
            effect,
        )
    yield table
