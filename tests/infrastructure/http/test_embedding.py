"""The API inside a larger application: its prefix, its authentication, its error handlers."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

import plangate
import plangate.aio
import plangate.http

PLAN = {"goal": "g", "tasks": ["A"], "plan_id": "a/b"}
EVE = {"Authorization": "eve"}


def user(authorization: Annotated[str | None, Header()] = None) -> str:
    """The host's own authentication."""
    if authorization is None:
        raise HTTPException(401, "who are you?")
    return authorization


def caller(
    name: Annotated[str, Depends(user)], tenant: Annotated[str, Query(max_length=50)] = "none"
) -> plangate.http.Caller:
    scopes = {
        plangate.http.Scope.PLANS_WRITE if tenant == "ours" else plangate.http.Scope.PLANS_READ
    }
    return plangate.http.Caller(name, frozenset(scopes))


def host() -> FastAPI:
    opened: list[plangate.aio.AsyncPlanRegistry] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with plangate.aio.connect("memory:") as plans:
            opened.append(plans)
            yield

    app = FastAPI(lifespan=lifespan)

    async def own(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"host": type(error).__name__}, 418)

    for handled in (RequestValidationError, HTTPException, plangate.PlangateError):
        app.add_exception_handler(handled, own)

    @app.get("/own")
    def own_route(number: int) -> int:
        if number == 0:
            raise plangate.PlanNotFound("p")
        return number

    api = APIRouter(prefix="/team")
    api.include_router(plangate.http.router(lambda: opened[0], caller=caller), prefix="/plangate")
    app.include_router(api, prefix="/api")
    return app


def test_its_errors_are_problems_and_those_of_the_host_stay_its_own() -> None:
    with TestClient(host()) as client:
        plans = "/api/team/plangate/plans"
        refused = client.get(f"{plans}/none", headers=EVE)
        assert refused.json()["type"] == "urn:plangate:problem:plan-not-found"
        invalid = client.get(f"{plans}?limit=0", headers=EVE)
        assert invalid.json()["type"] == "urn:plangate:problem:invalid-input"
        assert client.get(plans).json() == {"host": "HTTPException"}
        assert client.get("/own?number=x").json() == {"host": "RequestValidationError"}
        assert client.get("/own?number=0").json() == {"host": "PlanNotFound"}


def test_the_callers_name_and_scopes_are_those_the_host_gives() -> None:
    with TestClient(host()) as client:
        plans = "/api/team/plangate/plans"
        assert client.post(plans, json=PLAN, headers=EVE).status_code == 403
        created = client.post(f"{plans}?tenant=ours", json=PLAN, headers=EVE)
        assert created.headers["location"] == f"{plans}/a%2Fb"
        history = client.get(created.headers["location"] + "/history", headers=EVE).json()
        assert [entry["actor"] for entry in history["entries"]] == ["eve"]
        assert client.get(f"{plans}?tenants=ours", headers=EVE).status_code == 422
        for method, path in (("GET", plans), ("POST", f"{plans}/a%2Fb/next-task")):
            long = client.request(method, f"{path}?tenant={'x' * 51}", headers=EVE)
            assert long.json()["errors"][0]["parameter"] == "tenant"


def test_the_document_of_the_host_has_the_operations() -> None:
    document = host().openapi()
    assert "/api/team/plangate/plans/{plan_id}/gate" in document["paths"]
    assert "/own" in document["paths"]
    assert "PlangateProblem" in document["components"]["schemas"]


def test_it_can_be_mounted() -> None:
    app = host()
    outer = FastAPI(lifespan=app.router.lifespan_context)
    outer.mount("/a b/mount", app)
    with TestClient(outer) as client:
        plans = "/a%20b/mount/api/team/plangate/plans"
        created = client.post(f"{plans}?tenant=ours", json=PLAN, headers=EVE)
        assert created.status_code == 201
        gate = client.get(f"{plans}/a%2Fb/gate", headers=EVE)
        assert gate.json()["plan_id"] == "a/b"


def test_an_open_registry_can_be_given_itself() -> None:
    registry = plangate.aio.connect("memory:")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with registry:
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(plangate.http.router(registry))
    with TestClient(app) as client:
        assert client.post("/plans", json=PLAN).status_code == 201


# --- without FastAPI ---


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_plangate_alone_imports_no_fastapi() -> None:
    code = "import sys, plangate, plangate.aio, plangate.http; plangate.connect('memory:').close()"
    assert python(f"{code}; print({{'fastapi', 'starlette'}} & set(sys.modules))") == "set()"


@pytest.mark.parametrize("missing", ["fastapi", "starlette"])
def test_without_fastapi_it_says_what_to_install(missing: str) -> None:
    code = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "import plangate.http\n"
        "try:\n    plangate.http.router\n"
        "except ImportError as error:\n    print(error)"
    )
    assert "pip install 'plangate[server]'" in python(code)


def test_it_has_what_it_exports_and_nothing_else() -> None:
    assert all(getattr(plangate.http, name) for name in plangate.http.__all__)
    assert set(plangate.http.__all__) <= set(dir(plangate.http))
    with pytest.raises(AttributeError):
        plangate.http.nothing  # type: ignore[attr-defined]  # noqa: B018
