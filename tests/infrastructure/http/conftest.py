"""One server for all tests of the API, on a store in memory: each test has plans of its own."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

import plangate.aio
from tests.support.servers.http import application, serving

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B", "depends_on": ["a"]}]

NewPlan = Callable[..., str]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the server."""
    with serving(application(lambda: plangate.aio.connect("memory:"))) as address:
        yield address


@pytest.fixture(scope="session")
def http(address: str) -> Iterator[httpx.Client]:
    """A client of the API."""
    with httpx.Client(base_url=f"{address}/v1", timeout=60) as client:
        yield client


@pytest.fixture
def new_plan(http: httpx.Client) -> NewPlan:
    """Makes a plan of two tasks; its path below /v1."""

    def create(**fields: Any) -> str:
        plan_id = fields.pop("plan_id", f"plan-{uuid4()}")
        body = {"goal": "Move billing", "tasks": TASKS, "plan_id": plan_id, **fields}
        answer = http.post("/plans", json=body)
        assert answer.status_code == 201, answer.text
        return f"/plans/{quote(plan_id, safe='')}"

    return create
