"""How long operations report progress."""

from collections.abc import Callable

from plangate.domain.errors import InvalidInput, Problem

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, both in the same unit."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


def part_of(progress: Progress, index: int, parts: int) -> Progress:
    """The progress of one of several parts, each as long as the others."""
    require_progress(progress)
    return lambda done, total: progress(index * total + done, parts * total)


def require_progress(progress: object) -> None:
    """Raise `InvalidInput` for what cannot be called."""
    if not callable(progress):
        raise InvalidInput([Problem("progress", "must be a function of two numbers")])
