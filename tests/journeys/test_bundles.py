"""Real plans go from a SQLite file into PostgreSQL in a bundle, and come out the same."""

import io
from pathlib import Path

from plangate.infrastructure.bootstrap import connect
from tests.support.bundles import exported, with_real_trace
from tests.support.real_judgements import RealTrace, on_real_judgements
from tests.support.servers.postgres import PostgresServer


@on_real_judgements
def test_the_real_trace_goes_from_sqlite_to_postgres_and_keeps_its_content(
    tmp_path: Path, postgres: PostgresServer, trace: RealTrace
) -> None:
    first, second = tmp_path / "first.bundle", tmp_path / "second.bundle"
    with (
        connect("memory:") as origin,
        connect(tmp_path / "plans.db") as source,
        connect(postgres.url) as target,
    ):
        with_real_trace(origin, trace)
        source.bundles.import_bundle(io.BytesIO(exported(origin)))
        out = source.bundles.export(first)
        came_in = target.bundles.import_bundle(first)
        out_again = target.bundles.export(second)

        print(f"{out.plans} plans, {out.events} events, {out.bytes} bytes: {out.content_sha256}")
        assert (out.plans, came_in.added, came_in.recorded) == (
            trace.plans,
            trace.plans,
            trace.events,
        )
        assert out.events == trace.events
        assert out_again.content_sha256 == out.content_sha256 == came_in.content_sha256
        assert target.list_plans() == source.list_plans() == origin.list_plans()
        assert source.bundles.import_bundle(second).already_there == trace.plans
        assert target.bundles.import_bundle(second).already_there == trace.plans
