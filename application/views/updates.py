"""What is written to the views, and how far they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from plangate.application.views.rows import Row


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
class Target:
    """The tables of a view: those that are read, or those that will replace them."""

    view: str
    rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a view has come, by which version of its fold, and in how many updates."""

    fold_version: int
    position: int
    updates: int = 0
    stuck: Mapping[str, StuckPlan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewUpdate:
    """What leads a view from where it stands to a position: rows, plans now stuck, plans freed."""

    target: Target
    after: Mark
    until: int
    changes: Sequence[Changes]
    stuck: Sequence[StuckPlan] = ()
    freed: Sequence[str] = ()
