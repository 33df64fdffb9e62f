"""What the answers of tools have in common: the gate's verdict first, then few numbers.

Texts are clipped and lists are short, so that an answer stays small whatever the plan's size.
"""

from collections.abc import Iterable
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from plangate.application.gate_decision import GateDecision
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.mcp.wording import by_tools

DECIMALS: Final = 4
LISTED: Final = 20
"""How many tasks an answer lists that does not page them."""

_TITLE: Final = 80
_WARNINGS: Final = 5


class Answer(BaseModel):
    """The answer of a tool."""

    model_config = ConfigDict(frozen=True)

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON has it; what is None or empty is left out."""
        found: dict[str, Any] = _without_nothing(self.model_dump(mode="json", exclude_none=True))
        return found


class TaskLine(Answer):
    """A task in one line."""

    task_id: str
    title: str | None = None
    status: str
    confidence: float | None = None
    worker: str | None = None

    @classmethod
    def of(cls, task: TaskView) -> Self:
        """The line of a task."""
        return cls(
            task_id=task.id,
            title=clipped(task.title, _TITLE),
            status=task.status,
            confidence=rounded(task.confidence),
            worker=task.claim.worker if task.claim else None,
        )


class VerdictAnswer(Answer):
    """Whether work on a plan can go on now, and why."""

    verdict: Verdict
    why: str


class GateAnswer(VerdictAnswer):
    """Also what to do next, and the numbers behind the verdict."""

    next: tuple[str, ...] = ()
    plan_id: str
    version: int
    rolling_confidence: float
    threshold: float
    evidence: str


class RecordedAnswer(GateAnswer):
    """The gate's answer after a command; `recorded` is False where there was nothing to do."""

    recorded: bool
    warnings: tuple[str, ...] = ()


class TaskAnswer(RecordedAnswer):
    """Also the task that the command was about."""

    task: TaskLine | None = None


def gate_fields(decision: GateDecision) -> dict[str, Any]:
    """The fields of a `GateAnswer`."""
    return {
        "verdict": decision.verdict,
        "why": decision.reason,
        "next": tuple(map(by_tools, decision.advice)),
        "plan_id": decision.plan_id,
        "version": decision.version,
        "rolling_confidence": rounded(decision.rolling_confidence),
        "threshold": decision.threshold,
        "evidence": decision.evidence.sentence,
    }


def recorded_fields(status: PlanStatus, decision: GateDecision) -> dict[str, Any]:
    """The fields of a `RecordedAnswer` about a command."""
    return {
        **gate_fields(decision),
        "recorded": bool(status.recorded),
        "warnings": few(status.warnings, _WARNINGS),
    }


def task_fields(status: PlanStatus, decision: GateDecision, task_id: str) -> dict[str, Any]:
    """The fields of a `TaskAnswer`."""
    task = next((task for task in status.tasks if task.id == task_id), None)
    return {**recorded_fields(status, decision), "task": task and TaskLine.of(task)}


def rounded(number: float | None) -> float | None:
    """A number to look at; the verdict is made of the whole one."""
    return None if number is None else round(number, DECIMALS)


def judged(confidence: float, scored: int) -> float | None:
    """A rolling confidence to look at; None where it rests on no score."""
    return rounded(confidence) if scored else None


def clipped(text: str | None, length: int) -> str | None:
    """A text, or its beginning."""
    return text if text is None or len(text) <= length else text[: length - 1] + "…"


def few(texts: Iterable[str], at_most: int) -> tuple[str, ...]:
    """The first texts, each clipped, and how many more there are."""
    listed = [clipped(text, 400) or "" for text in texts]
    more = len(listed) - at_most
    return tuple(listed[:at_most]) + ((f"and {more} more",) if more > 0 else ())


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_nothing(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in ([], {}, None)}
    return list(map(_without_nothing, value)) if isinstance(value, list) else value
