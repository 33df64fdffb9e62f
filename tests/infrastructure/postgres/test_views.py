"""Views in PostgreSQL: stores of before, plain SQL, what rights they take, and borrowed pools."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from plangate.application.errors import StoreForbidden
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.postgres.layout import LAYOUT_VERSION, _view_table
from plangate.infrastructure.sql.tables import SUMMARIES, TABLES, Table
from tests.support.servers.postgres import PostgresServer
from tests.support.views.from_scratch import same_views

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
PAGE = Path(__file__).parents[3] / "docs/how-to/postgresql.md"
Run = Callable[[str], list[Any]]


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The address of a store with one plan in its views."""
    with connect(postgres.url) as registry:
        registry.create("Move billing", TASKS, plan_id="p", labels=["x", "Ä"])
        registry.score_output("p", "a", 0.5)
        registry.views.plans()
    return postgres.url


@pytest.fixture
def run(postgres: PostgresServer) -> Run:
    """Execute statements in the schema of the store, as its owner."""
    return lambda statements: postgres.execute(f"SET search_path = plangate; {statements}")


@pytest.fixture
def asked(url: str) -> Run:
    """Asks the schema of the store."""

    def asked(query: str) -> list[Any]:
        with psycopg.connect(url, options="-csearch_path=plangate") as connection:
            return connection.execute(query.encode()).fetchall()

    return asked


@pytest.fixture
def service(url: str, run: Run) -> Iterator[str]:
    """The address of a user with the rights that the page names, and none to create tables."""
    rights = re.findall("```postgresql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    run("; ".join(["CREATE ROLE service LOGIN", *rights]))
    yield url.replace("plangate@", "service@")
    run("DROP OWNED BY service; DROP ROLE service")


def test_a_store_of_before_there_were_views_is_brought_up_to_date(
    url: str, run: Run, asked: Run
) -> None:
    before = asked("SELECT * FROM stored_events")
    newer = (
        "SELECT tablename FROM pg_tables WHERE schemaname = 'plangate'"
        " AND tablename NOT IN ('stored_events', 'plangate_layout')"
    )
    for (table,) in asked(newer):
        run(f"DROP TABLE {table}")
    run("UPDATE plangate_layout SET version = 1")
    with connect(url) as registry, connect(url) as other:
        same_views(registry)
        same_views(other)
    assert asked("SELECT version FROM plangate_layout") == [(LAYOUT_VERSION,)]
    assert asked("SELECT * FROM stored_events") == before


def test_a_view_whose_table_was_replaced_is_rebuilt_from_the_log(url: str, run: Run) -> None:
    """As the next layout replaces it after a change of its columns."""
    run(_view_table(SUMMARIES).format(schema="plangate"))
    with connect(url) as registry:
        same_views(registry)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.usefixtures("url")
def test_a_view_has_the_columns_of_its_rows(asked: Run, table: Table[Any]) -> None:
    columns = asked(
        "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
        f" AND attrelid = '{table.name}'::regclass AND attname <> 'side'"
    )
    assert {name for (name,) in columns} == {column.name for column in table.columns}


def test_anyone_can_join_views_with_plain_sql(asked: Run) -> None:
    query = (
        "SELECT goal, label, task_id, status FROM view_plans JOIN view_board USING (plan_id, side),"
        " unnest(view_plans.labels) label WHERE needs_replan ORDER BY place, label"
    )
    assert asked(query) == [
        ("Move billing", "x", "a", "replanning"),
        ("Move billing", "Ä", "a", "replanning"),
        ("Move billing", "x", "b", "pending"),
        ("Move billing", "Ä", "b", "pending"),
    ]


def test_a_service_rebuilds_views_of_an_older_fold_though_it_may_make_no_table(
    service: str, url: str, run: Run, asked: Run
) -> None:
    before = asked("SELECT view, fold_version FROM view_marks ORDER BY view")
    run("UPDATE view_marks SET fold_version = 0; UPDATE view_plans SET goal = 'of old'")
    with connect(service) as registry, connect(url) as other:
        same_views(registry)
        registry.views.rebuild()
        same_views(other)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(service) as user:
            user.execute("CREATE TABLE plangate.more ()")
    assert asked("SELECT view, fold_version FROM view_marks ORDER BY view") == before


def test_the_rights_that_are_named_for_the_ledger_are_enough(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANGATE_LEDGER_KEY", str(tmp_path / "key"))
    with connect(service) as registry:
        registry.ledger.checkpoint()
        registry.score_prompt("p", "b", 0.9)
        assert registry.ledger.checkpoint().note


def test_rebuilding_again_and_again_leaves_nothing_on_the_other_side(url: str, asked: Run) -> None:
    with connect(url) as registry:
        for _ in range(3):
            registry.views.rebuild()
        same_views(registry)
    for view in TABLES.values():
        sides = asked(f"SELECT DISTINCT side FROM {view.name}")
        assert sides == asked(f"SELECT side FROM view_marks WHERE view = '{view.view}'")
    assert asked("SELECT count(*) FROM view_words") == [(1,)]


def test_the_planner_knows_the_tables_once_they_are_rebuilt(url: str, asked: Run) -> None:
    with connect(url) as registry:
        registry.views.rebuild()
    known = asked("SELECT DISTINCT tablename FROM pg_stats WHERE tablename LIKE 'view_%'")
    assert {"view_plans", "view_board"} <= {name for (name,) in known}


def test_views_that_cannot_be_written_are_read_as_long_as_they_are_current(
    service: str, url: str, run: Run
) -> None:
    run("REVOKE INSERT, UPDATE, DELETE ON view_marks FROM service")
    with connect(service) as reader:
        assert reader.views.plans(text="billing").plans[0].plan_id == "p"
        reader.score_prompt("p", "b", 0.9)
        with pytest.raises(StoreForbidden, match=r"DELETE from plangate\.view_marks"):
            reader.views.plans()
        assert reader.list_plans(labels=["x"]).plans[0].version == 5
        with connect(url) as owner:
            owner.views.plans()
        assert reader.views.plans().plans[0].version == 5


def test_a_pool_with_other_settings_gives_the_same_answers(url: str, service: str) -> None:
    odd = (
        "-cdefault_transaction_isolation=serializable -cdatestyle=German,DMY -ctimezone=Asia/Kabul"
        " -cextra_float_digits=-3 -csearch_path=pg_catalog -cstandard_conforming_strings=off"
    )
    with (
        ConnectionPool(
            service, min_size=1, max_size=2, kwargs={"options": odd, "row_factory": dict_row}
        ) as pool,
        connect(pool) as registry,
        connect(url) as owner,
    ):
        registry.create("Ship", TASKS, plan_id="q", metadata={"note": "\\'"})
        registry.score_output("q", "a", 0.1 + 0.2, scorer={"kind": "human", "name": "Ä\\'?%s"})
        same_views(registry)
        registry.views.rebuild()
        assert (
            registry.views.plans(text="ship", labels=[]).plans
            == owner.views.plans(text="ship").plans
        )
        same_views(owner)
    with connect(url) as owner:
        assert owner.views.timeline("q").scores[0].score == 0.1 + 0.2


def test_a_poisoned_event_in_the_database_stops_its_plan_alone(url: str, run: Run) -> None:
    with connect(url) as registry, connect(url) as other:
        registry.create("Other", TASKS, plan_id="q")
        registry.score_prompt("p", "b", 0.9)
        run("ALTER TABLE stored_events ADD whole text; UPDATE stored_events SET whole = state")
        run("UPDATE stored_events SET state = '{}' WHERE originator_id = 'p' AND topic !~ 'plan'")
        registry.score_prompt("q", "a", 0.9)
        registry.views.rebuild()
        listed = {plan.plan_id: (plan.version, plan.stale) for plan in other.views.plans().plans}
        assert listed == {"p": (1, True), "q": (2, False)}
        run("UPDATE stored_events SET state = whole WHERE whole IS NOT NULL")
        same_views(other)
        same_views(registry)


def test_a_nul_that_got_into_the_log_stops_no_view(url: str, run: Run) -> None:
    run(r"UPDATE stored_events SET state = replace(state, 'Move', '\u0000 \\u0000 Move')")
    with connect(url) as registry:
        registry.views.rebuild()
        (plan,) = registry.views.plans(text="move billing").plans
    assert plan.goal == "\N{REPLACEMENT CHARACTER} \\u0000 Move billing"
