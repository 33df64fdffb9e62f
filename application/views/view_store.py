"""The port to the views: their rows, and how far each view has come.

Every store passes the same suite, `tests/contracts/test_view_store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from plangate.application.errors import StoreError
from plangate.application.results import Result
from plangate.application.views.board import BoardRequest, BoardTask
from plangate.application.views.plan_summaries import PlansRequest, PlanSummary
from plangate.application.views.projection import RowChanges
from plangate.application.views.replans import ReplanEntry, ReplansRequest
from plangate.application.views.requests import RowKey
from plangate.application.views.timeline import TimelineEntry, TimelineRequest


class UnsavableRows(StoreError):
    """No column can hold what a row has. Nothing was saved."""


class StuckPlan(Result):
    """A plan whose rows cannot follow one of its events: which one, why, and since when."""

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
    """How far a view has come, by which version of its fold, and in how many updates.

    `event` identifies the event at the position; None where it was not noted.
    """

    fold_version: int
    position: int
    updates: int = 0
    stuck: Mapping[str, StuckPlan] = field(default_factory=dict)
    event: str | None = None


@dataclass(frozen=True, slots=True)
class ViewUpdate:
    """Moves a view from the `expected` position to the next: changed rows, plans stuck or freed."""

    tables: ViewTables
    expected: ViewPosition
    position: int
    changes: Sequence[RowChanges]
    stuck: Sequence[StuckPlan] = ()
    freed: Sequence[str] = ()
    event: str | None = None


class ViewStore(Protocol):
    """The rows of the views, and how far each has come; both always change together.

    A view being rebuilt has tables of its own beside those that are read. Every
    method may raise a `StoreError`; none leaves anything half written.

    Rows reflect `request.at_least`, a position that the view has had for this process. They
    raise `ViewBehind` where another process has moved the view meanwhile, or where the
    answer can be read only once all is saved.
    """

    def positions(self) -> Mapping[ViewTables, ViewPosition]:
        """How far every view and every rebuild has come; views never begun are absent."""

    def begin(self, view: str, fold_version: int, *, afresh: bool) -> None:
        """Begin to rebuild a view: empty tables, at position 0.

        Unless `afresh`, a rebuild by the same version of the fold is continued, and none
        is begun where the view itself has that version.
        """

    def save(self, updates: Sequence[ViewUpdate], *, at_once: bool = False) -> bool:
        """Write all the updates in one transaction.

        Return False, and write nothing, if a view is no longer at the position that its
        update expects: another process has moved it. Raises `UnsavableRows` for a row with
        a value that cannot be stored.

        With `at_once`, updates that would have to wait for another writer may be kept in
        memory: positions and rows are for this process as if they were saved, and the next
        save that can writes them too. One without `at_once` leaves nothing unsaved.
        """

    def first_unsavable(
        self, tables: ViewTables, changes: Sequence[RowChanges]
    ) -> tuple[int, str] | None:
        """Which is the first of the changes that cannot be written, and why; none is kept."""

    def discard(self, view: str, expected: ViewPosition) -> None:
        """Remove the rows and the position of a view, unless another process has moved it."""

    def swap(self, view: str) -> bool:
        """Replace the tables that are read by the rebuilt ones, in one transaction.

        Return False, and change nothing, while the rebuilt ones are missing or behind.
        """

    def scrub(self) -> None:
        """Leave nothing of removed rows in what was made of them, such as a text index."""

    def sizes(self) -> Mapping[str, int]:
        """How many rows each view has."""

    def plans(
        self, request: PlansRequest, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        """The first `limit` matching plans beyond `after`, in the requested order."""

    def plans_with_work(
        self, now: datetime, at_least: int, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        """The first `limit` plans in `WORK_ORDER` in which a task can be taken.

        Also those whose `changes_at` has passed at `now`, or whose latest event is to come.
        `at_least` is a position that the rows must reflect.
        """

    def board(self, request: BoardRequest, after: RowKey | None, limit: int) -> Sequence[BoardTask]:
        """The first `limit` matching tasks, by plan position and place.

        `after` is the plan position, place, plan id and task id of the last row; if
        that task has moved since, the page continues after its new place.
        """

    def timeline(
        self, request: TimelineRequest, after: RowKey | None, limit: int
    ) -> Sequence[TimelineEntry]:
        """The first `limit` scores of a plan beyond a version."""

    def replans(
        self, request: ReplansRequest, after: RowKey | None, limit: int
    ) -> Sequence[ReplanEntry]:
        """The first `limit` replans beyond a position, in the requested direction."""

    def close(self) -> None:
        """Release everything held; closing twice is harmless."""
