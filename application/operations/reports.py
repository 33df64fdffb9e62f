"""What is told of work on whole stores. At the doors these are contracts."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict

from plangate.application.results import Result


class Report(Result):
    """A result whose fields are all known."""

    model_config = ConfigDict(extra="forbid")


class CopyReport(Report):
    """What came of a copy: everything that the source held up to `position` is in the target.

    `checked` events were found there at the end, each as it is stored in the source, of
    as many plans as `plans` says; `copied` of them are new there, the others were
    `already_there`. `unreadable` ones among the new were copied as they are. Where
    `positions_kept` is false, some events have new positions and keep their
    old one as `origin_position`.
    """

    position: int
    plans: int
    checked: int
    copied: int
    already_there: int
    unreadable: int
    positions_kept: bool


class BackupReport(Report):
    """A backup that was made and proved: a whole store in one file, as it stood at `position`."""

    file: str
    bytes: int
    events: int
    plans: int
    position: int


class RestoreReport(Report):
    """A store that was made from a backup, and holds all of it.

    `positions_kept` is false on an engine that numbers events only by itself.
    """

    file: str
    events: int
    plans: int
    position: int
    positions_kept: bool


class Health(StrEnum):
    """What a check comes to."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Observation(Report):
    """One thing that a check found: what it is, where, and what to do about it."""

    check: str
    health: Health
    found: str
    place: str | None = None
    advice: str | None = None


class Checkup(Report):
    """How a store is. `health` is the worst of its observations."""

    store: str
    health: Health
    observations: tuple[Observation, ...]

    @classmethod
    def of(cls, store: str, observations: Iterable[Observation]) -> Self:
        """All observations about a store, and what they come to."""
        found = tuple(observations)
        worst = max((observation.health for observation in found), key=list(Health).index)
        return cls(store=store, health=worst, observations=found)
