"""What counts as bad when policies are chosen between: recorded outcomes, or a proxy.

Outcomes say what became of single results. Where none are recorded, repeats of the same
work can stand in: the mean over all of them has less noise than any one.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator

from plangate.application.results import Result

MIN_REPEATS: Final = 3
"""Work needs so many plans for their mean to stand in for the truth."""


class TruthKind(StrEnum):
    """What decides between bad and good."""

    OUTCOMES = "outcomes"
    REPEATS = "repeats"


class Truth(Result):
    """What counts as a bad case, and what a case is.

    `outcomes`: a case is a task's result with a recorded outcome, bad if it was rejected.
    `repeats`: a case is a plan whose work was planned three times or more, bad if the mean
    of its plans' mean scores is below `cut`.
    """

    kind: TruthKind
    cut: float | None = None

    @property
    def sentence(self) -> str:
        """What a case is, when it is bad, and how far that can be trusted."""
        if self.kind is TruthKind.OUTCOMES:
            return "A case is a task with a recorded outcome; it is bad if that was rejected."
        return (
            f"A case is a plan of work that was planned {MIN_REPEATS} times or more; it is bad "
            f"if the mean score of all these plans is below {self.cut:g}. That is a proxy, not "
            "the truth: it has less noise than one plan's scores, but the same judge's errors, "
            "and as a mean of scores it favours the plain mean."
        )

    @property
    def without_cases(self) -> str:
        """What is missing where there is no case at all."""
        if self.kind is TruthKind.OUTCOMES:
            return "no scored result has an outcome; repeats:CUT can stand in for outcomes"
        return f"no work was planned {MIN_REPEATS} times or more"


def _given(truth: object) -> object:
    """`outcomes`, or `repeats:CUT`."""
    if isinstance(truth, Truth):
        return truth
    kind, _, cut = truth.partition(":") if isinstance(truth, str) else ("", "", "")
    if kind == TruthKind.OUTCOMES and not cut:
        return Truth(kind=TruthKind.OUTCOMES)
    try:
        number = float(cut)
    except ValueError:
        number = -1.0
    if kind != TruthKind.REPEATS or not 0.0 <= number <= 1.0:
        raise ValueError("must be outcomes, or repeats:CUT with a cut from 0 to 1, as repeats:0.5")
    return Truth(kind=TruthKind.REPEATS, cut=number)


GivenTruth = Annotated[Truth, BeforeValidator(_given)]
"""What counts as bad, as callers give it: `outcomes`, or `repeats:CUT`."""
