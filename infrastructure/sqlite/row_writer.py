"""Rows of views as SQLite has them: how they are written, and the values of their columns."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

from pydantic import BaseModel
from typing_extensions import override

from plangate.infrastructure.sql.tables import TABLES, written_time
from plangate.infrastructure.sql.view_store import RowWriter

JSON: Final[Sequence[type]] = (tuple, BaseModel)
"""The kinds of columns that are stored as JSON."""


class SqliteRowWriter(RowWriter):
    """Writes rows of a view into the tables whose names have an end."""

    _search_key = "rowid"

    @override
    def upsert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        values = ", ".join("?" * len(self._table.columns))
        self._cursor.executemany(
            f"INSERT OR REPLACE INTO {self._name} VALUES ({values})",  # noqa: S608
            map(_encoder(self._table.view), rows),
        )

    @override
    def index(self, texts: Sequence[tuple[int, str]]) -> None:
        if texts:
            self._cursor.executemany(
                f"INSERT OR REPLACE INTO {self._search} (rowid, text) VALUES (?, ?)",  # noqa: S608
                texts,
            )


@cache
def _encoder(view: str) -> Any:
    """The function from a row to the values of its columns."""
    table = TABLES[view]
    encoders: list[tuple[int, Any]] = [
        (place, written_time if column.kind is datetime else _json)
        for place, column in enumerate(table.columns)
        if column.kind is datetime or column.kind in JSON
    ]

    def encode(row: Mapping[str, Any]) -> Sequence[Any]:
        values = list(table.values_of(row))
        for place, encoded in encoders:
            if values[place] is not None:
                values[place] = encoded(values[place])
        return values

    return encode


def _json(value: tuple[str, ...] | BaseModel) -> str:
    if isinstance(value, tuple):
        return _text(None, value)
    return _text(type(value), tuple(value.__dict__.values()))


@lru_cache(maxsize=1_024)  # few scorers and few sets of labels make most of the rows
def _text(model: type[BaseModel] | None, values: tuple[Any, ...]) -> str:
    """The JSON of a list, or of a model with these values of its fields."""
    plain = values if model is None else dict(zip(model.model_fields, values, strict=True))
    return json.dumps(plain, ensure_ascii=False)
