"""On whose behalf a command runs: actor, correlation id and idempotency key.

They are given with the command, or by an enclosing `acting_as`; the command's own take
precedence.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, TypedDict

from pydantic import BaseModel, ConfigDict

from plangate.application.validation import validate
from plangate.domain.vocabulary import Identifier, Scorer


class ContextOptions(TypedDict, total=False):
    """The keyword arguments that every command takes beside its own."""

    actor: str | None
    correlation_id: str | None
    idempotency_key: str | None


class JudgementOptions(ContextOptions, total=False):
    """The keyword arguments of a score: who judged, on which scale, why, on what evidence.

    `scale` is the worst and the best score the judge can give, as in (1, 5); the scorer may
    state it too. `occurred_at` is when the judge judged. The `token` of a claim fences off
    the score of a worker who lost it.
    """

    scorer: Mapping[str, Any] | Scorer | None
    scale: tuple[float, float] | None
    occurred_at: datetime | None
    rationale: str | None
    evidence: Mapping[str, Any] | None
    token: int | None


class CommandContext(BaseModel):
    """On whose behalf a command runs, and how a retry of it is recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Identifier | None = None
    correlation_id: Identifier | None = None
    idempotency_key: Identifier | None = None


_NO_CONTEXT: Final = CommandContext()
_enclosing: Final[ContextVar[CommandContext]] = ContextVar("plangate_context")


def current_context(options: Mapping[str, object]) -> CommandContext:
    """The context of a command with these options; raises `InvalidInput`."""
    enclosing = _enclosing.get(_NO_CONTEXT)
    own = {name: value for name, value in options.items() if value is not None}
    if not own:
        return enclosing
    return validate(CommandContext, enclosing.model_dump(exclude_none=True) | own)


@contextmanager
def running_as(options: ContextOptions) -> Iterator[None]:
    """Give every command inside the block these options, in this thread or task."""
    token = _enclosing.set(current_context(options))
    try:
        yield
    finally:
        _enclosing.reset(token)
