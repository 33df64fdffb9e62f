"""Leaves out rows that no column can hold, plan by plan, as those that cannot be folded."""

from collections.abc import Sequence

from plangate.application.errors import CorruptEvent
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.log_events import LogSlice
from plangate.application.views.projection import View
from plangate.application.views.projector import Projected, Projector
from plangate.application.views.view_store import ViewStore, ViewTables


def leave_out_unsavable(
    store: ViewStore,
    projector: Projector,
    view: View,
    tables: ViewTables,
    projected: dict[str, Projected],
    log_slice: LogSlice,
) -> bool:
    """Keep the rows of each plan before the first event whose rows cannot be saved, if any.

    `projected` has the row changes of each plan in one view, made of the events of a slice.
    """
    waiting, left_out = list(projected), False
    while waiting:
        changes = [(plan_id, one) for plan_id in waiting for one in projected[plan_id].changes]
        found = store.first_unsavable(tables, [one for _, one in changes])
        if found is None:
            break
        left_out = True
        index, why = found
        plan_id = changes[index][0]
        events, _ = log_slice.events_of(plan_id)
        projected[plan_id] = _savable(store, projector, view, tables, events, why)
        waiting = waiting[waiting.index(plan_id) + 1 :]
    return left_out


def _savable(
    store: ViewStore,
    projector: Projector,
    view: View,
    tables: ViewTables,
    events: Sequence[RecordedEvent],
    why: str,
) -> Projected:
    """The changes of a plan's events up to the first whose rows cannot be saved."""
    changes = projector.one_by_one(view, events[0].envelope.plan_id, events)
    index, why = store.first_unsavable(tables, changes) or (0, why)
    envelope = events[index].envelope
    failure = CorruptEvent(envelope.plan_id, envelope.version, why, envelope.position)
    return Projected(changes[:index], failure)
