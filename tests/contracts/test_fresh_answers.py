"""What a question to followed views reflects: all that was recorded before it was asked."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep

import psycopg
import pytest

import plangate
from plangate.application.views import follower
from tests.support.servers.postgres import PostgresServer

NEVER = 3_600.0
QUESTIONS: dict[str, Callable[[plangate.PlanRegistry, str], object]] = {
    "plans": lambda r, p: [one.plan_id for one in r.views.plans(verdict="replan").plans] == [p],
    "text": lambda r, p: [one.plan_id for one in r.views.plans(text=p).plans] == [p],
    "board": lambda r, p: [one.status for one in r.views.board(p).tasks] == ["replanning"],
    "status": lambda r, p: [one.plan_id for one in r.views.board(status="replanning")] == [p],
    "timeline": lambda r, p: [one.score for one in r.views.timeline(p).scores] == [0.1],
    "replans": lambda r, p: next(iter(r.views.replans(newest_first=True))).plan_id == p,
    "replans of a plan": lambda r, p: len(r.views.replans(p).replans) == 1,
    "attention": lambda r, p: [one.plan_id for one in r.views.attention().plans] == [p],
    "list_plans": lambda r, p: [one.plan_id for one in r.list_plans(verdict="replan")] == [p],
}


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.url
    return "memory:" if request.param == "memory" else str(tmp_path / "plans.db")


@pytest.fixture
def server(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[plangate.PlanRegistry]:
    """A registry that follows the log, and looks at it only where a question waits."""
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    monkeypatch.setattr(follower, "TOGETHER", NEVER)
    with plangate.connect(address) as registry:
        registry.views.follow()
        registry.views.plans()
        yield registry


def fires(registry: plangate.PlanRegistry, plan_id: str) -> None:
    """Record a plan whose gate fires."""
    task = {"id": "a", "title": "A"}
    registry.create(f"the goal of {plan_id}", [task], plan_id=plan_id)
    registry.score_output(plan_id, "a", 0.1)


@contextmanager
def in_a_transaction(
    address: str, registry: plangate.PlanRegistry
) -> Iterator[plangate.PlanRegistry]:
    """The registry in a transaction of its host, which then commits it."""
    connection = psycopg.connect(address) if "://" in address else sqlite3.connect(address)
    with closing(connection), connection, registry.in_transaction(connection) as inside:
        yield inside


@pytest.mark.parametrize(
    "address,writer",
    [
        ("memory", "itself"),
        *(
            (engine, writer)
            for engine in ("sqlite", "postgres")
            for writer in ("itself", "another", "its host")
        ),
    ],
    indirect=["address"],
)
def test_every_question_sees_what_was_recorded_before(
    server: plangate.PlanRegistry, address: str, writer: str
) -> None:
    for number, (name, sees) in enumerate(QUESTIONS.items()):
        plan_id = f"plan{number}"
        if writer == "itself":
            fires(server, plan_id)
        elif writer == "another":
            with plangate.connect(address) as other:
                fires(other, plan_id)
        else:
            with in_a_transaction(address, server) as inside:
                fires(inside, plan_id)
        assert sees(server, plan_id), name
        server.approve(plan_id, "seen", accept=["a"])


def test_a_question_to_followed_views_waits_for_no_writer_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LOOK_EVERY", NEVER)
    path = tmp_path / "plans.db"
    with (
        plangate.connect(str(path)) as server,
        plangate.connect(str(path)) as other,
        closing(sqlite3.connect(path, isolation_level=None)) as writer,
    ):
        server.views.follow()
        while not server.views._follower._whole_look_at:  # its first look, which saves
            sleep(0.01)
        other.create("g", ["A"], plan_id="p")
        writer.execute("BEGIN IMMEDIATE")
        assert [one.plan_id for one in server.views.plans().plans] == ["p"]
        assert server.views.report().failure is None  # of waiting until it gave up
