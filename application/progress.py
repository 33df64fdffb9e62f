"""How long operations report progress."""

from collections.abc import Callable

from plangate.domain.errors import InvalidInput, Problem

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, both in the same unit."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


def require_progress(progress: object) -> None:
    """Raise `InvalidInput` for what cannot be called."""
    if not callable(progress):
        raise InvalidInput([Problem("progress", "must be a function of two numbers")])
