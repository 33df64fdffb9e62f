"""The planner's statistics hold samples of the text; an erasure leaves none in them."""

import pytest

import plangate
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "Xylophonist"}]
SAMPLES = """
SELECT count(*) FROM pg_stats WHERE schemaname = 'plangate' AND concat(
    most_common_vals::text, histogram_bounds::text, most_common_elems::text) ~* 'lovelace|xylophon'
"""


def _sampled(postgres: PostgresServer) -> int:
    postgres.execute("ANALYZE")
    [(count,)] = postgres.execute(SAMPLES)
    return int(count)


@pytest.mark.parametrize("kept", [0, 1])
def test_nothing_erased_stays_in_the_statistics(postgres: PostgresServer, kept: int) -> None:
    with plangate.connect(postgres.url) as registry:
        for number in range(12):
            registry.create("Ada Lovelace's divorce", TASKS, plan_id=f"p{number}")
        for number in range(kept):
            registry.create("Another goal", [{"title": "T"}], plan_id=f"q{number}")
        registry.views.plans()
        postgres.execute(
            "CREATE INDEX ON plangate.view_plans (lower(goal));"
            "CREATE STATISTICS plangate.pairs (mcv) ON goal, plan_id FROM plangate.view_plans"
        )
        assert _sampled(postgres) > 0
        for number in range(12):
            assert registry.erase(f"p{number}").complete
        assert postgres.execute(SAMPLES) == [(0,)]
        shown = "SELECT count(*) FROM pg_stats_ext WHERE most_common_vals::text ~* 'lovelace'"
        assert postgres.execute(shown) == [(0,)]
        assert len(registry.views.plans().plans) == 12 + kept


def test_an_emptied_table_has_no_statistics_and_the_columns_it_had(
    postgres: PostgresServer,
) -> None:
    columns = """
        SELECT attname, format_type(atttypid, atttypmod), attcollation::regcollation::text,
            attnotnull FROM pg_attribute WHERE attrelid = 'plangate.view_board'::regclass
            AND attnum > 0 ORDER BY attnum
    """
    with plangate.connect(postgres.url) as registry:
        registry.create("Ada Lovelace's divorce", TASKS, plan_id="p")
        registry.create("Ada Lovelace's marriage", TASKS, plan_id="q")
        registry.views.plans()
        assert _sampled(postgres) > 0
        before = postgres.execute(columns)
        postgres.execute("DELETE FROM plangate.view_board")
        registry.erase("p")
        registry.erase("q")
        assert postgres.execute(SAMPLES) == [(0,)]
        assert postgres.execute(columns) == before


def test_a_service_that_may_not_rewrite_the_tables_says_what_remains(
    postgres: PostgresServer,
) -> None:
    with plangate.connect(postgres.url) as registry:
        registry.create("Ada Lovelace's divorce", TASKS, plan_id="p")
        registry.views.plans()
    postgres.execute(
        "CREATE ROLE eraser LOGIN; GRANT USAGE ON SCHEMA plangate TO eraser;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA plangate TO eraser"
    )
    try:
        with plangate.connect(postgres.url.replace("plangate@", "eraser@")) as registry:
            erasure = registry.erase("p")
            assert not erasure.complete
            assert "permission denied to vacuum" in (erasure.remains or "")
    finally:
        postgres.execute("DROP OWNED BY eraser; DROP ROLE eraser")
