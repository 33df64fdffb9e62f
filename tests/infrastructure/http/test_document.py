"""The OpenAPI document: complete, and that of the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plangate.application.access.scopes import Scope
from plangate.infrastructure.http.document import document

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_it_is_of_openapi_3_1_and_all_references_lead_somewhere(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert names <= set(described["components"]["schemas"])


def test_every_operation_is_described(described: dict[str, Any]) -> None:
    found = list(operations(described))
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids)) > 40
    for method, path, operation in found:
        assert operation["tags"], path
        (needed,) = operation["security"]
        (scope,) = needed["bearer"]
        assert scope in list(Scope)
        assert f"Scope: `{scope}`" in operation["description"]
        assert {"400", "401", "403", "422", "503"} <= set(operation["responses"])
        body = operation.get("requestBody")
        assert body is None or method == "post"
        if body is not None:
            assert body["content"]["application/json"]["schema"].get("examples") or body["content"][
                "application/json"
            ].get("examples"), path


def test_every_problem_is_described_with_an_example(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        for status, response in operation["responses"].items():
            if status.startswith("2") or status == "304":
                continue
            content = response["content"]["application/problem+json"]
            for slug, example in content["examples"].items():
                assert example["value"]["type"].endswith(slug), path
                assert str(example["value"]["status"]) == status


def test_the_server_gives_the_same_operations(address: str, described: dict[str, Any]) -> None:
    served = httpx.get(f"{address}/openapi.json", timeout=60).json()
    assert set(served["paths"]) == set(described["paths"])


def test_the_reference_lists_every_operation(described: dict[str, Any]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "http.md").read_text()
    listed = set(re.findall(r"^\| `(GET|POST) (/[^`]*)` \|", text, re.MULTILINE))
    assert listed == {
        (method.upper(), path.removeprefix("/v1")) for method, path, _ in operations(described)
    }
