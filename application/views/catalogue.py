"""The views, each with its name and the version of its fold."""

from typing import Final

from plangate.application.views import board, plan_summaries, replans, timeline
from plangate.application.views.projection import View

PLANS: Final = "plans"
BOARD: Final = "board"
TIMELINE: Final = "timeline"
REPLANS: Final = "replans"

VIEWS: Final = (
    View(PLANS, 5, plan_summaries.project),
    View(BOARD, 1, board.project),
    View(TIMELINE, 2, timeline.project),
    View(REPLANS, 1, replans.project),
)
