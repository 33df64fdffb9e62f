"""What is wanted of a view, as SQL. Values never become part of the text."""

from collections.abc import Sequence
from typing import Any

from plangate.application.views.requests import Keys, RowKey


class Conditions:
    """What rows have to match, and the values of its placeholders."""

    def __init__(self) -> None:
        self._texts = ["1 = 1"]
        self.values: list[Any] = []

    @property
    def text(self) -> str:
        """All of them, as SQL."""
        return " AND ".join(self._texts)

    def add(self, text: str, *values: Any) -> None:
        """One more, with the values of its placeholders."""
        self._texts.append(text)
        self.values += values

    def beyond(self, keys: Keys, after: RowKey | None) -> None:
        """Rows behind one with these values of its keys, each in its own direction."""
        if after is None:
            return
        if len(keys) > 1:  # an index is entered by its first key, and knows no "or"
            field, descending = keys[0]
            self.add(f"{field} {'<=' if descending else '>='} ?", after[0])
        texts: list[str] = []
        values: list[Any] = []
        for depth, (field, descending) in enumerate(keys):
            equal = "".join(f"{same} = ? AND " for same, _ in keys[:depth])
            texts.append(f"({equal}{field} {'<' if descending else '>'} ?)")
            values += after[: depth + 1]
        self.add(f"({' OR '.join(texts)})", *values)


def ordering(keys: Keys) -> str:
    """The keys as SQL orders rows by them."""
    return ", ".join(f"{field} {'DESC' if descending else 'ASC'}" for field, descending in keys)


def phrases(words: Sequence[str]) -> str:
    """Every word as a phrase, of which the last may go on; nothing in it is an operator."""
    quoted = (word.replace('"', '""') for word in words)
    return " ".join(f'"{word}"*' for word in quoted)
