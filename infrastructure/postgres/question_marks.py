"""Cursors of psycopg as SQL that is written once for all engines uses them."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from typing_extensions import override

from plangate.infrastructure.sql.database import Cursor


class QuestionMarks(Cursor):
    """A cursor with `?` as placeholder, as SQLite's cursors have it."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self.cursor = cursor

    @property
    @override
    def rowcount(self) -> int:
        return self.cursor.rowcount

    @override
    def execute(self, text: str, values: Sequence[Any] = ()) -> None:
        self.cursor.execute(text.replace("?", "%s").encode(), values)

    @override
    def executemany(self, text: str, rows: Iterable[Sequence[Any]]) -> None:
        # One round trip, and without a pipeline: leaving that fails once it is interrupted.
        client, query = psycopg.ClientCursor(self.cursor.connection), text.replace("?", "%s")
        statements = "; ".join(client.mogrify(query.encode(), row) for row in rows)
        if statements:
            client.execute(statements.encode())

    @override
    def fetchone(self) -> Any:
        return self.cursor.fetchone()

    @override
    def fetchall(self) -> list[Any]:
        return self.cursor.fetchall()
