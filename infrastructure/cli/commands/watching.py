"""Staying open: a screen that is shown anew whenever something is recorded."""

import sys
from collections.abc import Callable
from typing import Final

from plangate.infrastructure.cli.terminal import Terminal

_CLEAR: Final = "\x1b[H\x1b[2J"
_PATIENCE: Final = 5.0
"""Seconds after which times on the screen are old, although nothing was recorded."""


def watch(
    terminal: Terminal, plan: str | None, show: Callable[[Terminal, str | None], None]
) -> None:
    """Show the screen, and again after each change, until it is interrupted."""
    registry = terminal.registry
    while True:
        after = registry.history.last_position()
        if terminal.is_interactive:
            sys.stdout.write(_CLEAR)
        show(terminal, plan)
        for _ in registry.subscribe(after=after, timeout=_PATIENCE):
            break
        else:
            if not terminal.is_interactive:
                continue
