"""Hostile values in every field of every body, in paths and in queries: refused, not failed."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from tests.infrastructure.http.conftest import NewPlan
from tests.infrastructure.http.test_conventions import problem

TEXTS: Final = (
    "<script>alert(1)</script>",
    "'; DROP TABLE stored_events; --",
    "\u202egnp.exe",
    "👩‍👩‍👧‍👦🏴‍☠️",
    "a" * 10_000,
    "../../etc/passwd",
    "{{7*7}} ${7*7} %s %n",
    "\r\nSet-Cookie: x=1",
    "\0",
    "\u2028",
    " ",
)
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, -1, 0, 2**63, 10**400, 1e308, 0.1 + 0.2, "0.9", "true", [], {}, [[]],
    {"$ne": 1}, [None], {"": ""},
)  # fmt: skip

BODIES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/plans", {"goal": "g", "tasks": [{"title": "T"}], "policy": "steady", "labels": ["l"],
                "metadata": {"a": 1}, "priority": 1, "confidence_threshold": 0.5}),
    ("/plans/import", {"goal": "g", "tasks": [{"title": "T"}], "plan_id": "hostile"}),
    ("/plans/import", {"tag": {"tasks": [{"id": 1, "title": "T"}], "metadata": {}}}),
    ("/next-task", {"worker": "w", "lease": 1, "labels": ["nowhere"]}),
    ("{plan}/next-task", {"worker": "w", "lease": 1}),
    ("{plan}/tasks/a/claim", {"worker": "w", "lease": 1}),
    ("{plan}/tasks/a/heartbeat", {"token": 99, "lease": 1}),
    ("{plan}/tasks/a/release", {"token": 99, "reason": "r"}),
    ("{plan}/tasks/a/mark", {"status": "pending", "reason": "r"}),
    ("{plan}/tasks/a/defer", {"reason": "r", "until": "2030-01-01T00:00:00Z"}),
    ("{plan}/tasks/a/undefer", {"reason": "r"}),
    ("{plan}/tasks/a/scores", {"prompt_score": 0.5, "output_score": 0.5, "mark_done": True,
                               "scorer": "s", "scale": [0, 1], "rationale": "r",
                               "evidence": {"a": 1}, "occurred_at": "2026-01-01T00:00:00Z"}),
    ("{plan}/tasks/a/scoring-failures", {"kind": "output", "reason": "r", "scorer": "s"}),
    ("{plan}/tasks/a/outcomes", {"outcome": "accepted", "source": "s", "note": "n"}),
    ("{plan}/scores/x@1/retract", {"reason": "r"}),
    ("{plan}/revise", {"reason": "r", "changes": [{"op": "add", "task": {"title": "T"}}]}),
    ("{plan}/tasks/a/retry", {"reason": "r"}),
    ("{plan}/approve", {"reason": "r", "accept": ["a"]}),
    ("{plan}/commands", {"op": "pause", "reason": "r"}),
    ("{plan}/what-if", {"policy": {"confidence_threshold": 0.5}}),
    ("/sweep", {"grid": {"consecutive_lows": [1]}, "policy": "steady", "plan_ids": ["p"]}),
    ("/what-if", {"policy": "steady", "ladder": False}),
    ("/agreement", {"policies": {"p": "steady"}, "seed": 0, "plan_ids": ["p"]}),
    ("/tune", {"truth": "repeats:0.5", "tries": 1, "by": "goal", "folds": 2, "seed": 0,
               "cost": {"missed": 1, "stopped": 1}, "plan_ids": ["p"]}),
    ("/ledger/consistency", {"old": "o", "new": "n"}),
    ("/ledger/verification", {"against": {"a": "n"}}),
)  # fmt: skip
"""A body of every operation, from which each field in turn is replaced."""


def replaced(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with hostile values in each of its fields, one at a time."""
    for name in body:
        for value in (*TEXTS[::3], *VALUES):
            yield {**body, name: value}
    yield {name[1:] or "x": value for name, value in body.items()}


def is_fine(answer: httpx.Response) -> bool:
    """Done, or refused with a problem; a score too large for a number is refused by its JSON."""
    if answer.is_success:
        return True
    kind = answer.headers["content-type"] == "application/problem+json"
    return kind and answer.status_code < 500 and b"Traceback" not in answer.content


@pytest.mark.parametrize("path, body", BODIES, ids=lambda part: part if "/" in part else "")
def test_hostile_values_in_a_body_are_refused_or_kept_as_they_are(
    http: httpx.Client, new_plan: NewPlan, path: str, body: dict[str, Any]
) -> None:
    plan = new_plan()
    headers = {"Content-Type": "application/json"}
    for given in replaced(body):
        content = json.dumps(given).encode()
        answer = http.post(path.format(plan=plan), content=content, headers=headers)
        assert is_fine(answer), (given, answer.text)
    assert http.get(plan).is_success
    assert http.get(f"{plan}/history").is_success


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_kept_as_it_is_or_refused(http: httpx.Client, text: str) -> None:
    body = {"goal": text, "tasks": [{"title": text[:500], "description": text}]}
    answer = http.post("/plans", json=body)
    assert is_fine(answer)
    if answer.is_success:
        plan_id = answer.json()["plan_id"]
        plan = http.get(f"/plans/{plan_id}").json()
        assert (plan["goal"], plan["tasks"][0]["description"]) == (text, text)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_paths_queries_and_tags_are_refused(http: httpx.Client, text: str) -> None:
    path = quote(f"none {text}", safe="")  # no plan that another test has made
    for target in (f"/plans/{path}", f"/plans/{path}/history", f"/ledger/proofs/{path}"):
        answer = http.get(target)
        assert is_fine(answer)
        assert not answer.is_success
    names = ("text", "labels", "after", "limit", "state", "order", "at_least", "odd")
    for name in names:
        assert is_fine(http.get("/plans", params={name: text}))
    for name in ("kind", "actor", "scorer", "since", "after"):
        assert is_fine(http.get("/history", params={name: text}))


MANY: Final = [step / 1_000 for step in range(1_000)]


@pytest.mark.parametrize(
    "path, body, pointer",
    [
        ("/what-if", {"policy": "steady", "ladder": "true"}, "/ladder"),
        ("/what-if", {"policy": {"nothing": 1}}, "/policy/nothing"),
        ("/what-if", {"policy": {"decay": 2}}, "/policy/decay"),
        ("/what-if", {}, "/policy"),
        ("/sweep", {"grid": {"decay": ["x"]}}, "/grid/decay"),
        ("/sweep", {"grid": {"decay": [1]}, "policy": {"nothing": 1}}, "/policy/nothing"),
        ("/sweep", {"grid": {"decay": [1]}, "plan_ids": "p"}, "/plan_ids"),
        ("/agreement", {"plan_ids": []}, "/plan_ids"),
        ("/agreement", {"plan_ids": ["p"] * 1_001}, "/plan_ids"),
        ("/agreement", {"policies": {str(n): "steady" for n in range(21)}}, "/policies"),
        ("/agreement", {"policies": []}, "/policies"),
        ("/agreement", {"seed": True}, "/seed"),
        ("/tune", {"folds": "5"}, "/folds"),
        ("/tune", {"cost": {"missed": True, "stopped": 1}}, "/cost/missed"),
        ("/tune", {"tries": 9, "grid": dict.fromkeys(("decay", *"abcdef"), MANY)}, "/grid"),
        ("/tune", {"grid": {"nothing": [1]}}, "/grid/nothing"),
    ],
)
def test_a_computation_takes_what_its_document_says_and_says_where_it_is_wrong(
    http: httpx.Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    refused = problem(http.post(path, json=body), 422, "invalid-input")
    assert [one["pointer"] for one in refused["errors"]] == [pointer]
    assert "Input should be" not in refused["detail"]


@pytest.mark.parametrize("name", ["Idempotency-Key", "If-Match", "X-Correlation-ID", "X-Actor"])
def test_a_header_that_is_given_twice_is_refused(
    http: httpx.Client, new_plan: NewPlan, name: str
) -> None:
    body, headers = {"op": "pause", "reason": "r"}, [(name, '"1"'), (name, '"2"')]
    answer = http.post(f"{new_plan()}/commands", json=body, headers=headers)
    refused = problem(answer, 422, "invalid-input")
    assert [one["header"].lower() for one in refused["errors"]] == [name.lower()]


def test_a_name_that_is_twice_in_an_object_is_refused(
    http: httpx.Client, new_plan: NewPlan
) -> None:
    """Which of two scores is meant, no one can know."""
    plan = new_plan()
    for content in (
        '{"output_score": 0.1, "output_score": 0.9}',
        r'{"output_score": 0.1, "output_scor\u0065": 0.9}',
        '{"output_score": 0.1, "evidence": {"a": [{"b": 1, "b": 2}]}}',
    ):
        headers = {"Content-Type": "application/json"}
        answer = http.post(f"{plan}/tasks/a/scores", content=content, headers=headers)
        assert "is there twice" in problem(answer, 400, "malformed-request")["detail"]
    assert http.get(plan).json()["version"] == 1


@pytest.mark.parametrize("score", ["true", '"0.9"', "null", "NaN", "1e999", "[]", "-1e400"])
def test_no_score_is_made_of_what_is_not_a_number(
    http: httpx.Client, new_plan: NewPlan, score: str
) -> None:
    plan = new_plan()
    content = f'{{"output_score": {score}}}'.encode()
    headers = {"Content-Type": "application/json"}
    answer = http.post(f"{plan}/tasks/a/scores", content=content, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert http.get(plan).json()["version"] == 1
