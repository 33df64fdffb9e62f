"""Text that is safe on a terminal, and counts, lists and times as people read them."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from plangate.application.results import UnreadablePlan

_UNSAFE_IN_JSON: Final = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

Hint = Callable[..., str]
"""Makes the command line for the next step: `hint("next", plan_id)`."""

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


def count(amount: int, thing: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{amount:,} {thing}" if amount == 1 else f"{amount:,} {thing}s"


def listed(names: Sequence[str], *, at_most: int | None = None) -> str:
    """`a, b and 3 more`: ids or labels, made harmless."""
    shown = ", ".join(map(harmless, names[:at_most]))
    more = 0 if at_most is None else len(names) - at_most
    return f"{shown} and {more:,} more" if more > 0 else shown


def spaced(name: str) -> str:
    """`in progress` for `in_progress`."""
    return name.replace("_", " ")


def timestamp(at: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def unreadable(plan: "UnreadablePlan") -> str:
    """Which event of a plan cannot be read, and why."""
    return harmless(f"{plan.plan_id}@{plan.version} cannot be read: {plan.why}")


def _is_control(character: str) -> bool:
    if character == "\n":
        return False
    return unicodedata.category(character) in _UNSAFE or character in _CHANGES_DIRECTION
