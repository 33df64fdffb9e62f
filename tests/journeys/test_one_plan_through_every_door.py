"""The same work through Python, the command line, HTTP and MCP: the same events.

A plan of three tasks: the first is scored low, so that a replan is due; it is split, one part is
retried, one task is deferred, given back, marked and approved; the rest is done.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from mcp import Client
from typer.testing import CliRunner

import plangate
import plangate.aio
from plangate.infrastructure.cli.app import app
from plangate.infrastructure.mcp.callers import Callers
from plangate.infrastructure.mcp.server import PlanServer
from tests.support.agents.agent import Agent
from tests.support.servers.http import application, serving

ACTOR: Final = "agent-7"
PLAN: Final = {
    "plan_id": "parser",
    "goal": "Build a parser",
    "tasks": [
        {"id": "lexer", "title": "Lexer", "description": "Numbers, names"},
        {"id": "grammar", "title": "Grammar", "depends_on": ["lexer"]},
        {"id": "docs", "title": "Docs", "labels": ["late"]},
    ],
    "policy": {"confidence_threshold": 0.7, "gate": "advise", "latch": True},
}
CHANGES: Final = [
    {
        "op": "split",
        "task_id": "lexer",
        "into": [{"id": "numbers", "title": "Numbers"}, {"id": "names", "title": "Names"}],
    },
    {"op": "add", "task": {"id": "tests", "title": "Tests"}, "before": "grammar"},
]
JUDGED: Final = {"scorer": "model:judge@2", "rationale": "the tests fail"}

Step = tuple[str, dict[str, Any]]
STEPS: Final[list[Step]] = [
    ("create", PLAN),
    ("next_task", {"worker": "w1", "lease": 3600.0}),
    (
        "update",
        {"task_id": "lexer", "prompt_score": 4.0, "output_score": 1.0, "scale": [1, 5], **JUDGED},
    ),
    ("revise", {"reason": "too coarse", "changes": CHANGES}),
    ("claim_task", {"task_id": "names", "worker": "w2"}),
    ("release", {"task_id": "names", "reason": "numbers first"}),
    ("defer_task", {"task_id": "docs", "reason": "waits for the release"}),
    ("next_task", {"worker": "w1"}),
    ("update", {"task_id": "numbers", "output_score": 0.2, "scorer": "code:pytest"}),
    ("retry", {"task_id": "numbers", "reason": "another attempt"}),
    ("record_scoring_failure", {"task_id": "numbers", "kind": "output", "reason": "timeout"}),
    ("update", {"task_id": "numbers", "output_score": 0.9, "evidence": {"passed": 12}}),
    ("pause", {"reason": "lunch"}),
    ("resume", {"reason": "back"}),
    ("update", {"task_id": "names", "output_score": 0.3}),
    ("approve", {"reason": "good enough for now", "accept": ["names"]}),
    ("mark_task", {"task_id": "tests", "status": "done", "reason": "by hand"}),
    ("undefer_task", {"task_id": "docs", "reason": "released"}),
    ("update", {"task_id": "grammar", "output_score": 1.0}),
    ("update", {"task_id": "docs", "output_score": 0.8, "mark_done": True}),
]


def through_python(store: Path) -> None:
    with plangate.connect(store) as registry, registry.acting_as(ACTOR):
        for op, given in STEPS:
            registry.execute(None if op == "create" else "parser", {"op": op, **given})


def through_the_command_line(store: Path) -> None:
    folder = store.parent
    for number, (op, given) in enumerate(STEPS):
        words, file = _command_line(op, given)
        if file is not None:
            path = folder / f"{number}.json"
            path.write_text(json.dumps(file), "utf-8")
            words = [str(path) if word == "FILE" else word for word in words]
        line = ["--db", str(store), *words, "--actor", ACTOR]
        result = CliRunner().invoke(app, line)
        assert result.exit_code in {0, 10, 11, 12}, (line, result.output)


def _command_line(op: str, given: dict[str, Any]) -> tuple[list[str], Any]:
    options = {
        "worker": "--worker",
        "lease": "--lease",
        "reason": "--reason",
        "prompt_score": "--prompt",
        "output_score": "--output",
        "scorer": "--scorer",
        "rationale": "--rationale",
    }
    words = [
        word
        for name, option in options.items()
        if name in given
        for word in (option, str(given[name]))
    ]
    task = given.get("task_id", "")
    match op:
        case "create":
            return ["create", "FILE"], given
        case "revise":
            return ["revise", "parser", "FILE", *words], given["changes"]
        case "next_task":
            return ["next", "parser", *words], None
        case "update":
            words += ["--scale", "1,5"] if "scale" in given else []
            words += ["--evidence", json.dumps(given["evidence"])] if "evidence" in given else []
            return ["score", "parser", task, *words], None
        case "record_scoring_failure":
            return ["score", "parser", task, "--failed", given["reason"]], None
        case "approve":
            return ["approve", "parser", "--accept", *given["accept"], *words], None
        case "retry":
            return ["retry", "parser", task, *words], None
        case "pause" | "resume":
            return ["plan", op, "parser", *words], None
        case "mark_task":
            return ["task", "mark", "parser", task, given["status"], *words], None
        case _:
            return ["task", op.removesuffix("_task"), "parser", task, *words], None


def through_http(store: Path) -> None:
    paths = {
        "next_task": "next-task",
        "update": "scores",
        "record_scoring_failure": "scoring-failures",
        "claim_task": "claim",
        "defer_task": "defer",
        "undefer_task": "undefer",
        "mark_task": "mark",
    }
    with (
        serving(application(lambda: plangate.aio.connect(store))) as address,
        httpx.Client(base_url=f"{address}/v1", headers={"X-Actor": ACTOR}, timeout=60) as http,
    ):
        for op, given in STEPS:
            body = {name: value for name, value in given.items() if name != "task_id"}
            task = f"/tasks/{given['task_id']}" if "task_id" in given else ""
            if op == "create":
                answer = http.post("/plans", json=body)
            elif op in {"pause", "resume"}:
                answer = http.post("/plans/parser/commands", json={"op": op, **body})
            else:
                answer = http.post(f"/plans/parser{task}/{paths.get(op, op)}", json=body)
            assert answer.is_success, (op, answer.text)


def through_mcp(store: Path) -> None:
    tools = {"create": "plan_register", "next_task": "plan_next", "claim_task": "plan_next"}
    tools |= dict.fromkeys(("update", "record_scoring_failure"), "plan_update")
    tools |= dict.fromkeys(("revise", "retry", "approve", "pause", "resume"), "plan_revise")
    tools |= dict.fromkeys(("release", "defer_task", "undefer_task", "mark_task"), "plan_mark")

    async def work() -> None:
        async with plangate.aio.connect(store) as registry:
            server = PlanServer(lambda: registry, callers=Callers(ACTOR)).server()
            async with Client(server) as client:
                agent = Agent(client)
                for op, given in STEPS:
                    named = {"op": op} if tools[op] in {"plan_revise", "plan_mark"} else {}
                    await agent(tools[op], **{"plan_id": "parser", **named, **given})

    asyncio.run(work())


def recorded(store: Path) -> list[dict[str, Any]]:
    """Each event but for its time, and who asked for it."""
    with plangate.connect(store) as registry:
        return [
            {
                **one.event.model_dump(mode="json", exclude={"at", "lease_until"}),
                "kind": type(one.event).__name__,
                "actor": one.envelope.actor,
            }
            for one in registry.history.of("parser")
        ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    store = tmp_path_factory.mktemp("python") / "plans.db"
    through_python(store)
    with plangate.connect(store) as registry:
        assert registry.get_status("parser").state == "complete"
        assert registry.get_status("parser").replan_count > 1
    return recorded(store)


DOORS: Final = {
    "the command line": through_the_command_line,
    "HTTP": through_http,
    "MCP": through_mcp,
}


@pytest.mark.xdist_group("every door")
@pytest.mark.parametrize("door", DOORS)
def test_the_same_work_gives_the_same_events(
    door: str, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    store = tmp_path / "plans.db"
    DOORS[door](store)
    assert recorded(store) == expected
