"""What `doctor` says of the server's settings: those asked for, and those in force."""

from typing import Any

from psycopg_pool import ConnectionPool

import plangate
from plangate.application.operations.reports import Health
from tests.support.servers.postgres import PostgresServer


def _settings(target: str | ConnectionPool[Any]) -> list[tuple[Health, str]]:
    observations = plangate.doctor(target).observations
    return [(one.health, one.found) for one in observations if one.check == "settings"]


def test_settings_that_are_in_force_are_named(url: str) -> None:
    plangate.connect(url).close()
    timeouts = "statement_timeout 30s, idle_in_transaction_session_timeout 10s"
    assert _settings(url) == [(Health.OK, f"lock_timeout 10s, {timeouts}")]
    asked = f"{url}?options=-c%20lock_timeout%3D2000"
    assert _settings(asked) == [(Health.OK, f"lock_timeout 2s, {timeouts}")]


def test_a_setting_that_something_on_the_way_changed_is_found(
    postgres: PostgresServer, url: str
) -> None:
    plangate.connect(url).close()
    postgres.execute("""
        CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM set_config(''statement_timeout'', ''0'', false); END'
    """)
    postgres.execute("CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login()")
    try:
        found = _settings(url)
    finally:
        postgres.execute("DROP EVENT TRIGGER at_login")
    what = "statement_timeout is 0 in force, though 30s is asked for"
    assert found == [(Health.WARNING, what)]


def test_a_lent_pool_keeps_its_own_settings(url: str) -> None:
    plangate.connect(url).close()
    with ConnectionPool(url, min_size=1, max_size=2, open=True) as pool:
        off = "lock_timeout 0, statement_timeout 0, idle_in_transaction_session_timeout 0"
        assert _settings(pool) == [(Health.OK, off)]
