"""How long operations report progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, both in the same unit."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""
