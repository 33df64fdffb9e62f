"""How a command ends: its exit code, and what is said when it was refused."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from plangate.domain.errors import InvalidInput, PlangateError

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
"""Given by Typer for a command line that cannot be understood."""
REPLAN: Final = 10
PIPE_CLOSED: Final = 141
"""What shells report for a program whose reader went away."""

_EXITS: Final[Mapping[type[Exception], int]] = {
    PlangateError: REFUSED,
    BrokenPipeError: PIPE_CLOSED,
    Exception: REFUSED,
}


def exit_code(error: Exception) -> int:
    """The exit code for an error: that of its nearest class in the table."""
    return next(_EXITS[kind] for kind in type(error).__mro__ if kind in _EXITS)


def told(error: Exception) -> Iterator[str]:
    """What a person is told about an error: one line, or one for each problem of an input."""
    if isinstance(error, InvalidInput):
        yield from map(str, error.problems)
    elif isinstance(error, PlangateError):
        yield str(error)
    elif isinstance(error, OSError):
        yield f"the system refused: {error}"
    else:
        yield f"unexpected {type(error).__name__}: {error}"


def facts(error: Exception) -> dict[str, Any]:
    """What a program is told about an error: its type, a sentence, and the facts by name."""
    said: dict[str, Any] = {
        "type": type(error).__name__,
        "message": "; ".join(told(error)),
    }
    if isinstance(error, InvalidInput):
        said["problems"] = [asdict(problem) for problem in error.problems]
    elif isinstance(error, PlangateError):
        said |= vars(error)
    return said
