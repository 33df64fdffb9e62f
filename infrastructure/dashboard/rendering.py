"""Templates, and how they show values: the same for the pages and for the report.

Everything that people wrote is escaped, and keeps its own direction of writing.
"""

from datetime import UTC, datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from plangate.application.evidence.estimates import Estimate
from plangate.application.history import event_text
from plangate.application.numbers import confidence_text, number
from plangate.application.replay.summary import share
from plangate.domain.confidence import differ, reaches
from plangate.domain.event_ids import version_of
from plangate.domain.vocabulary import PlanState, TaskStatus, Verdict
from plangate.infrastructure.command_lines import command_line, next_steps

ERASED: Final = "(erased)"

_TONES: Final = {
    Verdict.GO: "go",
    Verdict.REPLAN: "replan",
    Verdict.WAIT: "wait",
    Verdict.BLOCKED: "blocked",
    Verdict.COMPLETE: "go",
    TaskStatus.IN_PROGRESS: "wait",
    TaskStatus.DONE: "go",
    TaskStatus.FAILED: "replan",
    TaskStatus.REPLANNING: "blocked",
    PlanState.ACTIVE: "wait",
}
_SYMBOLS: Final = {
    Verdict.GO: "▸",
    Verdict.REPLAN: "↻",
    Verdict.WAIT: "◔",
    Verdict.BLOCKED: "■",
    Verdict.COMPLETE: "✓",
    Verdict.PAUSED: "‖",
    Verdict.ARCHIVED: "▫",
    Verdict.DELETED: "×",
}
_LABELS: Final = {
    Verdict.GO: "Go on",
    Verdict.REPLAN: "Replan first",
    Verdict.WAIT: "Wait",
    Verdict.BLOCKED: "Blocked",
    Verdict.COMPLETE: "Complete",
    Verdict.PAUSED: "Paused",
    Verdict.ARCHIVED: "Archived",
    Verdict.DELETED: "Deleted",
}


def environment() -> Environment:
    """The environment of all templates. What is not defined is an error."""
    made = Environment(
        loader=PackageLoader("plangate.infrastructure.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": _count,
        "estimate": _estimate,
        "confidence": confidence_text,
        "label": _LABELS.__getitem__,
        "number": number,
        "said": said,
        "share": share,
        "spaced": _spaced,
        "symbol": _SYMBOLS.__getitem__,
        "tone": tone,
        "version": version_of,
        "what": event_text.what,
        "when": when,
        "why": event_text.why,
    }
    made.globals |= {
        "command_line": command_line,
        "differ": differ,
        "given_as": event_text.given_as,
        "next_steps": next_steps,
        "reaches": reaches,
        "statuses": tuple(TaskStatus),
        "verdicts": tuple(Verdict),
    }
    return made


def said(text: str | None) -> Markup:
    """What a person or an agent wrote, in its own direction; erased text says so."""
    if text is None:
        return Markup('<span class="pg-soft">{}</span>').format(ERASED)
    return Markup('<bdi dir="auto">{}</bdi>').format(text)


def when(moment: datetime | None) -> Markup:
    """A time in UTC to the minute, and to the second for those who point at it."""
    if moment is None:
        return Markup("–")
    at = moment.astimezone(UTC)
    exact = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    shown = f"{at.day} {at:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, shown)


def tone(value: str) -> str:
    """The class that gives a verdict, a state or a status its colour."""
    return f"pg-{_TONES.get(value, 'rest')}"  # type: ignore[call-overload]


def _spaced(name: str) -> str:
    """`in progress` for `in_progress`."""
    return name.replace("_", " ")


def _estimate(estimate: Estimate) -> str:
    """`0.43 [0.21, 0.62]`: a number with its interval, or a dash."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _count(amount: int, thing: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{amount:,} {thing}" if amount == 1 else f"{amount:,} {thing}s"
