"""Text as PostgreSQL searches it: words without case and accents, each with its place.

The words are cut here and not by a configuration of the server, so that they are
the same on every server, and the same that SQLite's index finds.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final

_WORDS_A_PART: Final = 2_500
"""A part stays well below the bounds of a tsvector: 16,383 places, 1 MiB."""

_LONGEST: Final = 80
"""Characters of a word that count; a tsvector takes at most 2,046 bytes."""


def parts(text: str) -> Iterator[str]:
    """A text as tsvectors, written out."""
    words = _words(text)
    while part := list(islice(words, _WORDS_A_PART)):
        yield " ".join(f"'{word}':{place}" for place, word in enumerate(part, 1))


def searches(words: Sequence[str]) -> Iterator[str]:
    """What each word asks for as a tsquery, written out; nothing in it is an operator.

    What is no letter or digit divides it: then all of it must stand side by side.
    The last may be the beginning of a word.
    """
    for word in words:
        pieces = [f"'{piece}'" for piece in _words(word)]
        if pieces:
            yield " <-> ".join(pieces) + ":*"


def _words(text: str) -> Iterator[str]:
    bare = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")
    folded = "".join(bare).casefold()
    for is_word, characters in groupby(folded, str.isalnum):
        if is_word:
            yield "".join(islice(characters, _LONGEST))
