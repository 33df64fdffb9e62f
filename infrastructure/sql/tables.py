"""The tables of the views, and how rows go into them and come out again.

A table has the columns of its row model, so that anyone can join views with plain
SQL. What is unique is declared so and needs no index with a name: names would get
in the way when rebuilt tables take the place of the old.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from plangate.application.views.board import BoardTask
from plangate.application.views.catalogue import BOARD, PLANS, REPLANS, TIMELINE
from plangate.application.views.plan_summaries import PlanSummary
from plangate.application.views.projection import Row
from plangate.application.views.replans import ReplanEntry
from plangate.application.views.timeline import TimelineEntry

_Row = TypeVar("_Row", bound=Row)


COLUMN_NAMES: Final = {"gate_tripped": "gate_fallen"}
"""Columns that keep an earlier name until the next version of their view."""


@dataclass(frozen=True)
class Table(Generic[_Row]):
    """A view's table, unique by its key.

    `definition` is that of SQLite, where some columns hold times as text and some JSON.
    """

    view: str
    name: str
    row: type[_Row]
    key: tuple[str, ...]
    definition: str
    times: tuple[str, ...] = ()
    json: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The row's fields that are stored; `stale` is worked out when a row is read."""
        return tuple(name for name in self.row.model_fields if name != "stale")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in the order of the row's fields."""
        return tuple(COLUMN_NAMES.get(name, name) for name in self.fields)

    def encoder(self) -> Callable[[Row], Sequence[Any]]:
        """Turns a row into the values of its columns."""
        names = self.fields
        read = attrgetter(*names)
        encoders = [(names.index(name), _time) for name in self.times]
        encoders += [(names.index(name), _as_json) for name in self.json]

        def encode(row: Row) -> Sequence[Any]:
            values = list(read(row))
            for place, encoded in encoders:
                if values[place] is not None:
                    values[place] = encoded(values[place])
            return values

        return encode

    def decode(self, values: Sequence[Any]) -> _Row:
        """The row with these values of its columns; the last says whether it is stale."""
        fields = dict(zip((*self.fields, "stale"), values, strict=True))
        for name in self.json:
            if fields[name] is not None:
                fields[name] = json.loads(fields[name])
        return self.row.model_validate(fields)


def _time(value: Any) -> str:
    return str(value.isoformat())


@lru_cache(maxsize=1_024)  # few scorers and few sets of labels make most of the rows
def _as_json(value: Any) -> str:
    plain = value if isinstance(value, tuple) else value.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False)


SUMMARIES: Final = Table(
    PLANS,
    "view_plans",
    PlanSummary,
    ("plan_id",),
    """(
        plan_id TEXT NOT NULL UNIQUE,
        goal TEXT,
        state TEXT NOT NULL,
        rolling_confidence REAL NOT NULL,
        confidence_threshold REAL NOT NULL,
        needs_replan INTEGER NOT NULL,
        replan_due INTEGER NOT NULL,
        replan_count INTEGER NOT NULL,
        gate_fallen INTEGER NOT NULL,
        gate_lows INTEGER NOT NULL,
        gate_replans INTEGER NOT NULL,
        gate_exhausted INTEGER NOT NULL,
        next_task_id TEXT,
        task_count INTEGER NOT NULL,
        pending INTEGER NOT NULL,
        in_progress INTEGER NOT NULL,
        done INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        replanning INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        labels TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_position INTEGER PRIMARY KEY,
        updated_position INTEGER NOT NULL UNIQUE,
        UNIQUE (rolling_confidence, created_position),
        UNIQUE (priority, created_position)
    )""",
    times=("created_at", "updated_at"),
    json=("labels",),
)
TASKS: Final = Table(
    BOARD,
    "view_board",
    BoardTask,
    ("plan_id", "task_id"),
    """(
        plan_id TEXT NOT NULL,
        task_id TEXT NOT NULL,
        title TEXT,
        status TEXT NOT NULL,
        since TEXT NOT NULL,
        prompt_score REAL,
        output_score REAL,
        confidence REAL,
        replan_count INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        worker TEXT,
        lease_until TEXT,
        priority INTEGER,
        labels TEXT NOT NULL,
        place INTEGER NOT NULL,
        plan_position INTEGER NOT NULL,
        PRIMARY KEY (plan_id, task_id),
        UNIQUE (status, plan_position, place, task_id)
    ) WITHOUT ROWID""",
    times=("since", "lease_until"),
    json=("labels",),
)
SCORES: Final = Table(
    TIMELINE,
    "view_timeline",
    TimelineEntry,
    ("plan_id", "version"),
    """(
        plan_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        at TEXT NOT NULL,
        task_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        score REAL NOT NULL,
        raw_score REAL,
        scorer TEXT,
        attempt INTEGER NOT NULL,
        task_confidence REAL,
        rolling_confidence REAL NOT NULL,
        confidence_threshold REAL NOT NULL,
        PRIMARY KEY (plan_id, version)
    ) WITHOUT ROWID""",
    times=("at",),
    json=("scorer",),
)
REPLAN_LOG: Final = Table(
    REPLANS,
    "view_replans",
    ReplanEntry,
    ("plan_id", "version"),
    """(
        plan_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        task_id TEXT NOT NULL,
        rolling_confidence REAL NOT NULL,
        confidence_threshold REAL NOT NULL,
        replan_count INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        UNIQUE (plan_id, version)
    )""",
    times=("at",),
)

TABLES: Final[Mapping[str, Table[Any]]] = {
    table.view: table for table in (SUMMARIES, TASKS, SCORES, REPLAN_LOG)
}
WORDS: Final = "view_words"
"""The table of what plans can be found by; it belongs to the plan summaries."""

REBUILT: Final = "_rebuilt"
"""What the names of tables end in while they are being rebuilt."""
