"""People's words and our figures, as they can be put on a screen without harm."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

_UNSAFE: Final = {"Cc", "Cs", "Zl", "Zp"}
_TURNS_THE_LINE: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_DIGITS: Final = 3
_MOST_DIGITS: Final = 12


def harmless(text: str, *, lines: bool = False) -> str:
    r"""`text` with what could steer a terminal written out, as in `\x1b`.

    Line breaks become spaces, or stay if `lines` are wanted.
    """
    kept = text if lines else " ".join(text.split("\n"))
    return "".join(
        character.encode("unicode_escape").decode() if _steers(character) else character
        for character in kept.replace("\t", " ")
    )


def written(text: str | None, *, lines: bool = False) -> str:
    """What somebody wrote, harmless; erased text is said to be."""
    return "(erased)" if text is None else harmless(text, lines=lines)


def figure(value: float, *beside: float) -> str:
    """A figure at three decimals, or at as many as progress it from the others `beside` it."""
    digits = _DIGITS
    while digits < _MOST_DIGITS and any(
        value != other and f"{value:.{digits}f}" == f"{other:.{digits}f}" for other in beside
    ):
        digits += 1
    return f"{value:.{digits}f}"


def count(number: int, thing: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def listed(names: Sequence[str], *, at_most: int | None = None) -> str:
    """`a, b and 3 more`: ids or labels, harmless."""
    shown = ", ".join(map(harmless, names[:at_most]))
    more = 0 if at_most is None else len(names) - at_most
    return f"{shown} and {more:,} more" if more > 0 else shown


def moment(at: datetime) -> str:
    """A time, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _steers(character: str) -> bool:
    if character == "\n":
        return False
    return unicodedata.category(character) in _UNSAFE or character in _TURNS_THE_LINE
