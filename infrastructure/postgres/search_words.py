"""Text as PostgreSQL searches it: words without case and accents, each with its place.

The words are cut here and not by a configuration of the server, so that they are
the same on every server, and the same that SQLite's index finds.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

PART: Final = 250
"""Words in a part of a text. A tsvector keeps 256 places of a word, 16,383 in all, and 1 MiB."""

OVERLAP: Final = 25
"""Words that a part has in common with the next, so that what stands side by side is found."""

_LONGEST: Final = 500
"""Characters of a word that count; a tsvector takes at most 2,046 bytes."""

_WORD: Final = re.compile(r"[^\W_]+")


def parts(text: str) -> Iterator[str]:
    """A text as tsvectors, written out."""
    words = _words(text)
    for start in range(0, max(len(words) - OVERLAP, 1), PART - OVERLAP):
        part = enumerate(words[start : start + PART], start=1)
        yield " ".join(f"'{word}':{place}" for place, word in part)


def searches(asked: Sequence[str]) -> list[str]:
    """What the words ask for as tsqueries, written out; nothing in them is an operator.

    What is no letter or digit divides a word: then all of it must stand side by side.
    The last may be the beginning of a word.
    """
    found = dict.fromkeys(tuple(_words(word)) for word in asked)
    return [" <-> ".join(f"'{piece}'" for piece in pieces) + ":*" for pieces in found if pieces]


def _words(text: str) -> list[str]:
    """Runs of letters and digits, as SQLite's `unicode61` cuts them."""
    apart = unicodedata.normalize("NFD", text.lower())
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return [word[:_LONGEST] for word in _WORD.findall(unicodedata.normalize("NFC", bare))]
