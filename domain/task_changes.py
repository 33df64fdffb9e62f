"""What events change about a task: in the fields of a copy that was not given out yet.

A replay does this for every event, and so makes no new task for each.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from plangate.domain.events import TaskChanged, TaskStatusChanged
from plangate.domain.judging import Judgement
from plangate.domain.panel import Panel, PanelRule
from plangate.domain.task import Claim, Deferral
from plangate.domain.values import NewestFirst
from plangate.domain.vocabulary import AttemptScores, ScoreKind, StatusCause, TaskStatus

Fields = dict[str, Any]
"""The fields of a `Task`."""

# Python 3.11 takes as long to look a member up as for the rest of a comparison.
_PROMPT: Final = ScoreKind.PROMPT
_CLAIMED: Final = StatusCause.CLAIMED
_PENDING: Final = TaskStatus.PENDING
_IN_PROGRESS: Final = TaskStatus.IN_PROGRESS

_CHANGEABLE: Final = ("title", "description", "metadata", "depends_on", "priority", "labels")
_UNSCORED: Final[Fields] = {"prompt_judgements": (), "output_judgements": (), "outdated": False}


def add_judgement(
    task: Fields, kind: ScoreKind, judgement: Judgement, panel: PanelRule | None = None
) -> None:
    """Judge it once more; the first judgement of an attempt drops those of earlier attempts."""
    if task["outdated"]:
        task.update(_UNSCORED)
    name = _judgements(kind)
    if panel is None:
        task[name] = NewestFirst(judgement, task[name])
    else:
        task[name] = Panel(judgement, task[name], panel)
    task["deferred"] = None
    task["scoring_failed"] = False


def retract(task: Fields, kind: ScoreKind, version: int | None, panel: PanelRule | None) -> None:
    """Take back the judgement of this kind and version."""
    name = _judgements(kind)
    left = tuple(given for given in task[name] if given.version != version)
    task[name] = left if panel is None else Panel.of(left, panel)


def move(task: Fields, event: TaskStatusChanged, version: int) -> None:
    """Give it another status: with a new claim, none, or its latest claim ended."""
    new = event.new
    if event.cause is _CLAIMED:
        task["claim"] = Claim(version, event.worker, event.at, event.lease_until)
    elif new is _PENDING or new is _IN_PROGRESS:
        task["claim"] = None
    task["status"] = new
    task["deferred"] = None


def defer(task: Fields, deferral: Deferral | None) -> None:
    """Defer it; or end that, with None."""
    task["deferred"] = deferral


def fail_scoring(task: Fields) -> None:
    """Remember that scoring it failed."""
    task["scoring_failed"] = True


def end_lease(task: Fields) -> None:
    """Let its claim have no end: its work is done, and waits for judges."""
    claim: Claim | None = task["claim"]
    task["claim"] = claim and claim._replace(until=None)


def renew(task: Fields, since: datetime, until: datetime) -> None:
    """Make its lease longer."""
    claim: Claim | None = task["claim"]
    task["claim"] = claim and claim._replace(since=since, until=until)


def count_replan(task: Fields) -> None:
    """Count one more replan that was triggered at it."""
    task["replan_count"] += 1


def attempt(task: Fields, number: int, scores: AttemptScores) -> None:
    """Begin another attempt."""
    task["attempt"] = number
    if scores is AttemptScores.RESET:
        task.update(_UNSCORED)
    else:
        task["outdated"] = bool(task["prompt_judgements"] or task["output_judgements"])


def change(task: Fields, event: TaskChanged) -> None:
    """Set the fields that the event sets."""
    for name in _CHANGEABLE:
        value = getattr(event, name)
        if value is not None:
            task[name] = value


def inherit(task: Fields, left: str, heirs: tuple[str, ...]) -> None:
    """Let it depend on others in place of one that left the plan."""
    on = (heir for other in task["depends_on"] for heir in (heirs if other == left else (other,)))
    task["depends_on"] = tuple(dict.fromkeys(on))


def erase(task: Fields) -> None:
    """Take away the text that people wrote."""
    deferral: Deferral | None = task["deferred"]
    task.update(title=None, description=None, metadata={})
    task["deferred"] = deferral and replace(deferral, reason=None)


def _judgements(kind: ScoreKind) -> str:
    return "prompt_judgements" if kind is _PROMPT else "output_judgements"
