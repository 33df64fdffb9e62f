"""Recognise texts that differ only in case, punctuation or spaces."""

import unicodedata


def text_key(text: str) -> str:
    """The same for all texts that are taken to be one; punctuation alone stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded)) or text
