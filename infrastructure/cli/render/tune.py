"""What a search over policies chose, what that is worth on other plans, and beside what."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.held_out import PolicyMeasure
from plangate.application.replay.tune import Tuning
from plangate.application.rerun.assumptions import ASSUMED
from plangate.domain.policy import Policy
from plangate.infrastructure.cli.render.comparison import policy_text
from plangate.infrastructure.cli.render.estimates import decimal
from plangate.infrastructure.cli.render.tables import Listing, right
from plangate.infrastructure.cli.render.text import Hint, count


def render_tuning(answer: Tuning, _hint: Hint) -> RenderableType:
    """The recommendation, the policies beside each other, and the folds."""
    why = Text(answer.why, style="bold green" if answer.recommended else "bold yellow")
    if not answer.cases:
        return Group(why, Text(f"{_basis(answer)} {answer.truth_means}", style="dim"))
    heading = [
        why,
        *_chosen(answer),
        Text(_basis(answer), style="dim"),
        Text(f"{answer.truth_means} {ASSUMED}", style="dim"),
    ]
    if not answer.folds:
        return Group(*heading)
    return Group(
        *heading,
        _policies(answer),
        Text(_legend(answer), style="dim"),
        _folds(answer),
        Text(
            "Each row is a fold: what the others chose, and how many cases of this one are judged"
            " by it, how many of them bad.",
            style="dim",
        ),
    )


def _chosen(answer: Tuning) -> Iterator[Text]:
    if answer.changes is None:
        return
    kind = "Recommended" if answer.recommended else "All cases would choose"
    alike = f"{answer.alike:,} of {answer.tried:,} policies are within one standard error"
    yield Text(f"{kind}: {policy_text(answer.changes)}; {alike} of the best.")
    tuned = next(line for line in answer.compared if line.name == "tuned")
    if tuned.policy is not None:
        yield Text(_other_fields(tuned.policy, answer.changes), style="dim")
    over_mean, over_recorded = tuned.figures.over_mean, tuned.figures.over_recorded
    yield Text(
        f"Better or worse (-), case by case: than the plain mean {_difference(over_mean, answer)},"
        f" than what was recorded {_difference(over_recorded, answer)}."
    )


def _other_fields(policy: Policy, changes: Mapping[str, Any]) -> str:
    """The fields that were not searched for and are not those of the default policy."""
    given, defaults = policy.model_dump(mode="json"), Policy().model_dump(mode="json")
    others = {
        field: value
        for field, value in given.items()
        if field not in changes and value != defaults[field]
    }
    if not others:
        return "Its other fields have their defaults."
    return f"Its other fields: {policy_text(others)}; the rest have their defaults."


def _basis(answer: Tuning) -> str:
    cases = count(answer.cases, "plan")
    if answer.truth.cut is None:
        cases = f"{count(answer.cases, 'task')} of {count(answer.plans, 'plan')}"
    left_out = [
        (answer.without, "plan", "without a case"),
        (answer.unrepeated, "plan", "of work that is not repeated"),
        (answer.unfit, "combination", "that no policy can have"),
    ]
    tried = count(answer.tried, "policy", "policies")
    noted = ", ".join(f"{count(number, what)} {why}" for number, what, why in left_out if number)
    if not answer.cases:
        return f"Nothing was tried{noted and f': {noted}'}."
    return (
        f"Tried {tried} on {cases}, {answer.bad:,} of them bad, in "
        f"{count(answer.groups, 'group')} by {answer.by}{noted and f'; left out: {noted}'}."
    )


def _policies(answer: Tuning) -> Listing:
    table = Listing(
        Column("\npolicy", no_wrap=True, min_width=len("recorded")),
        *(
            Column(heading, justify="right")
            for heading in (
                "in\nsample",
                "\nheld out",
                "% of bad\nstopped",
                "% of good\nstopped",
                "%\nprecision",
            )
        ),
    )
    for line in answer.compared:
        figures = line.figures
        table.add_row(
            line.name,
            _number(figures.in_sample, answer),
            _measured(figures.held_out, answer),
            *map(_share, (figures.stopped_bad, figures.stopped_good, figures.precision)),
            style="bold" if line.name == "tuned" else "",
        )
    return table


def _legend(answer: Tuning) -> str:
    if answer.cost is None:
        measure = (
            "In sample and held out: balanced accuracy, the mean of the shares of bad cases that "
            "are stopped and of good ones that are not, in %; 50 is chance."
        )
    else:
        measure = (
            f"In sample and held out: the mean cost of a case, {answer.cost.missed:g} for a bad "
            f"one that is missed and {answer.cost.stopped:g} for a good one that is stopped."
        )
    cut = next(line.cut for line in answer.compared if line.name == "mean")
    return (
        f"{measure} Held out, a case is judged by what the other folds chose. `tuned` is chosen "
        "from the grid, `mean` a cut on the plain mean of the scores, by all cases "
        f"at {cut:.2f}, `recorded` each plan's own policy; `always` and `never` fire always and "
        "never. In brackets: 95% intervals, from leaving out one group at a time."
    )


def _folds(answer: Tuning) -> Listing:
    table = Listing(
        "the other folds chose", right("cases"), right("bad"), right("in sample"), right("held out")
    )
    for fold in answer.folds:
        figures = fold.figures
        table.add_row(
            Text(policy_text(fold.changes)),
            f"{figures.cases:,}",
            f"{figures.bad:,}",
            _number(figures.in_sample, answer),
            _number(figures.held_out, answer),
        )
    return table


def _number(value: float | None, answer: Tuning) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f}" if answer.cost is None else f"{value:.2f}"


def _measured(estimate: Estimate, answer: Tuning) -> str:
    if answer.measure is PolicyMeasure.BALANCED_ACCURACY:
        return _share(estimate)
    return decimal(estimate, 2)


def _share(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    if estimate.low == estimate.high:
        return f"{100 * estimate.value:.0f}"
    return f"{100 * estimate.value:.0f} [{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"


def _difference(estimate: Estimate, answer: Tuning) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    scale, digits, unit = (1, 2, "") if answer.cost else (100, 0, " points")
    value, low, high = (scale * one for one in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.{digits}f}{unit} [{low:+.{digits}f}, {high:+.{digits}f}]"
