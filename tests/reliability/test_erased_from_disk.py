"""Erased text is nowhere on the disk: the raw bytes of the database are searched for it."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

import plangate
from tests.support.servers.postgres import PostgresServer

WORD = "Wolkenkuckucksheim"
LONG = " ".join([WORD] * 900)
"""It spills over several pages of a database."""


def work(registry: plangate.PlanRegistry) -> None:
    """Write the word wherever people can write, many times, and rewrite rows that hold it."""
    for number in range(30):
        tasks = [{"id": t, "title": f"{WORD} {t}", "description": LONG} for t in "abc"]
        registry.create(f"{WORD} {number}", tasks, plan_id=f"p{number}", metadata={WORD: WORD})
        registry.score_output(f"p{number}", "a", 0.4, rationale=LONG, evidence={"said": WORD})
        registry.views.plans(text=WORD[:9])
        registry.revise(f"p{number}", WORD, [{"op": "change", "task_id": "b", "title": WORD * 3}])
        registry.mark_task(f"p{number}", "b", "failed", reason=WORD)
        registry.retry(f"p{number}", "b", WORD)
        registry.views.board(f"p{number}")
    registry.views.rebuild()
    registry.delete("p7", reason=WORD)


def times_found(*files: Path) -> int:
    found = (file.read_bytes() for file in files if file.exists())
    return sum(len(re.findall(WORD.encode(), raw, re.IGNORECASE)) for raw in found)


def test_erased_text_is_nowhere_in_the_file_and_positions_survive(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    files = [database, *(tmp_path / f"plans.db-{part}" for part in ("wal", "shm", "journal"))]
    with plangate.connect(database) as registry:
        work(registry)
        registry.create("Kept", [{"id": "a", "title": "Kept"}], plan_id="kept")
        events = registry.history.events(limit=10_000)
        before = [(e.envelope.position, e.envelope.event_id) for e in events]
        figures = [registry.get_status(f"p{n}").rolling_confidence for n in range(7)]
        assert times_found(*files) > 10_000

        erasures = [registry.erase(f"p{number}") for number in range(30)]

        assert all(erasure.complete and erasure.rewritten for erasure in erasures)
        assert times_found(*files) == 0, "with the store still open"
        events = registry.history.events(limit=10_000)[: len(before)]
        assert [(e.envelope.position, e.envelope.event_id) for e in events] == before
        assert [registry.get_status(f"p{n}").rolling_confidence for n in range(7)] == figures
        registry.create("Later", [{"title": "Later"}])
        assert registry.history.last_position() == len(before) + 31
        assert [plan.plan_id for plan in registry.views.plans(text="kept").plans] == ["kept"]
    assert times_found(*tmp_path.iterdir()) == 0


def test_a_reader_of_an_older_state_is_reported_and_then_the_rest_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plangate.infrastructure.sqlite.connections.LOCK_TIMEOUT", 0.2)
    database = tmp_path / "plans.db"
    with plangate.connect(database) as registry:
        registry.create(WORD, [{"id": "a", "title": WORD}], plan_id="p")
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM stored_events").fetchall()
            erasure = registry.erase("p")
            assert (erasure.rewritten, erasure.complete) == (1, False)
            assert "another connection reads it" in (erasure.remains or "")
            reader.execute("ROLLBACK")
        assert registry.erase("p").complete
        assert times_found(*tmp_path.iterdir()) == 0


@contextmanager
def plain_writer(server: PostgresServer) -> Iterator[str]:
    """The address of a user who may write events but owns no table."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE writer LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA plangate TO writer")
        connection.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA plangate TO writer"
        )
        try:
            yield re.sub("//[^@]*@", "//writer@", server.url, count=1)
        finally:
            connection.execute("DROP OWNED BY writer")
            connection.execute("DROP ROLE writer")


def heap(server: PostgresServer) -> Callable[[], int]:
    """Counts the word in the files of all tables of the store."""

    def found() -> int:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
            paths = connection.execute(
                "SELECT pg_relation_filepath(c.oid) FROM pg_class c JOIN pg_namespace n"
                " ON n.oid = relnamespace WHERE relkind IN ('r', 't', 'i')"
                " AND (nspname = 'plangate'"
                " OR c.oid IN (SELECT reltoastrelid FROM pg_class JOIN pg_namespace m"
                " ON m.oid = relnamespace WHERE m.nspname = 'plangate'))"
            ).fetchall()
        return times_found(*(Path(folder) / path for (path,) in paths))

    return found


@pytest.mark.xdist_group("postgres_files")
def test_erased_text_is_nowhere_in_the_tables_of_postgresql(postgres: PostgresServer) -> None:
    found = heap(postgres)
    with plangate.connect(postgres.url) as registry:
        for number in range(5):
            registry.create(WORD, [{"id": "a", "title": f"{WORD} {number}"}], plan_id=f"p{number}")
            registry.views.plans(text=WORD[:9])
            registry.score_output(f"p{number}", "a", 0.4, rationale=WORD)
        assert found()
        assert all(registry.erase(f"p{number}").complete for number in range(5))
        assert found() == 0
        assert len(registry.history.events()) == 5 * 5
        with plain_writer(postgres) as address, plangate.connect(address) as other:
            other.create(WORD, [{"title": WORD}], plan_id="q")
            erasure = other.erase("q")
            assert (erasure.rewritten, erasure.complete) == (1, False)
            assert "permission denied to vacuum" in (erasure.remains or "")
            assert WORD not in str(other.history.of("q"))
        assert registry.erase("q").complete
        assert found() == 0
