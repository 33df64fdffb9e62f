"""The state of the views themselves: position, lag, size, and the plans they are stuck on."""

from plangate.application.results import Result
from plangate.application.views.view_store import StuckPlan


class ViewStatus(Result):
    """One view. Before it is first built its fold version is 0.

    `lag` counts the positions of the log that it has yet to project; `rebuilding` is
    how far a rebuild has come, None when none is under way.
    """

    name: str
    fold_version: int
    position: int
    lag: int
    rows: int
    rebuilding: int | None
    stuck: tuple[StuckPlan, ...]


class ViewReport(Result):
    """All views, and the last position of the log.

    `failure` is why the background thread last failed to follow the log; None while it can.
    """

    position: int
    views: tuple[ViewStatus, ...]
    failure: str | None = None
