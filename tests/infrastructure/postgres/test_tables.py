"""The tables in PostgreSQL: created once, by the first process, and with their own rights."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

import plangate
from plangate.application.errors import (
    NotAStore,
    StoreError,
    StoreForbidden,
    StoreReadOnly,
    StoreTooNew,
)
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.postgres import layout
from plangate.infrastructure.postgres import schema as opening
from plangate.infrastructure.postgres.layout import LAYOUT_VERSION, LAYOUTS
from tests.contracts.test_event_store import entry
from tests.support.servers.postgres import PostgresServer
from tests.support.stores import postgres_event_store

Run = Callable[[str], object]


@pytest.fixture
def run(url: str) -> Run:
    """Execute statements in the database, as its owner."""

    def run(statements: str) -> object:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statements.encode())
            return cursor.fetchall() if cursor.description else None

    return run


@pytest.fixture
def service(url: str, run: Run) -> Iterator[str]:
    """The address of a user who may read and add events, and nothing else."""
    postgres_event_store(url).close()
    run(
        "CREATE ROLE service LOGIN;"
        "GRANT USAGE ON SCHEMA plangate TO service;"
        "GRANT SELECT ON plangate.plangate_layout TO service;"
        "GRANT SELECT, INSERT ON plangate.stored_events TO service"
    )
    yield url.replace("plangate@", "service@")
    run("DROP OWNED BY service; DROP ROLE service")


def test_anyone_can_read_the_scores_with_plain_sql(url: str, run: Run) -> None:
    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1), entry("p", 2)])
    query = (
        "SELECT originator_id, state::json->'event'->>'score' FROM plangate.stored_events"
        " WHERE topic = 'task-scored'"
    )
    assert run(query) == [("p", str(0.1 + 0.2))]


def test_an_empty_database_can_be_opened_by_all_at_the_same_moment(url: str) -> None:
    all_here = Barrier(8)

    def open_and_write(number: int) -> None:
        all_here.wait()
        with closing(postgres_event_store(url)) as store:
            store.append([entry(f"p{number}", 1)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_and_write, range(8)))
    with closing(postgres_event_store(url)) as store:
        assert [r.envelope.position for r in store.read_all(limit=9)] == list(range(1, 9))


def test_a_service_needs_no_right_but_to_read_and_add(service: str, run: Run) -> None:
    with closing(postgres_event_store(service)) as store:
        store.append([entry("p", 1)])
        store.turn("p", lambda: store.append([entry("p", 2)]))
        run("REVOKE INSERT ON plangate.stored_events FROM service")
        with pytest.raises(StoreForbidden, match=r"may not INSERT into plangate\.stored_events"):
            store.append([entry("p", 3)])
        assert len(store.read("p")) == 2
        run("REVOKE SELECT ON plangate.stored_events FROM service")
        with pytest.raises(StoreForbidden, match="may not SELECT from or INSERT into"):
            store.read("p")
        run("REVOKE USAGE ON SCHEMA plangate FROM service")
        with pytest.raises(StoreForbidden, match="may not USE the schema plangate"):
            store.read("p")


def test_a_service_keeps_and_rebuilds_views_without_the_right_to_make_tables(
    service: str, run: Run
) -> None:
    views = ", ".join(
        f"plangate.view_{name}"
        for name in ("marks", "stuck", "plans", "words", "board", "timeline", "replans")
    )
    with plangate.connect(service) as registry:
        registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id="p")
        with pytest.raises(StoreForbidden, match="may not SELECT from, INSERT into, UPDATE or"):
            registry.views.plans()
        run(f"GRANT SELECT ON {views} TO service")
        with pytest.raises(StoreForbidden, match=r"DELETE from plangate\.view_\w+ \("):
            registry.views.plans()
        run(f"GRANT INSERT, UPDATE, DELETE ON {views} TO service")
        assert [plan.plan_id for plan in registry.views.plans(text="ship").plans] == ["p"]
        registry.views.rebuild()
        registry.views.rebuild("board")
        assert [task.task_id for task in registry.views.board("p").tasks] == ["a"]
    assert run("SELECT count(*) FROM plangate.view_board") == [(1,)]


def test_tables_of_an_older_layout_are_upgraded_by_their_owner(
    service: str, url: str, run: Run
) -> None:
    run(
        "DROP SCHEMA plangate CASCADE; CREATE SCHEMA plangate;"
        "GRANT USAGE ON SCHEMA plangate TO service"
    )
    run(SQL(LAYOUTS[0]).format(schema=Identifier("plangate")).as_string())
    run("GRANT SELECT ON ALL TABLES IN SCHEMA plangate TO service")
    with pytest.raises(NotAStore, match="plangate store migrate"):
        plangate.connect(service)
    source = memory_event_store()
    source.append([entry("p", 1)])
    columns = [getattr(source.read_stored("p")[0], name) for name in ("name", "state")]
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO plangate.stored_events VALUES (1, 'p', 1, %s, %s)",
            (columns[0], columns[1].decode()),
        )
    with plangate.connect(url) as registry:
        assert [plan.plan_id for plan in registry.views.plans().plans] == ["p"]
    assert run("SELECT version FROM plangate.plangate_layout") == [(LAYOUT_VERSION,)]


def test_a_user_who_may_not_create_the_tables_gets_the_command_for_their_owner(
    service: str, run: Run
) -> None:
    run("DROP SCHEMA plangate CASCADE")
    with pytest.raises(NotAStore, match="plangate store migrate"):
        postgres_event_store(service)


def test_the_owner_of_a_schema_needs_no_right_to_make_schemas(service: str, run: Run) -> None:
    run("CREATE SCHEMA theirs AUTHORIZATION service")
    with closing(postgres_event_store(service, "theirs")) as store:
        store.append([entry("p", 1)])


def test_a_store_of_an_older_layout_is_brought_up_to_date(
    service: str, url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1)])
    monkeypatch.setattr(layout, "LAYOUTS", (*LAYOUTS, "CREATE TABLE {schema}.more (n integer)"))
    for module in (layout, opening):
        monkeypatch.setattr(module, "LAYOUT_VERSION", LAYOUT_VERSION + 1)
    with pytest.raises(NotAStore, match=f"has layout {LAYOUT_VERSION} .* `plangate store migrate`"):
        postgres_event_store(service)
    with closing(postgres_event_store(url)) as store, closing(postgres_event_store(service)):
        assert len(store.read("p")) == 1
    assert run("SELECT version FROM plangate.plangate_layout") == [(LAYOUT_VERSION + 1,)]
    assert run("SELECT n FROM plangate.more") == []


@pytest.mark.parametrize(
    "statements, refusal",
    [
        ("DROP TABLE plangate_layout", NotAStore),
        ("DELETE FROM plangate_layout", NotAStore),
        ("DROP TABLE stored_events", NotAStore),
        ("UPDATE plangate_layout SET version = 99", StoreTooNew),
    ],
)
def test_what_is_not_a_store_of_this_plangate_is_refused(
    url: str, run: Run, statements: str, refusal: type[StoreError]
) -> None:
    postgres_event_store(url).close()
    run(f"SET search_path = plangate; {statements}")
    with pytest.raises(refusal, match="schema plangate"):
        postgres_event_store(url)


def test_tables_that_go_away_are_missed(url: str, run: Run) -> None:
    with closing(postgres_event_store(url)) as store:
        run("DROP SCHEMA plangate CASCADE")
        with pytest.raises(NotAStore, match="has no plangate tables"):
            store.read("p")
        with pytest.raises(NotAStore, match="has no plangate tables"):
            store.append([entry("p", 1)])


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: PostgresServer, url: str
) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(NotAStore, match="encoded in LATIN1"):
        postgres_event_store(f"{url.rpartition('/')[0]}/latin")
    postgres.execute("DROP DATABASE latin")


def test_a_database_that_may_only_be_read_says_so(url: str) -> None:
    read_only = f"{url}?options=-cdefault_transaction_read_only%3Don"
    with closing(postgres_event_store(url)) as store:
        store.append([entry("p", 1)])
    with closing(postgres_event_store(read_only)) as store:
        assert len(store.read("p")) == 1
        with pytest.raises(StoreReadOnly, match="can be read but not written"):
            store.append([entry("p", 2)])
    with pytest.raises(StoreReadOnly):
        postgres_event_store(read_only, "another")
