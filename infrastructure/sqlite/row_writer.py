"""Rows of views as SQLite has them: how they are written, and the values of their columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

from pydantic import BaseModel
from typing_extensions import override

from plangate.infrastructure.sql.tables import TABLES, Table, written_time
from plangate.infrastructure.sql.view_rows import RowWriter

JSON: Final[Sequence[type]] = (tuple, BaseModel)
"""The kinds of columns that are stored as JSON."""


class SqliteRowWriter(RowWriter):
    """Writes rows of a view into the tables whose names have an end."""

    _search_key = "rowid"

    @override
    def upsert(self, rows: Sequence[Sequence[Any]]) -> None:
        values = ", ".join("?" * len(self._table.columns))
        self._cursor.executemany(
            f"INSERT OR REPLACE INTO {self._name} VALUES ({values})",  # noqa: S608
            rows,
        )

    @override
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        if texts:
            self._cursor.executemany(
                f"INSERT OR REPLACE INTO {self._search} (rowid, text) VALUES (?, ?)",  # noqa: S608
                texts,
            )


def encoded(table: Table[Any], row: Mapping[str, Any]) -> Sequence[Any]:
    """The values of a row's columns."""
    values = list(table.values_of(row))
    for place, encode in _encoders(table.view):
        if values[place] is not None:
            values[place] = encode(values[place])
    return values


@cache
def _encoders(view: str) -> Sequence[tuple[int, Callable[[Any], str]]]:
    """What encodes the values that SQLite does not take, each with its place."""
    return [
        (place, written_time if column.kind is datetime else _json)
        for place, column in enumerate(TABLES[view].columns)
        if column.kind is datetime or column.kind in JSON
    ]


def _json(value: tuple[str, ...] | BaseModel) -> str:
    if isinstance(value, tuple):
        return _text(None, value)
    return _text(type(value), tuple(value.__dict__.values()))


@lru_cache(maxsize=1_024)  # few scorers and few sets of labels make most of the rows
def _text(model: type[BaseModel] | None, values: tuple[Any, ...]) -> str:
    """The JSON of a list, or of a model with these values of its fields."""
    plain = values if model is None else dict(zip(model.model_fields, values, strict=True))
    return json.dumps(plain, ensure_ascii=False)
