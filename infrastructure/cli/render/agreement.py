"""Do judges agree, and would the gate? Tables of scores and of verdicts."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.evidence.agreement_results import Agreement, AgreementPart, Drawn
from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.same_work import SameWork
from plangate.application.rerun.assumptions import ASSUMED
from plangate.infrastructure.cli.render.estimates import NOTHING, decimals, share
from plangate.infrastructure.cli.render.tables import Listing, right
from plangate.infrastructure.cli.render.text import Hint, count, harmless

_AT_MOST: Final = 20
"""How many pairs of judges are shown; JSON has more."""

_BY: Final = {
    SameWork.REPLICATE_OF: "by replicate_of",
    SameWork.GOAL_AND_TITLES: "by goal and titles",
}
_DRAWN: Final = {
    Drawn.PLANS: "whole plans",
    Drawn.WORKS: "whole works",
    Drawn.PLANS_OF_WORKS: "the plans of each work: they speak of these works alone",
}


def render_agreement(answer: Agreement, _hint: Hint) -> RenderableType:
    """What is compared, how far scores agree, and how often the gate's verdict would differ."""
    judges = ", ".join(f"{harmless(str(one))} {one.scores:,}" for one in answer.judges)
    return Group(
        Text("Do the judges agree, and would the gate?", style="bold"),
        Text(
            f"{count(answer.plans, 'plan')}; scores of {count(len(answer.judges), 'judge')}"
            f"{judges and f': {judges}'}",
            style="dim",
        ),
        *_part("Two judges of the same tasks", answer.same_tasks, answer.resamples),
        *_part("Two judges, each with plans of the same work", answer.same_work, answer.resamples),
        *_part("One judge again, on the same work", answer.repeats, answer.resamples),
        *(
            Text(
                f"{harmless(policy)}: {count(missing, 'verdict')} missing, as it does not fit the "
                "plan's own policy",
                style="yellow",
            )
            for policy, missing in answer.unfit.items()
        ),
        Text(
            "kappa: of whether a score is below the threshold, or the gate fires; alpha: of the "
            "scores. 1 is agreement, 0 chance. Verdicts are those on each judge's scores alone. "
            f"{ASSUMED}",
            style="dim",
        ),
    )


def _part(heading: str, part: AgreementPart, resamples: int) -> Iterator[RenderableType]:
    yield Text()
    if part.reason is not None:
        yield Text.assemble((f"{heading}: ", "bold"), (part.reason, "yellow"))
        return
    works = ", ".join(f"{count(works, 'work')} {_BY[by]}" for by, works in part.works.items())
    yield Text.assemble((heading, "bold"), (works and f" ({works})", "dim"))
    yield _scores(part)
    if part.pair_count > _AT_MOST:
        yield Text(f"and {part.pair_count - _AT_MOST:,} pairs more", style="dim")
    yield _verdicts(part)
    yield from (Text(f"{NOTHING}: {harmless(reason)}", style="dim") for reason in part.missing)
    if part.lone_works:
        yield Text(
            f"Without {count(part.lone_works, 'work')} of which a judge has a single plan.",
            style="dim",
        )
    if part.partly:
        yield Text(
            f"Without {count(part.partly, 'pair')} in a plan that share less than half of what "
            "either scored.",
            style="dim",
        )
    yield Text(
        f"In brackets: 95% intervals, from {resamples:,} draws of {_DRAWN[part.drawn]}.",
        style="dim",
    )


def _scores(part: AgreementPart) -> Listing:
    """Each pair of judges, and all of them where there are several."""
    table = Listing("judge", right("scores"), right("plans"), "kappa", "alpha")
    for pair in part.pairs[:_AT_MOST]:
        names = " and ".join(harmless(str(judge)) for judge in pair.judges)
        table.add_row(names, *_row(pair.kappa, pair.alpha))
    if part.pair_count > 1:
        every = f"all {part.pair_count:,}"
        table.add_row(every, *_row(part.kappa, part.alpha), style="bold")
    return table


def _row(kappa: Estimate, alpha: Estimate) -> tuple[str | Text, ...]:
    return f"{kappa.cases:,}", f"{kappa.plans:,}", decimals(kappa), decimals(alpha)


def _verdicts(part: AgreementPart) -> Listing:
    table = Listing("policy", right("plans"), "fires", "would differ", "kappa")
    for one in part.verdicts:
        table.add_row(
            harmless(one.policy),
            f"{one.differs.plans:,}",
            share(one.fires),
            share(one.differs),
            decimals(one.kappa),
        )
    return table
