"""The state of the views themselves: position, lag, size, and the plans they are stuck on."""

from plangate.application.event_store import EventStore
from plangate.application.results import Result
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.view_store import StuckPlan, ViewStore, ViewTables


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


def view_report(store: EventStore, views: ViewStore, failure: str | None = None) -> ViewReport:
    """The state of all views now; nothing catches up first."""
    positions, sizes, last = views.positions(), views.sizes(), store.last_position()
    found = []
    for view in VIEWS:
        current = positions.get(ViewTables(view.name))
        rebuild = positions.get(ViewTables(view.name, rebuilt=True))
        position = current.position if current else 0
        status = ViewStatus(
            name=view.name,
            fold_version=current.fold_version if current else 0,
            position=position,
            lag=max(last - position, 0),
            rows=sizes.get(view.name, 0),
            rebuilding=rebuild.position if rebuild else None,
            stuck=tuple(current.stuck.values()) if current else (),
        )
        found.append(status)
    return ViewReport(position=last, views=tuple(found), failure=failure)
