"""Ids that resemble an unknown one, for the messages of every door."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

AT_MOST: Final = 3
"""How many ids a message names."""

_SIMILAR: Final = 0.7


def near_matches(unknown: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known ids that resemble an unknown one, whatever their case; the best first."""
    written = dict[str, list[str]]()
    for one in known:
        written.setdefault(one.casefold(), []).append(one)
    sought = unknown.casefold()
    begin_alike = (one for one in written if sought and one.startswith(sought))
    alike = get_close_matches(sought, written, n=AT_MOST, cutoff=_SIMILAR)
    found = dict.fromkeys([*alike, *sorted(begin_alike, key=len)])
    return tuple(one for folded in found for one in written[folded])[:AT_MOST]


def did_you_mean(matches: Sequence[str]) -> str:
    """The matches as a question to end a message with; empty without any."""
    if not matches:
        return ""
    *others, last = map(repr, matches)
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
