"""Recognise texts that differ only in case, punctuation or spaces."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1_024)  # the same few names come again and again
def text_key(text: str) -> str:
    """The same for all texts that are taken to be one; punctuation alone stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded)) or text
