"""The tables of the views. Their columns follow from the row models.

Each engine writes its own DDL from these: column names, types and NOT NULL come from the
fields of the row; keys and indexes are literal here. Anyone can join views with plain SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import cached_property
from operator import itemgetter
from types import NoneType
from typing import Any, Final, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel

from plangate.application.views import board, plan_summaries, replans, timeline
from plangate.application.views.catalogue import BOARD, PLANS, REPLANS, TIMELINE
from plangate.application.views.projection import Row

MIN_COMPATIBLE_FACT: Final = "min_compatible_{layout}"
"""What a store says of its layout: the oldest one whose plangate may go on using it.

It names the layout, so that what was said of an older one is not taken for it.
"""

RowType = TypeVar("RowType", bound=Row)

_KINDS: Final = (bool, str, int, float, datetime, tuple, BaseModel)


class Column(NamedTuple):
    """A column of a view's table; `kind` is one of `_KINDS`, for which engines have types."""

    name: str
    kind: type
    nullable: bool


@dataclass(frozen=True)
class Table(Generic[RowType]):
    """A view's table, unique by its key.

    `rowid` is the column that is SQLite's row number, if any; `unique` are its further
    orders there. `indexes` are those of PostgreSQL. Unique orders need no index with a
    name; names would collide when SQLite's rebuilt tables replace the old ones. `layout` is
    the layout of a PostgreSQL store that brought the present columns: raise it to the next
    layout whenever a field changes.
    """

    view: str
    name: str
    row: type[RowType]
    key: tuple[str, ...]
    layout: int
    rowid: str | None = None
    unique: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the row's fields; `stale` is computed on reading."""
        return tuple(
            _column(field, info.annotation)
            for field, info in self.row.model_fields.items()
            if field != "stale"
        )

    @cached_property
    def values_of(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """What takes the values of all columns, in their order, from a row."""
        return itemgetter(*(column.name for column in self.columns))

    @cached_property
    def column_names(self) -> str:
        """The names of all columns, as SQL lists them."""
        return ", ".join(column.name for column in self.columns)


def _column(field: str, annotation: Any) -> Column:
    types = get_args(annotation)
    nullable = NoneType in types
    if nullable:
        annotation = next(one for one in types if one is not NoneType)
    type_ = get_origin(annotation) or annotation
    kind = next(kind for kind in _KINDS if issubclass(type_, kind))
    return Column(field, kind, nullable)


def written_time(time: datetime) -> str:
    """A time as both engines take it; raises `OverflowError` for one beyond the UTC calendar."""
    if not MINYEAR < time.year < MAXYEAR:
        time.astimezone(UTC)
    return time.isoformat()


SUMMARIES: Final = Table(
    PLANS,
    "view_plans",
    plan_summaries.PlanSummary,
    key=("plan_id",),
    layout=8,
    rowid="created_position",
    unique=(
        "updated_position",
        "rolling_confidence, created_position",
        "priority, created_position",
        "highest_priority DESC, created_position",
    ),
    indexes=(
        "created_position",
        "updated_position",
        "rolling_confidence, created_position",
        "priority DESC, created_position",
        "highest_priority DESC, created_position",
    ),
)
TASKS: Final = Table(
    BOARD,
    "view_board",
    board.BoardTask,
    key=("plan_id", "task_id"),
    layout=2,
    unique=("status, plan_position, place, task_id",),
    indexes=("status, plan_position, place",),
)
SCORES: Final = Table(
    TIMELINE,
    "view_timeline",
    timeline.TimelineEntry,
    key=("plan_id", "version"),
    layout=4,
)
REPLAN_LOG: Final = Table(
    REPLANS,
    "view_replans",
    replans.ReplanEntry,
    key=("plan_id", "version"),
    layout=2,
    rowid="position",
    indexes=("position",),
)

TABLES: Final[Mapping[str, Table[Any]]] = {
    table.view: table for table in (SUMMARIES, TASKS, SCORES, REPLAN_LOG)
}
SEARCH_TABLE: Final = "view_words"
"""The table of the texts that plans are found by; it belongs to the plan summaries."""
