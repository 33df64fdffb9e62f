"""A list of tasks as another tool keeps it: what every reader yields, whatever the format.

`building` makes a plan of it, and says there what was ready in the source and what was not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final

from plangate.application.importing.foreign import LocatedProblem, NotCarried
from plangate.application.importing.older_imports import FormerPlan
from plangate.domain.errors import Problem
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import TaskStatus


class ListedStatus(StrEnum):
    """The status of a task in its source, as far as plangate knows such a thing."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    REPLANNING = "replanning"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"

    @property
    def ours(self) -> TaskStatus:
        """The status of such a task here; one that is deferred is pending."""
        if self in {ListedStatus.DEFERRED, ListedStatus.CANCELLED}:
            return TaskStatus.PENDING
        return TaskStatus(self.value)


@dataclass(frozen=True, slots=True)
class EntryLocation:
    """Where an entry is in its source: a JSON pointer, or a line and column counted from 1."""

    pointer: str = ""
    line: int | None = None
    column: int | None = None

    def below(self, pointer: str) -> "EntryLocation":
        """The location of something inside the entry."""
        return EntryLocation(self.pointer + pointer, self.line, self.column)

    def problem(self, message: str) -> Problem:
        """A problem with the entry."""
        if self.line is None or self.column is None:
            return Problem(self.pointer, message)
        return LocatedProblem(self.pointer, message, self.line, self.column)

    def note(self, why: str, theirs: Any = None, ours: Any = None) -> NotCarried:
        """A note that a value here is not carried over, or is `ours`."""
        return NotCarried(
            pointer=self.pointer,
            line=self.line,
            column=self.column,
            theirs=theirs,
            ours=ours,
            why=why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """A task in its source. `part_of` is the id of the task that it is a part of.

    A plan made of it has the dependencies that `depends_on` says, and no others.
    """

    id: str
    title: str
    at: EntryLocation
    description: str = ""
    status: ListedStatus = ListedStatus.PENDING
    why: str | None = None
    """Why it is deferred, where its source says so."""
    depends_on: Sequence[str] = ()
    part_of: str | None = None
    priority: int | None = None
    labels: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    prompt_score: float | None = None
    output_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """The tasks of one plan, in order, each after its parts; and what was not understood."""

    plan_id: str
    goal: str
    tasks: Sequence[ListedTask]
    at: EntryLocation = EntryLocation()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()
    priority: int = 0
    policy: Policy | None = None
    notes: Sequence[NotCarried] = ()
    tag: str | None = None
    is_named: bool = False
    """Whether the source itself says which plan here it is."""
    former: FormerPlan | None = None
    """The plan that an earlier version made of the source, by other rules."""


_SPELLINGS: Mapping[ListedStatus, str] = {
    ListedStatus.PENDING: "pending todo open new backlog notstarted planned ready queued",
    ListedStatus.IN_PROGRESS: "inprogress doing started wip active ongoing working hooked",
    ListedStatus.DONE: "done complete completed closed finished resolved merged",
    ListedStatus.FAILED: "failed",
    ListedStatus.REPLANNING: "replanning",
    ListedStatus.DEFERRED: (
        "deferred blocked review inreview needsreview onhold hold paused waiting postponed "
        "pinned draft icebox"
    ),
    ListedStatus.CANCELLED: (
        "cancelled canceled deprecated obsolete rejected dropped removed deleted tombstone "
        "wontfix wontdo skipped abandoned duplicate archived"
    ),
}
_STATUSES: Mapping[str, ListedStatus] = {
    name: status for status, names in _SPELLINGS.items() for name in names.split()
}


def read_status(name: str) -> ListedStatus | None:
    """The status that a name means, whatever its case, spaces, hyphens and apostrophes."""
    return _STATUSES.get("".join(letter for letter in name.lower() if letter.isalnum()))


_PRIORITIES: Mapping[str, int] = {
    **dict.fromkeys(("critical", "urgent", "highest", "blocker", "p0"), 2),
    **dict.fromkeys(("high", "p1"), 1),
    **dict.fromkeys(("medium", "normal", "p2"), 0),
    **dict.fromkeys(("low", "minor", "p3"), -1),
    **dict.fromkeys(("lowest", "trivial", "p4"), -2),
}


def read_priority(name: str) -> int | None:
    """The priority that a name means: `high` is above the plan's own."""
    return _PRIORITIES.get(name.strip().lower())


def slug(text: str, longest: int = 48) -> str:
    """An id made of a text: its letters and digits, with hyphens between the words."""
    spaced = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    made = ""
    for word in spaced.split():
        if made and len(made) + 1 + len(word) > longest:
            break
        made = f"{made}-{word}" if made else word[:longest]
    return made


_COMMON_NAMES: Final = {
    *("tasks", "todo", "to-do", "plan", "plans", "readme", "index", "checklist"),
    *("issues", "beads", "backlog", "specs", "taskmaster"),
}
"""What a file is called whatever its plan: its folder says more."""


def plan_id_of(path: str | None) -> str:
    """The id that a path gives its plan: that of the file, or of the folder of a `tasks.md`."""
    if path is None:
        return ""
    file = PurePath(path)
    parts = [file.stem, *(parent.name for parent in file.parents)]
    return next((made for part in parts if (made := slug(part)) and made not in _COMMON_NAMES), "")


def as_text(value: object) -> str:
    """A value of another tool as text: a list as lines, an object as lines of `name: value`."""
    match value:
        case None:
            return ""
        case str():
            return value
        case list() | tuple():
            return "\n".join(map(as_text, value))
        case dict():
            return "\n".join(f"{name}: {as_text(inner)}" for name, inner in value.items())
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
