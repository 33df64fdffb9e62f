"""What can be asked of rows, once for all engines; each says what its SQL has of its own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from plangate.application.views.board import BoardRequest, BoardTask
from plangate.application.views.plan_summaries import PlansRequest, PlanSummary
from plangate.application.views.projection import Row
from plangate.application.views.replans import ReplanEntry, ReplansRequest
from plangate.application.views.requests import Keys, RowKey
from plangate.application.views.timeline import TimelineEntry, TimelineRequest
from plangate.infrastructure.sql.conditions import Conditions
from plangate.infrastructure.sql.tables import REPLAN_LOG, SCORES, SUMMARIES, TASKS, Table

_Row = TypeVar("_Row", bound=Row)


class RowQuestions(ABC):
    """The questions of `application.ports.ViewStore`. Placeholders are written `?`."""

    _has_label: str
    """Whether a row has a label."""

    _place_now: str
    """Where a task of a plan stands on the board now; NULL if it is not there."""

    def plans(
        self, wanted: PlansRequest, after: RowKey | None, limit: int
    ) -> Sequence[PlanSummary]:
        """The first `limit` matching plans beyond `after`."""
        where = Conditions()
        if wanted.state is not None:
            where.add("state = ?", wanted.state)
        if wanted.needs_replan is not None:
            where.add("needs_replan = ?", wanted.needs_replan)
        for label in wanted.labels:
            where.add(self._has_label, label)
        if wanted.words is not None:
            self._found_by(where, wanted.words)
        where.beyond(wanted.order.keys, after)
        return self._rows(SUMMARIES, where, wanted.order.keys, limit)

    def board(self, wanted: BoardRequest, after: RowKey | None, limit: int) -> Sequence[BoardTask]:
        """The first `limit` matching tasks, from where the last one told stands now."""
        where = Conditions()
        if wanted.plan_id is not None:
            where.add("plan_id = ?", wanted.plan_id)
        if wanted.status is not None:
            where.add("status = ?", wanted.status)
        if after is not None:
            plan_position, place, plan_id, task_id = after
            where.add(
                f"(plan_position, place) > (?, coalesce(({self._place_now}), ?))",
                *(plan_position, plan_id, task_id, place),
            )
        return self._rows(TASKS, where, (("plan_position", False), ("place", False)), limit)

    def timeline(
        self, wanted: TimelineRequest, after: RowKey | None, limit: int
    ) -> Sequence[TimelineEntry]:
        """The first `limit` scores of a plan beyond a version."""
        where, keys = Conditions(), (("version", False),)
        where.add("plan_id = ?", wanted.plan_id)
        where.beyond(keys, after)
        return self._rows(SCORES, where, keys, limit)

    def replans(
        self, wanted: ReplansRequest, after: RowKey | None, limit: int
    ) -> Sequence[ReplanEntry]:
        """The first `limit` replans beyond a position."""
        where, keys = Conditions(), (("position", wanted.newest_first),)
        if wanted.plan_id is not None:
            where.add("plan_id = ?", wanted.plan_id)
        where.beyond(keys, after)
        return self._rows(REPLAN_LOG, where, keys, limit)

    @abstractmethod
    def _found_by(self, where: Conditions, words: Sequence[str]) -> None:
        """Rows of plans in whose goal and titles all the words stand, or begin a word."""

    @abstractmethod
    def _rows(
        self, table: Table[_Row], where: Conditions, keys: Keys, limit: int
    ) -> Sequence[_Row]:
        """The first `limit` matching rows of a table that is read, ordered by the keys."""
