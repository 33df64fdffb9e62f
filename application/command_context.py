"""On whose behalf a command runs, and at which version: what every command takes.

It is given with the command; actor and correlation id also by an enclosing `acting_as` of
the same registry. The command's own take precedence.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypedDict

from pydantic import ConfigDict

from plangate.application.models import Model
from plangate.application.validation import validate
from plangate.domain.vocabulary import Identifier, Scorer, Version


class ContextOptions(TypedDict, total=False):
    """The keyword arguments that every command takes beside its own."""

    actor: str | None
    correlation_id: str | None
    idempotency_key: str | None
    if_version: int | None


class JudgementOptions(ContextOptions, total=False):
    """The keyword arguments of a score: who judged, on which scale, why, on what evidence.

    `scale` is the worst and the best score the judge can give, as in (1, 5); the scorer may
    state it too. `occurred_at` is when the judge judged. The `token` of a claim fences off
    the score of a worker who lost it.
    """

    scorer: Mapping[str, Any] | Scorer | str | None
    scale: tuple[float, float] | None
    occurred_at: datetime | None
    rationale: str | None
    evidence: Mapping[str, Any] | None
    token: int | None


class CommandContext(Model):
    """On whose behalf a command runs, how a retry of it is recognised, and its condition.

    With `if_version` it is refused unless the plan is at this version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Identifier | None = None
    correlation_id: Identifier | None = None
    idempotency_key: Identifier | None = None
    if_version: Version | None = None


_NO_CONTEXT: Final = CommandContext()
_enclosing: Final[ContextVar[Mapping["CommandContexts", CommandContext]]] = ContextVar(
    "plangate_contexts", default=MappingProxyType({})
)
"""Those of the enclosing blocks. One variable for all registries: none is ever given back."""


class CommandContexts:
    """On whose behalf the commands of one registry run, in this thread or asyncio task."""

    def current(self, options: Mapping[str, object]) -> CommandContext:
        """The context of a command with these options; raises `InvalidInput`."""
        enclosing = _enclosing.get().get(self, _NO_CONTEXT)
        own = {name: value for name, value in options.items() if value is not None}
        if not own:
            return enclosing
        return validate(CommandContext, enclosing.model_dump(exclude_none=True) | own)

    @contextmanager
    def acting_as(self, actor: str | None, correlation_id: str | None) -> Iterator[None]:
        """Give every command inside the block these options, where it has none of its own."""
        context = self.current({"actor": actor, "correlation_id": correlation_id})
        token = _enclosing.set({**_enclosing.get(), self: context})
        try:
            yield
        finally:
            _enclosing.reset(token)
