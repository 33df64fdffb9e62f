"""Text that is safe on a terminal, and counts, lists and times as people read them."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.text import Text

    from plangate.application.results import UnreadablePlan

_UNSAFE_IN_JSON: Final = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

Hint = Callable[..., str]
"""Makes the command line for the next step: `hint("next", plan_id)`."""

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

_UNSAFE: Final = {"Cc", "Cs", "Zl", "Zp"}
_CHANGES_DIRECTION: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def harmless(text: str | None, *, lines: bool = False) -> str:
    r"""`text` with control characters written out, as in `\x1b`; `(erased)` for None.

    Line breaks become spaces unless `lines` is set.
    """
    if text is None:
        return "(erased)"
    kept = text if lines else text.replace("\n", " ")
    return "".join(
        character.encode("unicode_escape").decode() if _is_control(character) else character
        for character in kept.replace("\t", " ")
    )


def harmless_json(text: str) -> str:
    r"""JSON with the characters that `harmless` writes out as escapes, as in `\u202e`.

    JSON has them in strings only, and means the same by both.
    """
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def unbroken(line: str) -> "Text":
    """A line to copy: it is never broken, whatever the width of the screen."""
    from rich.text import Text

    return Text(line, no_wrap=True, overflow="ignore")


def count(amount: int, thing: str, things: str | None = None) -> str:
    """`1 task`, `2 tasks`; `things` is the plural where it is not made by an s."""
    return f"{amount:,} {thing if amount == 1 else things or f'{thing}s'}"


def listed(names: Sequence[str], *, at_most: int | None = None) -> str:
    """`a, b and 3 more`: ids or labels, made harmless."""
    shown = ", ".join(map(harmless, names[:at_most]))
    more = 0 if at_most is None else len(names) - at_most
    return f"{shown} and {more:,} more" if more > 0 else shown


def spaced(name: str) -> str:
    """`in progress` for `in_progress`."""
    return name.replace("_", " ")


def local(at: datetime) -> datetime:
    """A time by the local clock; as it was recorded at an end of the calendar."""
    with suppress(OverflowError, ValueError):
        return at.astimezone()
    return at


def timestamp(at: datetime) -> str:
    """A time by the local clock, to the second."""
    return f"{local(at):%Y-%m-%d %H:%M:%S}"


def until(at: datetime) -> str:
    """A time, and how long it is from now: `2026-01-31 12:00:00 (in 10 min)`."""
    seconds = (at - datetime.now(UTC)).total_seconds()
    how_long = f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"
    return f"{timestamp(at)} ({how_long})"


def ago(at: datetime) -> str:
    """How long ago a time was."""
    return f"{span(max((datetime.now(UTC) - at).total_seconds(), 0))} ago"


def span(seconds: float) -> str:
    """`42 s`, `10 min`, `3 h`, `2 days`: to the nearest unit."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:,.0f} days"


def unreadable(plan: "UnreadablePlan") -> str:
    """Which event of a plan cannot be read, and why."""
    return harmless(f"{plan.plan_id}@{plan.version} cannot be read: {plan.why}")


def _is_control(character: str) -> bool:
    if character == "\n":
        return False
    return unicodedata.category(character) in _UNSAFE or character in _CHANGES_DIRECTION
