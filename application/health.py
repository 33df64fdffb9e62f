"""Whether a registry can serve, in one question that is cheap enough to be asked often."""

from plangate.application.errors import StoreError
from plangate.application.event_store import EventStore
from plangate.application.results import Result
from plangate.application.views.catalogue import VIEWS
from plangate.application.views.view_store import ViewStore, ViewTables


class ViewLag(Result):
    """How many positions of the log a view has yet to project, and the plans it is stuck on."""

    name: str
    lag: int
    stuck: int


class RegistryHealth(Result):
    """Whether the store answers, the views' lag, and what keeps views from following the log.

    `ok` is whether both can. `problem` is why the store cannot be reached, `failure` why the
    background thread of the views last failed. Views that no thread follows may lag: a
    question brings them up to date.
    """

    ok: bool
    reachable: bool
    problem: str | None = None
    position: int | None = None
    views: tuple[ViewLag, ...] = ()
    failure: str | None = None


def health(store: EventStore, views: ViewStore, failure: str | None) -> RegistryHealth:
    """The health of a store and its views; `failure` is that of the background thread."""
    try:
        positions, last = views.positions(), store.last_position()
    except StoreError as error:
        problem = f"{type(error).__name__}: {error}"
        return RegistryHealth(ok=False, reachable=False, problem=problem, failure=failure)
    found = [(view.name, positions.get(ViewTables(view.name))) for view in VIEWS]
    lags = [
        ViewLag(
            name=name,
            lag=max(last - (current.position if current else 0), 0),
            stuck=len(current.stuck) if current else 0,
        )
        for name, current in found
    ]
    return RegistryHealth(
        ok=failure is None, reachable=True, position=last, views=tuple(lags), failure=failure
    )
