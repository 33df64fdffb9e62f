"""Which views there are."""

from typing import Final

from plangate.application.views import board, plan_summaries, replans, timeline
from plangate.application.views.projection import View

PLANS: Final = "plans"
BOARD: Final = "board"
TIMELINE: Final = "timeline"
REPLANS: Final = "replans"

VIEWS: Final = (
    View(PLANS, plan_summaries.VERSION, plan_summaries.project),
    View(BOARD, board.VERSION, board.project),
    View(TIMELINE, timeline.VERSION, timeline.project),
    View(REPLANS, replans.VERSION, replans.project),
)
