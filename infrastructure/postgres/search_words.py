"""Search texts as PostgreSQL indexes them: words without case and accents, with positions.

Texts are split here and not by a configuration of the server, so that the words are the
same on every server, and the same as in SQLite's index.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

PART: Final = 250
"""Words in a part of a text. A tsvector holds 256 positions of a word, 16,383 in all, and 1 MiB."""

OVERLAP: Final = 25
"""Words that a part shares with the next, so that adjacent words are found together."""

_LONGEST: Final = 500
"""Characters of a word that are indexed; a tsvector accepts at most 2,046 bytes."""

_WORD: Final = re.compile(r"[^\W_]+")


def parts(text: str) -> Iterator[str]:
    """A text as literals of tsvectors."""
    words = _words(text)
    for start in range(0, max(len(words) - OVERLAP, 1), PART - OVERLAP):
        part = enumerate(words[start : start + PART], start=1)
        yield " ".join(f"'{word}':{place}" for place, word in part)


def searches(asked: Sequence[str]) -> list[str]:
    """The words as literals of tsqueries; nothing in them is an operator.

    Anything but letters and digits splits a word into pieces, which must then be adjacent.
    The last piece may be the beginning of a word.
    """
    found = dict.fromkeys(tuple(_words(word)) for word in asked)
    return [" <-> ".join(f"'{piece}'" for piece in pieces) + ":*" for pieces in found if pieces]


def _words(text: str) -> list[str]:
    """Runs of letters and digits, as SQLite's `unicode61` splits them."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return [word[:_LONGEST] for word in _WORD.findall(unicodedata.normalize("NFC", bare))]
