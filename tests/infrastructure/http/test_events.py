"""Event streams: nothing is missed, nothing comes twice, and there is a limit to all of it."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

import plangate
import plangate.aio
from plangate.infrastructure.http.events import EventStreams
from tests.infrastructure.http.conftest import NewPlan
from tests.infrastructure.http.test_conventions import problem
from tests.support.event_clients import Received, Stream, stream
from tests.support.servers.http import application, serving

PATIENCE: Final = 60.0
LIMIT: Final = 3
SCORE: Final = {"prompt_score": 0.9}


def run(test: Coroutine[Any, Any, None], patience: float | None = PATIENCE) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test, patience)

    asyncio.run(bounded())


async def first(opened: Stream, number: int) -> list[Received]:
    """The first events of a stream."""
    found = []
    async for event in opened.events():
        found.append(event)
        if len(found) == number:
            break
    return found


@pytest.fixture(scope="module")
def streams() -> EventStreams:
    return EventStreams(LIMIT, heartbeat=0.05, patience=0.5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events") / "plans.db"


@pytest.fixture(scope="module")
def v1(streams: EventStreams, store: Path) -> Iterator[str]:
    """The API of a server with few streams, on a file."""
    with serving(application(lambda: plangate.aio.connect(store), streams=streams)) as address:
        yield f"{address}/v1"


def test_a_stream_begins_with_what_was_recorded_and_continues(
    address: str, http: httpx.Client, new_plan: NewPlan
) -> None:
    plan = new_plan()
    http.post(f"{plan}/tasks/a/scores", json=SCORE)

    async def test() -> None:
        async with stream(f"{address}/v1{plan}/events") as opened:
            assert opened.headers["content-type"].startswith("text/event-stream")
            assert opened.headers["cache-control"] == "no-store"
            created, scored = await first(opened, 2)
            assert [event.value["kind"] for event in (created, scored)] == [
                "plan-created",
                "task-scored",
            ]
            assert scored.value["event"]["score"] == 0.9
            assert scored.value["position"] == scored.id
            await asyncio.to_thread(
                http.post, f"{plan}/tasks/a/scores", json=SCORE, headers={"X-Actor": "ana"}
            )
            (later,) = await first(opened, 1)
            assert (later.value["version"], later.value["actor"]) == (3, "ana")
        async with stream(f"{address}/v1{plan}/events", scored.id) as again:
            assert (await first(again, 1))[0].id == later.id
        async with stream(f"{address}/v1/events?kinds=task-scored&after={created.id}") as other:
            assert (await first(other, 1))[0].id == scored.id

    run(test())


@pytest.mark.parametrize(
    "query, headers, name",
    [
        ("kinds=odd", {}, "kinds"),
        ("after=-1", {}, "after"),
        ("after=x", {}, "after"),
        ("", {"Last-Event-ID": "x"}, None),
        ("", {"Last-Event-ID": "9" * 20}, None),
        ("odd=1", {}, "odd"),
    ],
)
def test_a_stream_is_refused_before_it_begins(
    http: httpx.Client, query: str, headers: dict[str, str], name: str | None
) -> None:
    answer = http.get(f"/events?{query}", headers=headers)
    (error,) = problem(answer, 422, "invalid-input")["errors"]
    assert error.get("parameter") == name or error["header"] == "Last-Event-ID"


def test_a_position_that_is_not_in_the_log_is_refused(http: httpx.Client) -> None:
    answer = http.get("/events", headers={"Last-Event-ID": "4000000"})
    assert problem(answer, 409, "log-went-back")["position"] == 4_000_000


def test_streams_are_bounded_and_a_client_that_left_makes_room(v1: str) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(LIMIT):
                opened = await stack.enter_async_context(stream(f"{v1}/events"))
                assert opened.status == 200
            refused = await asyncio.to_thread(httpx.get, f"{v1}/events")
            assert problem(refused, 503, "too-many-streams")
            assert refused.headers["retry-after"] == "1"
        while True:  # until the server noticed that they left
            async with stream(f"{v1}/events") as opened:
                if opened.status == 200:
                    break

    run(test())


def test_silence_is_broken_by_comments(v1: str) -> None:
    async def test() -> None:
        async with stream(f"{v1}/events") as opened:
            comments = 0
            async for line in opened.lines():
                comments += line.startswith(":")
                if comments == 3:
                    break

    run(test())


def test_a_client_that_reads_nothing_is_let_go(v1: str, streams: EventStreams, store: Path) -> None:
    text = "x" * 20_000
    with plangate.connect(store) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="long")
        for _ in range(450):
            registry.score_prompt("long", "a", 0.5, rationale=text)

    async def test() -> None:
        async with stream(f"{v1}/plans/long/events") as opened:
            opened.writer.transport.pause_reading()  # type: ignore[attr-defined]
            while streams.open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    run(test())


def test_an_event_that_cannot_be_read_is_reported_and_passed_over(v1: str, store: Path) -> None:
    with plangate.connect(store) as registry:
        registry.create("g", ["A"], plan_id="damaged")
        registry.create("g", ["A"], plan_id="sound")
        position = registry.history.of("damaged")[0].envelope.position
    with closing(sqlite3.connect(store)) as file:
        file.execute("UPDATE stored_events SET state = 'x' WHERE originator_id = 'damaged'")
        file.commit()

    async def test() -> None:
        async with stream(f"{v1}/events?after={(position or 0) - 1}") as opened:
            problem, event = await first(opened, 2)
            assert (problem.name, problem.id) == ("problem", position)
            assert problem.value["type"] == "urn:plangate:problem:unreadable-event"
            assert event.value["plan_id"] == "sound"

    run(test())
