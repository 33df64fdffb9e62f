"""Errors as a model reads them: what is wrong, what would be accepted, which ids are near."""

import logging
from dataclasses import asdict
from typing import Any, Final

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.near_matches import did_you_mean
from plangate.domain.errors import InvalidInput, InvalidScore, PlangateError
from plangate.infrastructure.mcp.answers import clipped

_log: Final = logging.getLogger("plangate.mcp")

_MESSAGE: Final = 1_500
_PROBLEMS: Final = 10
_SCORES: Final = (
    "a score is a finite number from 0 (worst) to 1 (best); for another scale give its worst and "
    "best value as scale, as in [1, 5]"
)


async def failure(
    error: Exception, registry: AsyncPlanRegistry, *, tool: str, may_have_recorded: bool
) -> dict[str, Any]:
    """What the caller reads about an error. Nothing was recorded where plangate refused."""
    if not isinstance(error, PlangateError):
        _log.error("the tool %s failed", tool, exc_info=error)
        unknown = "; whether it was recorded is unknown" if may_have_recorded else ""
        message = f"unexpected {type(error).__name__}{unknown}; the server's log has more"
        return {"error": "Unexpected", "message": message}
    facts: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, InvalidInput):
        facts["problems"] = [asdict(one) for one in error.problems[:_PROBLEMS]]
    if isinstance(error, InvalidScore):
        facts["accepted"] = _SCORES
    near = await _near(error, registry)
    if near:
        facts["message"] = f"{facts['message']}; {did_you_mean(near)}"
        facts["near_matches"] = list(near)
    facts["message"] = clipped(facts["message"], _MESSAGE)
    return facts


async def _near(error: PlangateError, registry: AsyncPlanRegistry) -> tuple[str, ...]:
    try:
        return await registry.near_matches(error)
    except PlangateError:  # the store does not answer: the first error says what is wrong
        return ()
