"""The port to the views: their rows, and how far each view has come.

Every store passes the same suite, `tests/contracts/test_view_store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from plangate.application.views.requests import (
    After,
    BoardWanted,
    PlansWanted,
    ReplansWanted,
    TimelineWanted,
)
from plangate.application.views.rows import BoardTask, PlanSummary, ReplanEntry, Row, TimelineEntry


@dataclass(frozen=True, slots=True)
class Changes:
    """The rows a run of events changes. What is `gone` goes first, then comes what is `put`.

    `gone` names plans whose rows all go (task None), or single tasks. `texts` are
    what plans can be found by, each under the position of its plan's first event.
    """

    put: Sequence[Row] = ()
    gone: Sequence[tuple[str, str | None]] = ()
    texts: Sequence[tuple[int, str]] = ()


class StuckPlan(BaseModel):
    """A plan whose rows stay as they were because of one of its events: which, why, since when."""

    model_config = ConfigDict(frozen=True)

    plan_id: str
    version: int
    position: int | None
    why: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ViewTables:
    """The tables of a view: those that are read, or those that will replace them."""

    view: str
    rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class ViewPosition:
    """How far a view has come, by which version of its fold, and in how many updates."""

    fold_version: int
    position: int
    updates: int = 0
    stuck: Mapping[str, StuckPlan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewUpdate:
    """What leads a view from where it stands to a position: rows, plans now stuck, plans freed."""

    target: ViewTables
    after: ViewPosition
    until: int
    changes: Sequence[Changes]
    stuck: Sequence[StuckPlan] = ()
    freed: Sequence[str] = ()


class ViewStore(Protocol):
    """The rows of the views, and how far each has come; both always change together.

    A view being rebuilt has tables of its own beside those that are read. Every
    method may raise a `StoreError`; none leaves anything half written.
    """

    def marks(self) -> Mapping[ViewTables, ViewPosition]:
        """How far every view and every rebuild has come; absent is what was never begun."""
        ...

    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        """Begin to rebuild a view: empty tables, at position 0.

        Unless it is to be done `afresh`, a rebuild by the same version of the fold
        is gone on with, and none is begun where the view itself is of that version.
        """
        ...

    def save(self, updates: Sequence[ViewUpdate]) -> bool:
        """Write all the updates in one transaction.

        False, and nothing is written, when one of them does not follow on from
        where its view stands: somebody else was faster.
        """
        ...

    def swap(self, view: str) -> bool:
        """Let the rebuilt tables of a view take the place of those that are read, all at once.

        False, and nothing is changed, while they are behind those, or not there.
        """
        ...

    def scrub(self) -> None:
        """Leave nothing of removed rows in what was made of them, such as a text index."""
        ...

    def sizes(self) -> Mapping[str, int]:
        """How many rows each view has."""
        ...

    def plans(self, wanted: PlansWanted, after: After | None, limit: int) -> Sequence[PlanSummary]:
        """The first `limit` matching plans beyond `after`, in the order that is wanted."""
        ...

    def board(self, wanted: BoardWanted, after: After | None, limit: int) -> Sequence[BoardTask]:
        """The first `limit` matching tasks, by plan position and place.

        `after` is the plan position, place, plan id and task id of the last one told;
        if that task has another place by now, the answer goes on from there.
        """
        ...

    def timeline(
        self, wanted: TimelineWanted, after: After | None, limit: int
    ) -> Sequence[TimelineEntry]:
        """The first `limit` scores of a plan beyond a version."""
        ...

    def replans(
        self, wanted: ReplansWanted, after: After | None, limit: int
    ) -> Sequence[ReplanEntry]:
        """The first `limit` replans beyond a position, in the direction that is wanted."""
        ...

    def close(self) -> None:
        """Let go of everything held; closing twice is harmless."""
        ...
