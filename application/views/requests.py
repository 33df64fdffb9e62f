"""What can be asked of the views: what is wanted, in which order, from where on.

Pages are cut by keys, not by counting: what others write meanwhile makes no row
appear twice or go missing, unless it changes the row's own place in the order.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, Strict

from plangate.application.paging import MAX_PAGE
from plangate.application.views.rows import BoardTask, PlanSummary, ReplanEntry, TimelineEntry
from plangate.domain.vocabulary import Flag, Identifier, Labels, PlanState, TaskStatus, Title

Keys = Sequence[tuple[str, bool]]
"""The fields rows are ordered by, each ascending or (True) descending; together unique."""


class PlanOrder(StrEnum):
    """How plans are ordered."""

    OLDEST = "oldest"
    NEWEST = "newest"
    UPDATED = "updated"
    CONFIDENCE = "confidence"
    PRIORITY = "priority"

    @property
    def keys(self) -> Keys:
        """Created first or last, updated last, least confident, most urgent: that comes first."""
        return _ORDERS[self]


_FIRST: Final = ("created_position", False)
_ORDERS: Final[dict[str, Keys]] = {
    PlanOrder.OLDEST: (_FIRST,),
    PlanOrder.NEWEST: (("created_position", True),),
    PlanOrder.UPDATED: (("updated_position", True),),
    PlanOrder.CONFIDENCE: (("rolling_confidence", False), _FIRST),
    PlanOrder.PRIORITY: (("priority", True), _FIRST),
}

_Limit = Annotated[int, Strict(), Field(ge=1, le=MAX_PAGE)]


class Wanted(BaseModel):
    """How much of an answer is wanted, and from where on."""

    limit: _Limit = 100
    after: Annotated[str, Strict(), Field(max_length=2_000)] | None = None
    at_least: Annotated[int, Strict(), Field(ge=0)] = 0


class PlansWanted(Wanted):
    """Plans that match all that is said: all the labels, every word of the text."""

    state: PlanState | None = None
    needs_replan: Flag | None = None
    text: Title | None = None
    labels: Labels = ()
    order: PlanOrder = PlanOrder.OLDEST

    @property
    def words(self) -> tuple[str, ...] | None:
        """What the text asks for: words, or beginnings of words. None without a text."""
        return None if self.text is None else tuple(self.text.split())


class BoardWanted(Wanted):
    """The tasks of a plan, or those in a status, or both."""

    plan_id: Identifier | None = None
    status: TaskStatus | None = None


class TimelineWanted(Wanted):
    """The scores of a plan."""

    plan_id: Identifier


class ReplansWanted(Wanted):
    """The replans of all plans, or of one."""

    plan_id: Identifier | None = None
    newest_first: Flag = False


class _Page(BaseModel):
    """A part of an answer. `next` says where the next part begins; None when there is none."""

    next: str | None = None


class PlanPage(_Page):
    """Plan summaries."""

    plans: tuple[PlanSummary, ...]


class BoardPage(_Page):
    """Tasks: older plans first, each in plan order."""

    tasks: tuple[BoardTask, ...]


class TimelinePage(_Page):
    """A plan's scores in the order they came."""

    scores: tuple[TimelineEntry, ...]


class ReplanPage(_Page):
    """Replans in the order they happened, or the other way round."""

    replans: tuple[ReplanEntry, ...]


After = tuple[Any, ...]
"""The values of an order's keys in the last row that was told."""
