"""How the views themselves stand: how far behind the log, how large, and what they are stuck on."""

from pydantic import BaseModel, ConfigDict

from plangate.application.views.view_store import StuckPlan


class ViewStatus(BaseModel):
    """One view. Before it was ever made its fold version is 0.

    `lag` counts the positions of the log that it has yet to take in; `rebuilding` is
    how far a rebuild has come, None when there is none.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    fold_version: int
    position: int
    lag: int
    rows: int
    rebuilding: int | None
    stuck: tuple[StuckPlan, ...]


class ViewReport(BaseModel):
    """All views, and the last position of the log.

    `failure` is why the background reader stands still; None while all is well.
    """

    model_config = ConfigDict(frozen=True)

    position: int
    views: tuple[ViewStatus, ...]
    failure: str | None = None
