"""The service in examples/backend: what its endpoints answer, also when something is in the way."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Thread
from time import sleep
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI

from tests.support.backend.books import Books
from tests.support.backend.customers import Customer
from tests.support.backend.programs import EXAMPLE, lay_out_tables
from tests.support.servers.postgres import PostgresServer

NEW = {"title": "Move billing", "parts": ["Design", "Build", "Test", "Ship"]}
TICKET = "ticket-00000004"  # its first result is not good enough


def headers(key: str = "00000004") -> dict[str, str]:
    return {"X-User": "ana", "Idempotency-Key": key}


@pytest.fixture
def app(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """The example, on an empty database."""
    lay_out_tables(postgres)
    monkeypatch.setenv("DATABASE_URL", postgres.url)
    monkeypatch.syspath_prepend(EXAMPLE)
    app: FastAPI = import_module("app").app
    yield app
    for name in ("app", "database", "feed", "worker"):
        sys.modules.pop(name, None)


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the example, which a thread serves."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def rows_and_plans(postgres: PostgresServer) -> tuple[list[Any], list[Any]]:
    """The tickets, and the plans that were created."""
    rows = postgres.execute("SELECT ticket_id FROM tickets")
    created = "SELECT originator_id FROM plangate.stored_events WHERE originator_version = 1"
    return rows, postgres.execute(created)


def see_through(client: httpx.Client, app: FastAPI) -> list[str]:
    """Open a ticket, let a worker and a customer bring it to its end; the keys of the decisions."""
    work_once = import_module("worker").work_once
    assert client.post("/tickets", json=NEW, headers=headers()).status_code == 201
    decided: list[str] = []
    while (ticket := client.get(f"/tickets/{TICKET}").json())["verdict"] != "complete":
        if work_once(app.state.pool, app.state.registry, "worker"):
            continue
        bad = [task for task, now in ticket["tasks"].items() if now in {"failed", "replanning"}]
        if ticket["verdict"] == "replan":
            assert client.get("/replans").json() == [TICKET]
        body = {"task_id": bad[0], "action": "accept", "reason": "good enough"}
        decided.append(f"{len(decided):016x}")
        answer = client.post(
            f"/tickets/{TICKET}/decisions", json=body, headers=headers(decided[-1])
        )
        assert answer.is_success
    import_module("feed").deliver(app.state.pool, app.state.registry, timeout=0.0)
    return decided


def test_a_ticket_is_worked_on_judged_decided_and_its_replans_are_delivered(
    client: httpx.Client, app: FastAPI
) -> None:
    decided = see_through(client, app)

    import_module("feed").deliver(app.state.pool, app.state.registry, timeout=0.0)
    replans = app.state.registry.history.events(kinds="replan-triggered")
    notices = client.get("/notices").json()
    assert [notice["task_id"] for notice in notices] == [one.event.task_id for one in replans]
    assert len(decided) >= len(replans) > 0
    assert client.get("/health").json()["ok"] is True


def test_plangates_own_api_is_part_of_the_service(client: httpx.Client) -> None:
    client.post("/tickets", json=NEW, headers=headers())
    plan = f"/plangate/plans/{TICKET}"
    assert client.get(f"{plan}/gate", headers=headers()).json()["verdict"] == "go"
    assert client.get(f"{plan}/gate").json()["errors"][0]["header"] == "X-User"
    refused = client.post(f"{plan}/next-task", headers=headers())
    assert refused.json()["type"] == "urn:plangate:problem:forbidden"
    unknown = client.get("/plangate/plans/none", headers=headers())
    assert unknown.json()["type"] == "urn:plangate:problem:plan-not-found"
    own = client.get("/tickets/none")
    assert (own.status_code, own.json()) == (404, {"detail": "there is no plan 'none'"})


def test_the_books_of_the_load_test_show_each_fault(
    client: httpx.Client,
    app: FastAPI,
    postgres: PostgresServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "worker")
    customer = Customer("http://unused", "ana")
    customer.decided = see_through(client, app)
    customer.opened = [TICKET]

    def faults(log: str = caplog.text) -> set[str]:
        return set(Books(postgres, app.state.registry).faults([customer], log))

    assert faults() == set()
    assert faults(caplog.text * 2) == {"claims not handed out once"}

    postgres.execute(
        "INSERT INTO notices (position, ticket_id, task_id, confidence)"
        " SELECT position, ticket_id, task_id, confidence FROM notices LIMIT 1"
    )
    assert faults() == {"notices and replans"}
    postgres.execute("DELETE FROM notices")
    assert faults() == {"notices and replans"}

    postgres.execute("DELETE FROM results WHERE token = (SELECT min(token) FROM results)")
    postgres.execute("INSERT INTO tickets VALUES ('ticket-00', 'ana', 'no plan')")
    customer.opened.append("ticket-01")
    customer.decided.append("00")
    assert faults() == {
        "claims and results",
        "results and scores",
        "tickets without a plan, or plans without a ticket",
        "tickets lost",
        "decisions not recorded once",
        "notices and replans",
    }


def test_a_request_whose_connection_is_lost_is_answered_503_and_can_be_sent_again(
    client: httpx.Client, postgres: PostgresServer
) -> None:
    with (
        ThreadPoolExecutor(1) as thread,
        psycopg.connect(postgres.url) as locked,
    ):
        locked.execute("LOCK TABLE plangate.stored_events IN EXCLUSIVE MODE")
        answer = thread.submit(client.post, "/tickets", json=NEW, headers=headers())
        waiting = wait_for_a_waiting_writer(postgres)
        postgres.execute("SELECT pg_terminate_backend(%s)", waiting)
        lost = answer.result()

    assert lost.status_code == 503
    assert lost.headers["Retry-After"] == "1"
    assert rows_and_plans(postgres) == ([], [])
    assert client.post("/tickets", json=NEW, headers=headers()).status_code == 201
    assert rows_and_plans(postgres) == ([(TICKET,)], [(TICKET,)])


def test_a_request_that_is_cancelled_is_recorded_whole_and_can_be_sent_again(
    client: httpx.Client, app: FastAPI, postgres: PostgresServer
) -> None:
    async def cancelled() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as impatient:
            request = asyncio.create_task(impatient.post("/tickets", json=NEW, headers=headers()))
            with psycopg.connect(postgres.url) as locked:
                locked.execute("LOCK TABLE plangate.stored_events IN EXCLUSIVE MODE")
                await asyncio.to_thread(wait_for_a_waiting_writer, postgres)
                request.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await request

    asyncio.run(cancelled())

    again = client.post("/tickets", json=NEW, headers=headers())
    assert again.status_code == 201
    assert rows_and_plans(postgres) == ([(TICKET,)], [(TICKET,)])


def test_with_a_closed_pool_every_endpoint_is_answered_503(
    client: httpx.Client, app: FastAPI
) -> None:
    app.state.pool.close()

    body = {"task_id": "part-1", "action": "retry", "reason": "again"}
    answers = [
        client.post("/tickets", json=NEW, headers=headers()),
        client.get(f"/tickets/{TICKET}"),
        client.post(f"/tickets/{TICKET}/decisions", json=body, headers=headers()),
        client.get("/replans"),
        client.get("/notices"),
    ]

    assert [(one.status_code, one.headers["Retry-After"]) for one in answers] == [(503, "1")] * 5
    assert client.get("/health").status_code == 503


def test_bad_requests_are_refused_and_leave_nothing(
    client: httpx.Client, postgres: PostgresServer
) -> None:
    retry = {"task_id": "part-1", "action": "retry", "reason": "again"}
    assert client.get("/tickets/nowhere").status_code == 404
    assert client.post("/tickets", json=NEW).status_code == 422
    assert client.post("/tickets", json=NEW | {"parts": []}, headers=headers()).status_code == 422
    assert client.post("/tickets", json=NEW | {"title": " "}, headers=headers()).status_code == 422
    assert rows_and_plans(postgres) == ([], [])

    assert client.post("/tickets", json=NEW, headers=headers()).status_code == 201
    other = client.post("/tickets", json=NEW | {"title": "Other"}, headers=headers())
    pending = client.post(f"/tickets/{TICKET}/decisions", json=retry, headers=headers("00000005"))

    assert other.status_code == 409
    assert pending.status_code == 422
    assert rows_and_plans(postgres) == ([(TICKET,)], [(TICKET,)])


def wait_for_a_waiting_writer(postgres: PostgresServer) -> int:
    """The server process that waits for the lock of the log."""
    while not (
        found := postgres.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    ):
        sleep(0.01)
    pid: int = found[0][0]
    return pid
