"""Plans of other tools over HTTP: made, updated, answered again, and refused with their lines."""

import json
from typing import Any

import httpx
import pytest

CHECKLIST = "# Login\n\n1. [x] Model\n2. [?] Check\n"
MARKDOWN = "text/markdown"


def send(
    http: httpx.Client, body: str | bytes, media_type: str = MARKDOWN, key: str = "", **query: Any
) -> httpx.Response:
    headers = {"Content-Type": media_type, **({"Idempotency-Key": key} if key else {})}
    return http.post("/plans/import", content=body, headers=headers, params=query)


def outcome(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    (plan,) = answer.json()["plans"]
    assert isinstance(plan, dict)
    return plan


def test_a_checklist_is_tried_made_and_brought_up_to_its_source(http: httpx.Client) -> None:
    source = "specs/http-login/tasks.md"
    tried = outcome(send(http, CHECKLIST, source=source, dry_run="true"))
    assert [one["status"] for one in tried["planned"]] == ["done", "pending"]
    assert http.get("/plans/http-login").status_code == 404
    made = outcome(send(http, CHECKLIST, source=source, policy="steady"))
    assert (made["plan_id"], made["outcome"]) == ("http-login", "imported")
    assert [(one["line"], one["column"]) for one in made["not_carried"]] == [(4, 1)]
    plan = http.get("/plans/http-login").json()
    assert plan["metadata"]["imported_from"] == {"format": "markdown", "path": source}
    assert http.get("/plans/http-login/history").json()["entries"][0]["actor"] == "import:markdown"
    changed = CHECKLIST.replace("[?]", "[x]")
    updated = outcome(send(http, changed, source=source, reason="read again"))
    assert (updated["outcome"], updated["reason"]) == ("updated", "read again")
    assert outcome(send(http, changed, source=source))["outcome"] == "already_there"
    assert outcome(send(http, "- [ ] x", plan_id="http-login"))["outcome"] == "updated"


@pytest.mark.parametrize("query", [{}, {"source": "specs/keyed/tasks.md"}])
def test_a_file_sent_again_with_its_key_is_answered_as_the_first_time(
    http: httpx.Client, query: dict[str, str]
) -> None:
    body = CHECKLIST.replace("Login", f"Keyed {len(query)}")
    first = send(http, body, key="k1", **query)
    assert outcome(send(http, body.replace("[?]", "[x]"), **query))["outcome"] == "updated"
    position = http.get("/history", params={"limit": 1000}).json()
    again = send(http, body, key="k1", **query)
    assert (again.status_code, again.json()) == (200, first.json())
    refused = send(http, body.replace("[?]", "[-]"), key="k1", **query)
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "urn:plangate:problem:idempotency-key-reused",
    )
    assert http.get("/history", params={"limit": 1000}).json() == position


BODIES = {
    "application/json": json.dumps({"goal": "g", "plan_id": "http-json", "tasks": ["A"]}),
    "application/yaml; charset=utf-8": "goal: g\nplan_id: http-yaml\ntasks: [A]\n",
    "text/markdown;charset=UTF-8": "# http-md\n\n- [ ] A\n",
}


@pytest.mark.parametrize("media_type", BODIES)
def test_every_type_is_read_as_what_it_says(http: httpx.Client, media_type: str) -> None:
    plan = outcome(send(http, BODIES[media_type], media_type))
    assert (plan["outcome"], plan["plan_id"][:5]) == ("imported", "http-")


def test_several_plans_of_one_file_are_several_outcomes(http: httpx.Client) -> None:
    tags = {name: {"tasks": [{"id": 1, "title": "A"}]} for name in ("http-one", "http-two")}
    body = json.dumps({**tags, "bad\u0001": tags["http-one"]})
    found = send(http, body, "application/json").json()["plans"]
    assert [one["outcome"] for one in found] == ["imported", "imported", "refused"]


WRONG = "goal: g\ntasks:\n- {id: a, title: 7, depends_on: [z]}\n- {id: a, title: B}\n"


@pytest.mark.parametrize(
    "body, media_type, query, status, errors",
    [
        (
            WRONG,
            "application/yaml",
            {},
            422,
            [(3, 11, "/tasks/0/title"), (3, 21, "/tasks/0/depends_on"), (4, 4, "/tasks/1/id")],
        ),
        ("goal: x\n\tt", "application/yaml", {}, 400, [(2, 1, "")]),
        ('{\n "goal": }', "application/json", {}, 400, [(2, 10, "")]),
        ("7", "application/json", {}, 400, [(1, 1, "")]),
        ("", "application/yaml", {}, 400, [(1, 1, "")]),
        (b"- [ ] \xff", MARKDOWN, {}, 400, [(1, 7, "")]),
        ("- [ ] a", MARKDOWN, {"tag": "x"}, 422, [(None, None, "tag")]),
        ("- [ ] a", MARKDOWN, {"format": "x"}, 422, [(None, None, "format")]),
        ("- [ ] a", MARKDOWN, {"policy": "x"}, 422, [(None, None, "policy")]),
        ("- [ ] a", MARKDOWN, {"plan_id": "\t"}, 422, [(None, None, "plan_id")]),
        ("- [ ] a", MARKDOWN, {"odd": "x"}, 422, [(None, None, "odd")]),
        ("- [ ] a", "text/plain", {}, 415, []),
        ("- [ ] a", "", {}, 415, []),
        (b"x" * (8 * 1024 * 1024 + 1), MARKDOWN, {}, 413, []),
    ],
    ids=range(14),
)
def test_what_is_wrong_is_said_at_once_with_its_line(
    http: httpx.Client,
    body: str | bytes,
    media_type: str,
    query: dict[str, str],
    status: int,
    errors: list[Any],
) -> None:
    answer = send(http, body, media_type, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    found = [
        (one.get("line"), one.get("column"), one.get("pointer", one.get("parameter")))
        for one in answer.json().get("errors", [])
    ]
    assert found == errors


def test_head_is_answered_as_get_without_the_body(http: httpx.Client) -> None:
    for path in ("/plans", "/views", "/plans/no-such"):
        head, get = http.head(path), http.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
    assert http.head("/events").status_code == 405
    assert http.head("/plans/import").status_code == 404  # no such plan
