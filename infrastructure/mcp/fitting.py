"""Pages that fit into an answer: a model reads few thousand tokens at a time."""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from plangate.infrastructure.mcp.answers import Answer

MAX_CHARACTERS: Final = 8_000
"""How much JSON the rows of one answer may be."""

_Row = TypeVar("_Row")
_Line = TypeVar("_Line", bound=Answer)


def fitting(lines: Iterable[_Line]) -> tuple[_Line, ...]:
    """The first lines, as many as fit into an answer, at least one."""
    found = list[_Line]()
    left = MAX_CHARACTERS
    for line in lines:
        left -= len(json.dumps(line.as_json())) + 1
        if left < 0 and found:
            break
        found.append(line)
    return tuple(found)


async def page(
    ask: Callable[[int], Awaitable[tuple[Sequence[_Row], str | None]]],
    limit: int,
    line: Callable[[_Row], _Line],
) -> tuple[tuple[_Line, ...], str | None]:
    """The lines of a page that fits, and the cursor behind it.

    `ask` answers with so many rows and the cursor behind them.
    """
    rows, following = await ask(limit)
    lines = fitting(map(line, rows))
    if len(lines) < len(rows):
        _, following = await ask(len(lines))
    return lines, following
