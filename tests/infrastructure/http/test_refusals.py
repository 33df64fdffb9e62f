"""Every refusal has one stable type, and no problem says what concerns the server alone."""

import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import plangate.aio
from plangate.application import errors
from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain import errors as refusals
from plangate.domain.errors import PlangateError
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.problem_details import Kind
from plangate.infrastructure.http import problems
from plangate.infrastructure.http.problems import KINDS, problem_of
from tests.infrastructure.http.conftest import NewPlan
from tests.infrastructure.http.test_conventions import problem
from tests.support.servers.http import application

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "http.md"
OF_THE_SERVER: Final = "/srv/secret/plans.db SELECT * FROM events"


OF_THE_LOG: Final = {errors.ViewBehind, errors.LogWentBack}
"""Errors of the store whose messages are made of names and positions."""


def kinds() -> dict[str, Kind]:
    others = [kind for kind in vars(problems).values() if isinstance(kind, Kind)]
    return {kind.slug: kind for kind in (*KINDS.values(), *others)}


def all_errors(parent: type[PlangateError]) -> set[Any]:
    return {parent, *(one for child in parent.__subclasses__() for one in all_errors(child))}


# --- the table ---


def test_the_reference_lists_every_type() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\d{3}) \| ([^|]+) \|", REFERENCE.read_text(), re.MULTILINE
    )
    assert {slug: (int(status), title) for slug, status, title in rows} == {
        slug: (kind.status, kind.title) for slug, kind in kinds().items()
    }


def test_types_differ() -> None:
    found = [kind.slug for kind in KINDS.values()]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("error", sorted(all_errors(errors.StoreError) - OF_THE_LOG, key=str))
def test_errors_of_the_store_say_nothing_of_the_server(
    error: type[errors.StoreError], caplog: pytest.LogCaptureFixture
) -> None:
    given = error.__new__(error)
    given.args = (OF_THE_SERVER,)
    for name in ("plan_id", "why", "store", "version", "events", "position"):
        setattr(given, name, OF_THE_SERVER)
    answer = problem_of(given)
    assert answer.status_code >= 500
    assert b"secret" not in answer.body
    assert b"SELECT" not in answer.body
    assert "secret" in caplog.text


# --- each refusal, by a request ---


def test_plans_that_are_there_twice_or_not(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan(plan_id="taken")
    body = {"goal": "g", "tasks": ["A"], "plan_id": "taken"}
    assert problem(http.post("/plans", json=body), 409, "plan-exists")["plan_id"] == "taken"
    for path in (
        "",
        "/gate",
        "/graph",
        "/board",
        "/timeline",
        "/replans",
        "/history",
        "/events",
        "/explanation",
        "/diff?a=1",
        "/check",
        "/findings",
    ):
        assert problem(http.get(f"/plans/none{path}"), 404, "plan-not-found")["plan_id"] == "none"
    what_if = http.post("/plans/none/what-if", json={"policy": "steady"})
    problem(what_if, 404, "plan-not-found")
    http.post(f"{plan}/commands", json={"op": "delete"})
    problem(http.get(plan), 410, "plan-gone")
    assert http.get(f"{plan}/gate").json()["verdict"] == "deleted"
    assert len(http.get(f"{plan}/history").json()["entries"]) == 2


def test_tasks_that_are_not_there_or_not_ready(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    score = {"output_score": 0.9}
    found = problem(http.post(f"{plan}/tasks/x/scores", json=score), 404, "task-not-found")
    assert found["task_id"] == "x"
    problem(http.post(f"{plan}/tasks/b/claim"), 409, "task-not-ready")
    body = {"reason": "r", "changes": [{"op": "drop", "task_id": "b"}]}
    http.post(f"{plan}/revise", json=body)
    problem(http.post(f"{plan}/tasks/b/scores", json=score), 410, "task-gone")
    body = {"reason": "r"}
    retract = f"{plan}/scores/{plan.rpartition('/')[2]}@1/retract"
    problem(http.post(retract, json=body), 404, "score-not-found")


def test_claims_and_holds(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    token = http.post(f"{plan}/tasks/a/claim", json={"worker": "w"}).json()["claim"]["token"]
    lost = http.post(f"{plan}/tasks/a/heartbeat", json={"token": token + 5})
    assert problem(lost, 409, "claim-lost")["holder"] == "w"
    http.post(f"{plan}/commands", json={"op": "pause", "reason": "r"})
    assert problem(http.post(f"{plan}/next-task"), 409, "plan-held")["why"]
    assert http.post("/next-task", json={"labels": ["no such label"]}).json() == {"task": None}


def test_what_only_the_whole_store_can_be_asked(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    problem(http.post(f"{plan}/next-task", json={"labels": ["x"]}), 422, "invalid-input")
    problem(http.get("/board"), 422, "invalid-input")
    created = http.post(f"{plan}/commands", json={"op": "create", "goal": "g", "tasks": ["A"]})
    problem(created, 409, "plan-exists")
    body = {"op": "create", "goal": "g", "tasks": ["A"], "plan_id": "other"}
    problem(http.post(f"{plan}/commands", json=body), 422, "invalid-input")
    unknown = http.post(f"{plan}/commands", json={"op": "explode"})
    assert problem(unknown, 422, "invalid-input")["errors"][0]["pointer"] == "/op"


def test_policies_and_grids_are_checked(http: httpx.Client) -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("/what-if", {}, "/policy"),
        ("/what-if", {"policy": 5}, "/policy"),
        ("/what-if", {"policy": "odd"}, "/policy"),
        ("/what-if", {"policy": {"confidence_threshold": 2}}, "/policy/confidence_threshold"),
        ("/sweep", {}, "/grid"),
        ("/sweep", {"grid": {}}, "/grid"),
        ("/sweep", {"grid": {"consecutive_lows": "12"}}, "/grid/consecutive_lows"),
        ("/sweep", {"grid": {"consecutive_lows": list(range(1, 1_100))}}, "/grid"),
        ("/sweep", {"grid": {"consecutive_lows": [1]}, "plan_ids": 5}, "/plan_ids"),
        ("/tune", {"truth": "rumours"}, "/truth"),
        ("/tune", {"folds": 1}, "/folds"),
        ("/tune", {"tries": 1_001}, "/tries"),
        ("/tune", {"grid": {"consecutive_lows": "12"}}, "/grid/consecutive_lows"),
        ("/tune", {"cost": {"missed": 0, "stopped": 0}}, "/cost"),
        ("/tune", {"by": "author"}, "/by"),
    ]
    for path, body, pointer in wrong:
        found = problem(http.post(path, json=body), 422, "invalid-input")
        assert found["errors"][0]["pointer"] == pointer, found


def test_a_position_that_no_view_has_come_to(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    for path in ("/plans", "/replans", f"{plan}/board", f"{plan}/timeline"):
        answer = http.get(path, params={"at_least": 10**12})
        assert problem(answer, 409, "view-behind")["required"] == 10**12
        assert answer.headers["retry-after"] == "1"


def test_proofs_of_what_is_not_there(http: httpx.Client, new_plan: NewPlan) -> None:
    new_plan()
    found = problem(http.get("/ledger/proofs/none@1"), 422, "invalid-input")
    assert found["errors"][0]["parameter"] == "event_id"
    body = {"old": "x", "new": "y"}
    problem(http.post("/ledger/consistency", json=body), 422, "invalid-input")


# --- who may ---


def _guarded(scopes: set[Scope] | None) -> TestClient:
    def caller() -> Caller:
        if scopes is None:
            raise Unauthenticated("no key was sent")
        return Caller("key-1", frozenset(scopes))

    return TestClient(application(lambda: plangate.aio.connect("memory:"), caller=caller))


def test_without_a_key_nothing_is_answered() -> None:
    with _guarded(None) as client:
        answer = client.get("/v1/plans")
        problem(answer, 401, "unauthenticated")  # type: ignore[arg-type]
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "scope, may",
    [
        (Scope.PLANS_READ, "r"),
        (Scope.PLANS_SCORE, "rs"),
        (Scope.PLANS_WRITE, "rsw"),
        (Scope.ADMIN, "rswa"),
    ],
)
def test_a_scope_allows_what_it_includes(scope: Scope, may: str) -> None:
    score = {"op": "score_prompt", "task_id": "a", "score": 0.9}
    tried = [
        ("r", "GET", "/plans", None),
        ("r", "POST", "/what-if", {"policy": "steady"}),
        (
            "w",
            "POST",
            "/plans",
            {"goal": "g", "plan_id": "p", "tasks": [{"id": "a", "title": "A"}]},
        ),
        ("s", "POST", "/plans/p/tasks/a/scores", {"output_score": 0.9}),
        ("s", "POST", "/plans/p/commands", score),
        ("w", "POST", "/plans/p/commands", {"op": "pause", "reason": "r"}),
        ("a", "POST", "/plans/p/commands", {"op": "erase"}),
    ]
    with _guarded({scope}) as client:
        for needed, method, path, body in tried:
            answer = client.request(method, f"/v1{path}", json=body)
            if needed in may:
                assert answer.status_code in {200, 201, 404}, answer.text
            else:
                problem(answer, 403, "forbidden")  # type: ignore[arg-type]


# --- when the store cannot be asked ---


def test_a_store_that_is_closed_is_unavailable() -> None:
    registry = plangate.aio.connect("memory:")
    app: FastAPI = application(lambda: registry)
    with TestClient(app) as client:
        client.portal.call(_closed, registry)  # type: ignore[union-attr]
        for path in ("/v1/plans", "/v1/plans/p", "/v1/events", "/v1/plans/p/gate"):
            answer = client.get(path)
            problem(answer, 503, "store-unavailable")  # type: ignore[arg-type]
            assert answer.headers["retry-after"] == "1"


async def _closed(registry: AsyncPlanRegistry) -> None:
    await registry.close()


def test_every_error_of_plangate_has_a_kind() -> None:
    for error in all_errors(PlangateError) | all_errors(refusals.InvalidInput):
        assert problems.kind_of(error.__new__(error)).slug
