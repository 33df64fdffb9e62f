"""Who is asking: actor, correlation id and idempotency key of a call.

They come with the call itself or from the surroundings (`acting_as`); what the
call says goes before what surrounds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypedDict

from pydantic import BaseModel, ConfigDict

from plangate.application.validation import validate
from plangate.domain.vocabulary import Identifier


class ContextOptions(TypedDict, total=False):
    """The keyword arguments that every command takes beside its own."""

    actor: str | None
    correlation_id: str | None
    idempotency_key: str | None


class CommandContext(BaseModel):
    """On whose behalf a command runs, and how a retry of it is recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Identifier | None = None
    correlation_id: Identifier | None = None
    idempotency_key: Identifier | None = None


_surroundings: Final[ContextVar[CommandContext]] = ContextVar("plangate_call")


def current_context(options: ContextOptions) -> CommandContext:
    """The call that `options` describe here and now; raises `InvalidInput`."""
    surrounding = _surroundings.get(CommandContext()).model_dump(exclude_none=True)
    said = {name: value for name, value in options.items() if value is not None}
    return validate(CommandContext, surrounding | said)


@contextmanager
def running_as(options: ContextOptions) -> Iterator[None]:
    """Let every command inside the block run as `options` say, in this thread or task."""
    token = _surroundings.set(current_context(options))
    try:
        yield
    finally:
        _surroundings.reset(token)
