"""What a view is: a pure fold over the events of one plan, and the rows that it changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plangate.application.results import Result
from plangate.application.views.run import Run


class Row(Result):
    """A row of a view: typed, flat, at full precision, the most needed fields first.

    Erased text reads None. A row is `stale` when an event of its plan could not be
    projected: it shows the plan as it was before that event.
    """

    stale: bool = False


@dataclass(frozen=True, slots=True)
class RowChanges:
    """The rows that events change. The `deletes` are applied before the `upserts`.

    A row to write is the values of all the fields of its model, by name; the model itself is
    made when the row is read.
    A delete names a plan and one of its tasks, or None for all rows of the plan.
    `texts` are what plans can be found by, each under the position of its plan's first event.
    """

    upserts: Sequence[Mapping[str, Any]] = ()
    deletes: Sequence[tuple[str, str | None]] = ()
    texts: Sequence[tuple[int, str]] = ()


Project = Callable[[Any, Run], tuple[Any, RowChanges]]
"""Takes a view's state of one plan (None at first) and the plan's next events; returns the
new state and the changed rows. Pure; how a history is divided into runs changes no row."""


@dataclass(frozen=True, slots=True)
class View:
    """A named view. Raise `version` whenever the fold would produce different rows."""

    name: str
    version: int
    project: Project
