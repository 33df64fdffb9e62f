"""Discards views that were made of events that are no longer in the log."""

from collections.abc import Collection, Mapping, Sequence

from plangate.application.views.log_events import LogEvents
from plangate.application.views.view_store import ViewPosition, ViewStore, ViewTables


def discard_what_is_gone(
    store: ViewStore,
    log_events: LogEvents,
    names: Collection[str],
    positions: Mapping[ViewTables, ViewPosition],
) -> Sequence[ViewTables]:
    """Which of the named views, and of their rebuilds, had come to an event that is gone."""
    gone = [
        tables
        for tables, current in positions.items()
        if tables.view in names and not log_events.has(current.position, current.event)
    ]
    for tables in gone:
        current = positions[tables]
        if tables.rebuilt:
            store.begin(tables.view, current.fold_version, afresh=True)
        else:
            store.discard(tables.view, current)
    return gone
