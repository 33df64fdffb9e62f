"""Which connections are used again after work that failed, and which are closed."""

import sys
from types import FrameType
from typing import Any, NoReturn

import psycopg
import pytest
from psycopg_pool import ConnectionPool

import plangate
from plangate.infrastructure.postgres.connections import Connection, Connections
from plangate.infrastructure.postgres.errors import translated_for
from plangate.infrastructure.postgres.lent_pool import PoolConnections
from plangate.infrastructure.postgres.own_connections import OwnConnections
from tests.support.servers.postgres import PostgresServer


class Foreign(Exception):
    """What plangate and psycopg know nothing of."""


def _session(connection: Connection) -> int:
    return connection.info.backend_pid


def _begin_and_raise(connection: Connection) -> NoReturn:
    connection.execute("BEGIN")
    raise Foreign


def _after(connections: Connections, work: Any, error: type[Exception]) -> bool:
    """Whether the same connection is used before work that fails, and after it."""
    before = connections.run(_session)
    with pytest.raises(error):
        connections.run(work)
    return before == connections.run(_session)


def test_a_connection_of_ours_is_used_again_only_after_orderly_work(url: str) -> None:
    connections = OwnConnections(url)
    assert _after(connections, lambda one: one.execute("BEGIN; SELECT 1/0"), psycopg.Error)
    assert not _after(connections, _begin_and_raise, Foreign)
    connections.close()
    with pytest.raises(plangate.StoreUnavailable, match="is closed"):
        connections.run(_session)


def test_a_lent_connection_comes_back_closed_after_work_that_was_interrupted(url: str) -> None:
    with ConnectionPool(url, min_size=1, max_size=1, open=True) as pool:
        connections = PoolConnections(pool)
        assert _after(connections, lambda one: one.execute("BEGIN; SELECT 1/0"), psycopg.Error)
        assert not _after(connections, _begin_and_raise, Foreign)
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_user_who_may_not_connect_gets_the_missing_right(
    postgres: PostgresServer, url: str
) -> None:
    postgres.execute("CREATE ROLE stranger LOGIN; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
    try:
        with pytest.raises(plangate.StoreForbidden, match="may not CONNECT"):
            plangate.connect(url.replace("plangate@", "stranger@"))
    finally:
        postgres.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC; DROP ROLE stranger")


def test_what_the_server_refuses_for_good_is_not_called_unavailable(
    postgres: PostgresServer, url: str
) -> None:
    postgres.execute("CREATE ROLE nologin NOLOGIN")
    unknown, barred = (url.replace("plangate@", f"{name}@") for name in ("unknown", "nologin"))
    role = f"{url}?options=-crole%3Dunknown"
    try:
        for address, why in {unknown: "not known", role: "not known", barred: "LOGIN"}.items():
            with pytest.raises(plangate.StoreForbidden, match=why):
                plangate.connect(address)
    finally:
        postgres.execute("DROP ROLE nologin")
    with pytest.raises(plangate.NotAStore, match="create the database first"):
        plangate.connect(url.replace("/postgres", "/nowhere"))


@pytest.mark.parametrize(
    "said",
    [
        'password authentication failed for user "plangate"',
        'no pg_hba.conf entry for host "10.0.0.1", user "plangate", database "plans"',
        "connection to server failed: fe_sendauth: no password supplied",
    ],
)
def test_a_user_who_was_not_authenticated_is_refused_for_good(said: str) -> None:
    with (
        pytest.raises(plangate.StoreForbidden, match="was not authenticated"),
        translated_for("here", None, lambda _: None),
    ):
        raise psycopg.OperationalError(said)


def _connect_interrupted(address: str, step: int) -> tuple[bool, BaseException | None]:
    """Raise `Foreign` at a step of psycopg's code; whether it was reached, and what came out."""
    connections, left, raised = OwnConnections(address), step, False

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left, raised
        if raised or "/psycopg/" not in frame.f_code.co_filename:
            return None if raised else interrupt
        left -= event == "line"
        if left < 0:
            raised = True
            raise Foreign
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        connections.run(_session)
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is looked at)
        return raised, error
    finally:
        sys.settrace(before)
        connections.close()
    return raised, None


def test_what_interrupts_psycopg_while_it_connects_comes_out_as_itself(url: str) -> None:
    """As a signal handler may raise it; psycopg takes some of it for a wrong address."""
    step, raised, others = 0, True, []
    while raised:
        raised, error = _connect_interrupted(url, step)
        if raised and type(error) is not Foreign:
            others.append((step, repr(error)))
        step += 1
    assert others == []
    assert step > 100
