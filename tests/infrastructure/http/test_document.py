"""The OpenAPI document: complete, and that of the code."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema
import pytest
import schemathesis

import plangate.aio
from plangate.application.access.scopes import Scope
from plangate.infrastructure.http.app import create_app
from plangate.infrastructure.http.document import document

PROBLEM: Final = "application/problem+json"
Operation = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(described: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of an operation, or the component that it refers to."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = described["components"][kind][name]
    return found


def test_it_is_of_openapi_3_1_and_all_references_lead_somewhere(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(described).validate()
    for kind, name in set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(described))):
        assert name in described["components"][kind]


def test_what_operations_share_is_described_once(described: dict[str, Any]) -> None:
    """The document stays readable: a refusal that several operations have is a component."""
    seen = Counter(
        json.dumps(part, sort_keys=True)
        for _, _, operation in operations(described)
        for part in (
            *(one for one in operation["responses"].values() if PROBLEM in one.get("content", {})),
            *operation.get("parameters", []),
        )
        if "$ref" not in part
    )
    assert not [part for part, number in seen.items() if number > 2]
    for _, _, operation in operations(described):
        assert operation["responses"]["401"] == {
            "$ref": "#/components/responses/status-401.unauthenticated"
        }


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


def test_every_answer_has_an_example_that_fits(described: dict[str, Any]) -> None:
    whole = {"components": described["components"]}
    for _, path, operation in operations(described):
        (success,) = [one for one in operation["responses"] if one in {"200", "201"}]
        for media_type, content in operation["responses"][success]["content"].items():
            assert content.get("example"), path
            if media_type == "application/json":
                schema = {**content["schema"], **whole}
                jsonschema.Draft202012Validator(schema).validate(content["example"])


def test_every_problem_is_described_with_an_example(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        for status, response in operation["responses"].items():
            if status.startswith("2") or status == "304":
                continue
            content = resolved(described, response)["content"][PROBLEM]
            for slug, given in content["examples"].items():
                example = resolved(described, given)
                assert example["value"]["type"].endswith(slug), path
                assert str(example["value"]["status"]) == status


def test_the_server_gives_the_same_operations(address: str, described: dict[str, Any]) -> None:
    for served in (
        httpx.get(f"{address}/openapi.json", timeout=60).json(),
        create_app(lambda: plangate.aio.connect("memory:")).openapi(),
    ):
        schemathesis.openapi.from_dict(served).validate()
        assert set(served["paths"]) - {"/healthz", "/readyz", "/metrics"} == set(described["paths"])
        assert served["components"]["responses"] == described["components"]["responses"]


def test_the_reference_lists_every_operation(described: dict[str, Any]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "http.md").read_text()
    listed = set(re.findall(r"^\| `(GET|POST) (/[^`]*)` \|", text, re.MULTILINE))
    assert listed == {
        (method.upper(), path.removeprefix("/v1")) for method, path, _ in operations(described)
    }
