"""Which part of a long answer is wanted, and how much of it at once."""

from typing import Annotated, Final

from pydantic import BaseModel, Field, Strict

from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Flag, Labels, PlanState

MAX_PAGE: Final = 10_000
"""The most events or plans that are read at once."""

_Whole = Annotated[int, Strict()]


class PlanFilter(BaseModel):
    """Which plans are wanted: at most `limit`, those that match all that is said."""

    limit: Annotated[_Whole, Field(ge=1)] | None = None
    state: PlanState | None = None
    needs_replan: Flag | None = None
    labels: Labels = ()

    def admits(self, plan: Plan) -> bool:
        """Whether a plan is there and matches; labels must all be on it."""
        return (
            plan.exists
            and self.state in {None, plan.state}
            and self.needs_replan in {None, plan.needs_replan}
            and set(self.labels) <= set(plan.labels)
        )


class Page(BaseModel):
    """The entries beyond the position `after`, at most `limit` of them."""

    after: Annotated[_Whole, Field(ge=0)] = 0
    limit: Annotated[_Whole, Field(ge=1, le=MAX_PAGE)] = 1_000
