"""Conditions on the rows of views, as SQL. Values never become part of the text."""

from typing import Any

from plangate.application.views.requests import Keys, RowKey


class Conditions:
    """Conditions that rows have to meet, and the values of the placeholders.

    It begins with the equality of `columns` with their values, other than None.
    """

    def __init__(self, **columns: Any) -> None:
        given = {name: value for name, value in columns.items() if value is not None}
        self._texts = ["1 = 1", *(f"{name} = ?" for name in given)]
        self.values: list[Any] = [*given.values()]

    @property
    def text(self) -> str:
        """All conditions, as SQL."""
        return " AND ".join(self._texts)

    def add(self, text: str, *values: Any) -> None:
        """Add a condition, with the values of its placeholders."""
        self._texts.append(text)
        self.values += values

    def beyond(self, keys: Keys, after: RowKey | None) -> None:
        """Add that rows come after one with these values of its keys, if there is one."""
        if after is None:
            return
        if len(keys) > 1:  # an index is searched by its first key, and cannot serve an "or"
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
    """The keys as an ORDER BY clause."""
    return ", ".join(f"{field} {'DESC' if descending else 'ASC'}" for field, descending in keys)
