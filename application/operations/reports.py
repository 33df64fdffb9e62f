"""Reports of operations on whole stores; their JSON schemas are published."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict

from plangate.application.results import Result


class Report(Result):
    """A result that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid")


class CopyReport(Report):
    """A copy: the target has everything that the source had up to `position`.

    `checked` counts the events of `plans` plans that were compared at the end. Of these,
    `copied` are new in the target, `unreadable` of them copied as they are; the others were
    `already_there`. Unless `positions_kept`, events have new positions and keep the old one
    as `origin_position`. `erased` counts the plans whose text the source had lost and that
    were erased in the target too; `remains` says where some of it may be left, and why.
    Repeat the copy to erase it from the log, or `erase` the plan to clear free space as well.
    """

    position: int
    plans: int
    checked: int
    copied: int
    already_there: int
    unreadable: int
    positions_kept: bool
    erased: int = 0
    remains: str | None = None


class BackupReport(Report):
    """A verified backup: a whole store in one file, up to `position`."""

    file: str
    bytes: int
    events: int
    plans: int
    position: int


class RestoreReport(Report):
    """A store restored from a backup, with all of its events.

    `positions_kept` is false on an engine that assigns positions itself.
    """

    file: str
    events: int
    plans: int
    position: int
    positions_kept: bool


class Health(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Observation(Report):
    """Something a check found: what it is, where, and what to do."""

    check: str
    health: Health
    found: str
    place: str | None = None
    advice: str | None = None


class Checkup(Report):
    """The health of a store, which is the worst of its observations."""

    store: str
    health: Health
    observations: tuple[Observation, ...]

    @classmethod
    def of(cls, store: str, observations: Iterable[Observation]) -> Self:
        """Collect all observations about a store."""
        found = tuple(observations)
        worst = max((observation.health for observation in found), key=list(Health).index)
        return cls(store=store, health=worst, observations=found)
