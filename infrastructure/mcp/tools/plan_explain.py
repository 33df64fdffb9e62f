"""The tool that explains a plan's confidence: what it is made of, and what would flip the gate."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field

from plangate.application.access.scopes import Scope
from plangate.application.history.explain import Contribution, Explanation
from plangate.application.history.flip import ScoreChange
from plangate.domain.vocabulary import Identifier, Version
from plangate.infrastructure.mcp.answers import Answer, VerdictAnswer, clipped, judged, rounded
from plangate.infrastructure.mcp.arguments import Arguments, Detail
from plangate.infrastructure.mcp.fitting import fitting
from plangate.infrastructure.mcp.tool import CallContext, Tool

_WEAKEST = 3
_MOVES = 10


class ExplainArguments(Arguments):
    """Which plan to explain."""

    plan_id: Identifier
    version: Annotated[Version | None, Field(description="as it was then")] = None
    since: Annotated[Version | None, Field(description="also the moves since")] = None
    detail: Detail = "brief"


class Part(Answer):
    """A task's part of the rolling confidence: share times confidence."""

    task_id: str
    title: str | None
    confidence: float | None
    share: float | None
    contribution: float | None

    @classmethod
    def of(cls, part: Contribution) -> Self:
        """The part of a task."""
        return cls(
            task_id=part.task_id,
            title=clipped(part.title, 80),
            confidence=rounded(part.confidence),
            share=rounded(part.share),
            contribution=rounded(part.contribution),
        )


class Flip(Answer):
    """The smallest change of one score that would flip the gate."""

    task_id: str
    kind: str
    from_score: float | None
    to_score: float | None

    @classmethod
    def of(cls, change: ScoreChange) -> Self:
        """A change of a score."""
        return cls(
            task_id=change.task_id,
            kind=change.kind,
            from_score=rounded(change.from_score),
            to_score=rounded(change.to_score),
        )


class Move(Answer):
    """An event that moved the rolling confidence."""

    event_id: str
    task_id: str | None
    before: float | None
    after: float | None
    sentence: str


class Explained(VerdictAnswer):
    """The verdict now, and why the confidence at `version` is what it is.

    `distance`: confidence minus threshold. `parts`: those that cost most, or all.
    `further`: the smallest two changes that flip the gate, and what open tasks must reach.
    """

    version: int
    rolling_confidence: float | None
    gate_threshold: float | None
    distance: float | None
    conditions: tuple[str, ...]
    parts: tuple[Part, ...]
    flip: Flip | None
    further: tuple[str, ...]
    moves: tuple[Move, ...]


async def run(call: CallContext, arguments: ExplainArguments) -> Explained:
    """Explain the plan."""
    decision = await call.registry.gate(arguments.plan_id)
    found = await call.registry.history.explain(
        arguments.plan_id, version=arguments.version, since=arguments.since
    )
    costly = sorted(found.contributions, key=_cost, reverse=True)
    parts = costly if arguments.detail == "full" else costly[:_WEAKEST]
    return Explained(
        verdict=decision.verdict,
        why=decision.reason,
        version=found.at.version,
        rolling_confidence=judged(found.rolling_confidence, found.evidence.scored),
        gate_threshold=rounded(found.gate_threshold),
        distance=judged(found.distance, found.evidence.scored),
        conditions=found.conditions,
        parts=fitting(map(Part.of, parts)),
        flip=Flip.of(found.flip) if found.flip else None,
        further=tuple(_further(found)),
        moves=_moves(found),
    )


def _cost(part: Contribution) -> float:
    """By how much the task keeps the confidence below 1."""
    return part.share - part.contribution


def _further(found: Explanation) -> Iterator[str]:
    """Which two scores would flip the gate where no single one would; what is still possible."""
    pair = found.flip_pair
    if pair is not None:
        yield f"The smallest two changes that flip the gate: {pair.one.text}; {pair.other.text}."
    if found.outlook is not None:
        yield found.outlook.sentence


def _moves(found: Explanation) -> tuple[Move, ...]:
    """The largest moves."""
    moves = found.movement.moves if found.movement else ()
    largest = sorted(moves, key=lambda move: abs(move.after - move.before), reverse=True)
    return tuple(
        Move(
            event_id=move.event_id,
            task_id=move.task_id,
            before=rounded(move.before),
            after=rounded(move.after),
            sentence=clipped(move.sentence, 300) or "",
        )
        for move in largest[:_MOVES]
    )


TOOL = Tool(
    name="plan_explain",
    description="Which tasks lower the confidence; what would flip the gate.",
    arguments=ExplainArguments,
    answer=Explained,
    run=run,
    scope=Scope.PLANS_READ,
)
