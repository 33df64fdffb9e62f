"""A client of the SDK and a server in another process: whole plans, crashes, many at once.

Also what the protocol alone may see: stdout carries nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from mcp import MCPError

import plangate
from tests.support.agents.agent import Agent
from tests.support.agents.programs import ROOT, OverHttp, OverStdio, served
from tests.support.soak import Say, short_and_long

LONG: Final = [pytest.mark.soak, pytest.mark.timeout(0)]
CLIENTS: Final = 8
SHORT: Final = 24
WITH_SERVERS_OF_THEIR_OWN: Final = 2
GONE: Final = (MCPError, BaseExceptionGroup, ConnectionError, OSError, RuntimeError)
"""What a client raises whose server is gone."""


@pytest.mark.parametrize(
    "transport, mode",
    [
        (OverStdio, "auto"),
        pytest.param(OverHttp, "legacy", marks=pytest.mark.soak),
        pytest.param(OverStdio, "legacy", marks=pytest.mark.soak),
        pytest.param(OverHttp, "auto", marks=pytest.mark.soak),
    ],
)
def test_a_plan_is_worked_through_although_its_server_is_killed(
    tmp_path: Path, transport: type[OverStdio | OverHttp], mode: str
) -> None:
    """Registered, scored, replanned; killed and started again; approved, done, explained."""
    store = tmp_path / "plans.db"
    score = {"plan_id": "p", "task_id": "lexer", "output_score": 0.3, "idempotency_key": "k1"}

    async def before(program: OverStdio | OverHttp) -> None:
        async with program.agent(mode) as agent:
            tasks = [{"id": "lexer", "title": "Lexer"}, {"id": "grammar", "title": "Grammar"}]
            await agent("plan_register", goal="Build a parser", tasks=tasks, plan_id="p")
            taken = await agent("plan_next", plan_id="p", worker="one", lease=3600)
            answer = await agent("plan_update", **score, token=taken["task"]["token"])
            assert answer["verdict"] == "replan"
            program.kill()
            with suppress(*GONE):
                await asyncio.wait_for(agent("plan_status", plan_id="p"), 10)
                raise AssertionError("a killed server answered")

    async def after(program: OverStdio | OverHttp) -> None:
        async with program.agent(mode) as agent:
            (plan,) = (await agent("plan_list"))["plans"]
            assert (plan["plan_id"], plan["verdict"]) == ("p", "replan")
            again = await agent("plan_update", **score, token=2)
            assert again["recorded"] is True  # the first answer, once more
            assert (await agent("plan_explain", plan_id="p"))["parts"][0]["task_id"] == "lexer"
            changes = [{"op": "split", "task_id": "lexer", "into": ["Numbers", "Names"]}]
            revised = await agent(
                "plan_revise", plan_id="p", op="revise", reason="too coarse", changes=changes
            )
            assert revised["verdict"] == "go"
            assert (await agent.work("p", 0.9, 0.8, 0.9, scorer="tests"))["verdict"] == "complete"
            assert (await agent("plan_next", plan_id="p"))["verdict"] == "complete"
            events = (await agent("plan_history", plan_id="p", limit=100))["events"]
            assert sum(event["kind"] == "task-scored" for event in events) == 4

    with served(transport, store, tmp_path) as program:
        with suppress(*GONE):
            asyncio.run(before(program))
        program.restart()
        asyncio.run(after(program))
    with plangate.connect(store) as registry:
        assert registry.get_status("p").state == "complete"
        assert registry.replay.check().mismatch_count == 0


@pytest.mark.parametrize(
    "transport, kills",
    [
        (OverStdio, 1),
        pytest.param(OverStdio, 25, marks=LONG),
        pytest.param(OverHttp, 25, marks=LONG),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_is_recorded_twice(
    tmp_path: Path, transport: type[OverStdio | OverHttp], kills: int, say: Say
) -> None:
    """The server is killed in the middle of scores; each is sent again until it is acknowledged."""
    store, random = tmp_path / "plans.db", Random(7)
    with plangate.connect(store) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    acknowledged: list[str] = []
    number = 0

    async def until_killed(program: OverStdio | OverHttp, delay: float) -> None:
        nonlocal number
        async with program.agent() as agent:
            killed_from = number
            while True:
                if number == killed_from + 1:
                    asyncio.get_running_loop().call_later(delay, program.kill)
                answer = await asyncio.wait_for(
                    agent(
                        "plan_update",
                        plan_id="p",
                        task_id="a",
                        output_score=0.9,
                        rationale=f"score {number}",
                        idempotency_key=f"key-{number}",
                    ),
                    20,
                )
                assert answer["recorded"]
                acknowledged.append(f"score {number}")
                number += 1

    with served(transport, store, tmp_path) as program:
        for round_ in range(kills):
            if round_:
                program.restart()
            with suppress(*GONE, TimeoutError):
                asyncio.run(until_killed(program, 0.05 + random.random() / 3))
        program.restart()
    with plangate.connect(store) as registry:
        events = [one.event for one in registry.history.of("p")]
        scores = Counter(e.rationale for e in events if isinstance(e, plangate.TaskScored))
        lost = [one for one in acknowledged if not scores[one]]
        doubled = [one for one, count in scores.items() if count > 1]
        assert (lost, doubled) == ([], [])
        assert len(scores) - len(acknowledged) <= kills
        assert acknowledged
    say(
        f"mcp killed over {transport.__name__}",
        kills=kills,
        acknowledged=len(acknowledged),
        lost=len(lost),
        doubled=len(doubled),
    )


@short_and_long("tasks", SHORT, 2_000)
def test_eight_clients_on_one_store_share_the_work(tmp_path: Path, tasks: int, say: Say) -> None:
    """Over HTTP; in the long form two have servers of their own. No task twice, no score lost."""
    own = WITH_SERVERS_OF_THEIR_OWN if tasks > SHORT else 0
    store = tmp_path / "plans.db"
    with plangate.connect(store) as registry:
        registry.create("g", [f"Task {n}" for n in range(tasks)], plan_id="p")
    taken: list[str] = []
    scored: list[str] = []

    async def work(agent: Agent, worker: str) -> None:
        while True:
            answer = await agent("plan_next", plan_id="p", worker=worker)
            if "task" not in answer:
                assert answer["verdict"] in {"wait", "complete"}
                return
            task = answer["task"]
            taken.append(task["task_id"])
            await agent(
                "plan_update",
                plan_id="p",
                task_id=task["task_id"],
                output_score=0.9,
                token=task["token"],
                scorer=worker,
            )
            scored.append(task["task_id"])

    async def everyone(http: OverHttp, stdio: OverStdio) -> None:
        async with AsyncExitStack() as stack:
            agents = [
                await stack.enter_async_context(program.agent())
                for program in [stdio] * own + [http] * (CLIENTS - own)
            ]
            await asyncio.gather(*(work(one, f"w{n}") for n, one in enumerate(agents)))

    with served(OverHttp, store, tmp_path) as http:
        asyncio.run(everyone(http, OverStdio(store, tmp_path)))  # type: ignore[arg-type]
    with plangate.connect(store) as registry:
        events = [one.event for one in registry.history.of("p")]
        recorded = [e.task_id for e in events if isinstance(e, plangate.TaskScored)]
        assert registry.get_status("p").state == "complete"
    assert len(taken) == len(set(taken)) == tasks
    assert sorted(recorded) == sorted(scored) == sorted(taken)
    say("mcp eight clients", clients=CLIENTS, tasks=tasks, taken_twice=0, scores_lost=0)


def _spoken(store: Path, *requests: object) -> list[dict[str, Any]]:
    """What a server says on stdout to lines on stdin, until all requests are answered."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in (*_HANDSHAKE, *requests)]
    expected = sum('"id"' in line for line in lines)
    server = subprocess.Popen(
        [sys.executable, "-m", "plangate", "mcp", "--db", str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PLANGATE_ACTOR"},
    )
    assert server.stdin
    assert server.stdout
    with server:
        server.stdin.write("\n".join(lines) + "\n")
        server.stdin.flush()
        said = [json.loads(server.stdout.readline()) for _ in range(expected)]
        server.stdin.close()
        said += map(json.loads, server.stdout)
        assert server.wait(60) == 0
    return said


_HANDSHAKE: Final = (
    {
        "jsonrpc": "2.0",
        "id": "hello",
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)


def _call(request_id: object, tool: str, **arguments: object) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def test_stdout_carries_nothing_but_the_protocol(tmp_path: Path) -> None:
    store = tmp_path / "plans.db"
    answers = _spoken(
        store,
        "not JSON at all",
        '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}',
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        _call(3, "plan_status", plan_id="none"),
        _call(4, "plan_status", plan_id=["deep", {"er": None}]),
        '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"plan_update",'
        '"arguments":{"plan_id":"p","task_id":"a","output_score":NaN}}}',
        {"jsonrpc": "2.0", "id": 6, "method": "prompts/list"},
    )
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    by_id = {answer["id"]: answer for answer in answers if "id" in answer}
    assert len(by_id[2]["result"]["tools"]) == 10
    assert "plan_register" in by_id["hello"]["result"]["instructions"]
    for request_id in (3, 4):
        assert by_id[request_id]["result"]["isError"]
    assert "error" in by_id[1]
    assert "error" in by_id[6]


def test_the_same_request_of_one_connection_is_recorded_once(tmp_path: Path) -> None:
    store = tmp_path / "plans.db"
    same = _call(7, "plan_register", goal="g", tasks=["A"])
    _spoken(store, same, {"jsonrpc": "2.0", "id": 8, "method": "ping"}, same)
    _spoken(store, same)
    with plangate.connect(store) as registry:
        assert len(registry.list_plans()) == 2  # one for each connection
        assert {one.envelope.actor for one in registry.history.events()} == {"raw"}
