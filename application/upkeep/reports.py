"""What is told of work on whole stores. At the doors these are contracts."""

from pydantic import BaseModel, ConfigDict


class Report(BaseModel):
    """Immutable, and of known fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
