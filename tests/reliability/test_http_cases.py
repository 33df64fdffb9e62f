"""Thousands of requests made from the OpenAPI document: each answer is one that it describes."""

import logging
from pathlib import Path

import pytest

import plangate.aio
from tests.support.http_cases import Cases
from tests.support.servers.http import application, serving
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long


@short_and_long("cases", 50, 10_000)
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)])
def test_every_answer_is_described(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    engine: str,
    cases: int,
    say: Say,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No status that is not described, no body outside its schema, no failure of the server."""
    caplog.set_level(logging.CRITICAL)
    store: str = str(tmp_path / "plans.db")
    if engine == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        store = server.url
    with serving(application(lambda: plangate.aio.connect(store))) as base:
        tried = Cases(base)
        tried.run(cases)
    say(
        "cases over HTTP",
        engine=engine,
        cases=tried.statuses.total(),
        statuses=dict(tried.statuses),
        failures=tried.failures.total(),
    )
    assert not tried.failures, "\n".join(tried.failures)
    assert tried.statuses.total() >= cases * 3 // 4
    assert {200, 404, 422} <= set(tried.statuses)
    assert not [status for status in tried.statuses if status >= 500]
