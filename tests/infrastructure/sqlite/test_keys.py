"""A key is found by an index, whatever the number of events."""

from contextlib import closing
from pathlib import Path

from plangate.infrastructure.sql.database import all_rows
from plangate.infrastructure.sqlite.events import _WITH_KEY
from plangate.infrastructure.sqlite.file import SqliteFile


def test_a_key_is_looked_up_in_its_index(tmp_path: Path) -> None:
    question = f"EXPLAIN QUERY PLAN {_WITH_KEY}"
    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        rows = file.read(lambda cursor: all_rows(cursor, question, ("k",)))
    plan = " ".join(str(row[-1]) for row in rows)
    assert "USING INDEX stored_events_keys" in plan
