"""How a command ends: its exit code, and how an error is described."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from plangate.domain.errors import InvalidInput, PlangateError

REFUSED: Final = 1
REPLAN: Final = 10
PIPE_CLOSED: Final = 141
"""What shells report for a program whose reader went away."""


def exit_code(error: Exception) -> int:
    """The exit code for an error."""
    return PIPE_CLOSED if isinstance(error, BrokenPipeError) else REFUSED


def error_lines(error: Exception) -> Iterator[str]:
    """An error for a person: one line, or one for each problem of an input."""
    if isinstance(error, InvalidInput):
        yield from map(str, error.problems)
    elif isinstance(error, PlangateError):
        yield str(error)
    elif isinstance(error, OSError):
        yield f"the system refused: {error}"
    else:
        yield f"unexpected {type(error).__name__}: {error}"


def error_facts(error: Exception) -> dict[str, Any]:
    """An error for a program: its type, a message, and its attributes."""
    facts: dict[str, Any] = {
        "type": type(error).__name__,
        "message": "; ".join(error_lines(error)),
    }
    if isinstance(error, InvalidInput):
        facts["problems"] = [asdict(problem) for problem in error.problems]
    elif isinstance(error, PlangateError):
        facts |= vars(error)
    return facts
