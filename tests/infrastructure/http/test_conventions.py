"""What a client library can rely on: tags, conditions, keys, contexts, paths and pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from plangate.infrastructure.asgi.limits import MAX_BODY
from tests.infrastructure.http.conftest import NewPlan

SCORE = {"output_score": 0.9}
TRACE = "0af7651916cd43dd8448eb211c80319c"
ODD_IDS = (
    "a/b",
    "..%2F..%2Fetc",
    "../etc",
    "a b",
    "ä/ö",
    "100%",
    "%2F",
    "a?b#c",
    "plan;x=1",
    "🦊",
    "'\"",
)


def history(http: httpx.Client, plan: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = http.get(f"{plan}/history").json()["entries"]
    return entries


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["type"]) == (status, f"urn:plangate:problem:{kind}")
    assert found["status"] == status
    return found


# --- creating, tags and conditions ---


def test_a_new_plan_has_a_location_and_a_tag(http: httpx.Client) -> None:
    answer = http.post("/plans", json={"goal": "g", "tasks": ["Design", "Build"]})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    plan_id = answer.json()["plan_id"]
    assert answer.headers["location"] == f"/v1/plans/{plan_id}"
    assert http.get(f"/plans/{plan_id}").json()["goal"] == "g"


def test_an_answer_that_is_known_is_not_sent_again(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    for path in (plan, f"{plan}/gate"):
        tag = http.get(path).headers["etag"]
        for known in (tag, f'"9", {tag}', f"W/{tag}", "*"):
            again = http.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert http.get(path, headers={"If-None-Match": '"9"'}).status_code == 200
    http.post(f"{plan}/tasks/a/scores", json=SCORE)
    assert http.get(plan, headers={"If-None-Match": '"1"'}).status_code == 200


def test_the_tag_changes_when_time_alone_changes_the_answer(
    http: httpx.Client, new_plan: NewPlan
) -> None:
    plan = new_plan()
    until = datetime.now(UTC) + timedelta(milliseconds=400)
    body = {"reason": "later", "until": until.isoformat()}
    assert http.post(f"{plan}/tasks/a/defer", json=body).status_code == 200
    waiting = http.get(f"{plan}/gate")
    assert waiting.json()["verdict"] == "wait"
    tag = waiting.headers["etag"]
    assert tag.startswith('"2-')
    while (answer := http.get(f"{plan}/gate", headers={"If-None-Match": tag})).status_code == 304:
        pass
    assert answer.json()["verdict"] == "go"
    assert http.post(f"{plan}/next-task", headers={"If-Match": tag}).json()["task"]["id"] == "a"


@pytest.mark.parametrize(
    "path, body",
    [
        ("tasks/a/scores", SCORE),
        ("next-task", {}),
        ("tasks/a/claim", {}),
        ("commands", {"op": "pause", "reason": "r"}),
        ("commands", {"op": "delete"}),
        ("commands", {"op": "erase"}),
        ("revise", {"reason": "r", "changes": [{"op": "drop", "task_id": "b"}]}),
    ],
    ids=str,
)
def test_a_command_can_require_a_version(
    http: httpx.Client, new_plan: NewPlan, path: str, body: dict[str, Any]
) -> None:
    plan = new_plan()
    refused = http.post(f"{plan}/{path}", json=body, headers={"If-Match": '"2"'})
    found = problem(refused, 412, "version-mismatch")
    assert (found["expected"], found["actual"]) == (2, 1)
    assert len(history(http, plan)) == 1
    for tag in ('"1"', '"1-5"'):
        assert http.post(f"{plan}/{path}", json=body, headers={"If-Match": tag}).is_success
        plan = new_plan()
    assert http.post(f"{plan}/{path}", json=body, headers={"If-Match": "*"}).is_success


@pytest.mark.parametrize(
    "tag", ["7", '"x"', 'W/"7"', '"1", "2"', '"0"', '"-1"', '"' + "9" * 30 + '"']
)
def test_a_condition_that_is_not_a_version_is_refused(
    http: httpx.Client, new_plan: NewPlan, tag: str
) -> None:
    plan = new_plan()
    answer = http.post(f"{plan}/tasks/a/scores", json=SCORE, headers={"If-Match": tag})
    assert problem(answer, 400, "malformed-request")["errors"][0]["header"] == "If-Match"


# --- repeats ---


def test_a_repeat_is_answered_as_the_first_time(http: httpx.Client, new_plan: NewPlan) -> None:
    plan, key = new_plan(), {"Idempotency-Key": "k-1", "If-Match": '"1"'}
    first = http.post(f"{plan}/tasks/a/scores", json=SCORE, headers=key)
    http.post(f"{plan}/tasks/b/scores", json=SCORE)
    again = http.post(f"{plan}/tasks/a/scores", json=SCORE, headers=key)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    reused = http.post(f"{plan}/tasks/a/scores", json={"output_score": 0.1}, headers=key)
    problem(reused, 422, "idempotency-key-reused")


def test_creating_again_with_the_same_key_gives_the_same_plan(http: httpx.Client) -> None:
    body, key = {"goal": "g", "tasks": ["A"]}, {"Idempotency-Key": "create-once"}
    first, again = (http.post("/plans", json=body, headers=key) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]


def test_a_claim_sent_again_is_the_same_claim(http: httpx.Client, new_plan: NewPlan) -> None:
    plan, key = new_plan(), {"Idempotency-Key": "claim"}
    first, again = (http.post(f"{plan}/next-task", headers=key).json() for _ in range(2))
    assert first["task"]["claim"] == again["task"]["claim"]
    assert len(history(http, plan)) == 2


def test_a_command_without_effect_says_so(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    assert http.post(f"{plan}/tasks/a/mark", json={"status": "pending"}).json()["recorded"] is False


# --- on whose behalf ---


@pytest.mark.parametrize(
    "sent, recorded",
    [
        ({}, None),
        ({"X-Correlation-ID": "order-7"}, "order-7"),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"traceparent": "nonsense"}, None),
        ({"X-Correlation-ID": "o", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, "o"),
    ],
)
def test_actor_and_correlation_id_come_from_headers(
    http: httpx.Client, new_plan: NewPlan, sent: dict[str, str], recorded: str | None
) -> None:
    plan = new_plan()
    headers = {"X-Actor": "ana", **sent}
    assert http.post(f"{plan}/tasks/a/scores", json=SCORE, headers=headers).is_success
    entry = history(http, plan)[-1]
    assert (entry["actor"], entry["correlation_id"]) == ("ana", recorded)


def test_headers_are_utf_8(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    headers = [(b"X-Actor", "Žofie".encode()), (b"Idempotency-Key", "klíč".encode())]
    assert http.post(f"{plan}/tasks/a/scores", json=SCORE, headers=headers).is_success
    assert history(http, plan)[-1]["actor"] == "Žofie"


@pytest.mark.parametrize("name", ["X-Actor", "Idempotency-Key", "X-Correlation-ID"])
@pytest.mark.parametrize("value", ["x" * 201, "a\u0085b"])
def test_a_header_that_is_not_an_identifier_is_refused(
    http: httpx.Client, new_plan: NewPlan, name: str, value: str
) -> None:
    headers = [(name.encode(), value.encode())]
    answer = http.post(f"{new_plan()}/tasks/a/scores", json=SCORE, headers=headers)
    assert problem(answer, 422, "invalid-input")["errors"][0]["header"] == name


# --- paths ---


@pytest.mark.parametrize("odd", ODD_IDS)
def test_ids_with_odd_characters_have_a_path(
    http: httpx.Client, new_plan: NewPlan, odd: str
) -> None:
    plan = new_plan(plan_id=odd, tasks=[{"id": odd, "title": "T"}])
    answer = http.get(plan)
    assert answer.json()["plan_id"] == odd
    scored = http.post(f"{plan}/tasks/{quote(odd, safe='')}/scores", json=SCORE)
    assert scored.json()["tasks"][0]["output_score"] == 0.9
    event_id = history(http, plan)[1]["event_id"]
    retract = f"{plan}/scores/{quote(event_id, safe='')}/retract"
    assert http.post(retract, json={"reason": "r"}).is_success
    assert http.get(f"{plan}/gate").json()["plan_id"] == odd


def test_the_location_leads_to_a_plan_with_an_odd_id(http: httpx.Client, address: str) -> None:
    body = {"goal": "g", "tasks": ["A"], "plan_id": "x/../y z"}
    location = http.post("/plans", json=body).headers["location"]
    assert httpx.get(address + location).json()["plan_id"] == "x/../y z"


def test_a_path_that_is_not_utf_8_is_refused(http: httpx.Client) -> None:
    problem(http.get("/plans/%FF"), 400, "malformed-request")


# --- queries and pages ---


@pytest.mark.parametrize(
    "query, name",
    [
        ("foo=1", "foo"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1.0", "limit"),
        ("limit=+1", "limit"),
        ("limit=1_0", "limit"),
        ("limit=true", "limit"),
        ("limit=", "limit"),
        ("limit=\uff11", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=x", "after"),
        ("after=e30", "after"),
        ("needs_replan=1", "needs_replan"),
        ("needs_replan=yes", "needs_replan"),
        ("state=odd", "state"),
        ("order=odd", "order"),
        ("labels=", "labels"),
        ("labels=a&labels=a", "labels"),
        ("at_least=-1", "at_least"),
        ("at_least=9223372036854775808", "at_least"),
    ],
)
def test_a_query_is_strict(http: httpx.Client, query: str, name: str) -> None:
    errors = problem(http.get(f"/plans?{query}"), 422, "invalid-input")["errors"]
    assert [error["parameter"] for error in errors] == [name]


@pytest.mark.parametrize("when", ["5", "1700000000", "2026-01-31", "2026-01-31T12:00:00", "now"])
def test_a_moment_has_its_date_and_zone(http: httpx.Client, new_plan: NewPlan, when: str) -> None:
    answer = http.get(new_plan(), params={"at": when})
    assert problem(answer, 422, "invalid-input")["errors"][0]["parameter"] == "at"


def test_a_page_continues_after_the_one_before(http: httpx.Client, new_plan: NewPlan) -> None:
    for _ in range(5):
        new_plan(labels=["paged"])
    found: list[str] = []
    query: dict[str, Any] = {"labels": "paged", "limit": 2}
    while True:
        page = http.get("/plans", params=query).json()
        found += [plan["plan_id"] for plan in page["plans"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert len(found) == len(set(found)) == 5
    other = http.get("/plans", params={**query, "order": "newest"})
    assert problem(other, 422, "invalid-input")["errors"][0]["parameter"] == "after"


def test_history_is_read_page_by_page(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    for score in (0.5, 0.6, 0.7):
        http.post(f"{plan}/tasks/a/scores", json={"prompt_score": score})
    for path in (f"{plan}/history", "/history"):
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            page = http.get(path, params={"limit": 2, "after": after}).json()
            found += [entry["event_id"] for entry in page["entries"]]
            after = page["next"]
        assert len(found) == len(set(found)) >= 4


def test_a_plan_as_it_was(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    http.post(f"{plan}/tasks/a/scores", json=SCORE)
    assert http.get(plan, params={"version": 1}).json()["version"] == 1
    created = http.get(plan).json()["created_at"]
    assert http.get(plan, params={"at": created}).json()["version"] == 1
    problem(http.get(plan, params={"version": 1, "at": created}), 422, "invalid-input")
    problem(http.get(plan, params={"version": 99}), 422, "invalid-input")


# --- bodies ---


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
        "application/problem+json",
        "text/json",
    ],
)
def test_a_body_is_json_by_its_type(http: httpx.Client, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = http.post("/plans", content=b'{"goal": "g", "tasks": ["A"]}', headers=headers)
    problem(answer, 415, "not-json")


def test_a_charset_may_be_named(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    body = b'{"goal": "g", "tasks": ["A"]}'
    assert http.post("/plans", content=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"{'goal': 'g'}",
        b'{"goal": NaN}',
        b'{"goal": Infinity}',
        b'{"goal": "\\ud800"}',
        b'{"goal": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"1" * 5_000,
        '{"goal": "g"}'.encode("utf-16"),
        b'{"goal": "g"} trailing',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_not_json_is_refused(http: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    problem(http.post("/plans", content=body, headers=headers), 400, "malformed-request")


def test_a_body_that_is_missing_is_refused(http: httpx.Client, new_plan: NewPlan) -> None:
    answer = http.post(f"{new_plan()}/tasks/a/scores")
    assert problem(answer, 422, "invalid-input")["errors"] == [
        {"pointer": "", "detail": "is required"}
    ]


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_is_bounded(http: httpx.Client, *, declared: bool) -> None:
    size = MAX_BODY + 1
    chunks = (b"x" * 65_536 for _ in range(size // 65_536 + 1))
    headers = {"Content-Type": "application/json"}
    body = b"x" * size if declared else chunks
    problem(http.post("/plans", content=body, headers=headers), 413, "body-too-large")


@pytest.mark.parametrize("body", ["null", "[]", '"x"', "1", "true"])
def test_a_body_is_an_object(http: httpx.Client, new_plan: NewPlan, body: str) -> None:
    plan = new_plan()
    headers = {"Content-Type": "application/json"}
    for path in (
        "/plans",
        f"{plan}/tasks/a/scores",
        f"{plan}/commands",
        f"{plan}/next-task",
        "/what-if",
        "/sweep",
        "/tune",
        "/ledger/consistency",
    ):
        problem(http.post(path, content=body, headers=headers), 422, "invalid-input")


def test_what_the_path_says_cannot_be_said_again(http: httpx.Client, new_plan: NewPlan) -> None:
    body = {**SCORE, "task_id": "b"}
    answer = http.post(f"{new_plan()}/tasks/a/scores", json=body)
    assert problem(answer, 422, "invalid-input")["errors"][0]["pointer"] == "/task_id"


def test_pointers_lead_to_what_is_wrong_between_tasks(
    http: httpx.Client, new_plan: NewPlan
) -> None:
    circle = [
        {"id": "a", "title": "A", "depends_on": ["b"]},
        {"id": "b", "title": "", "depends_on": ["a"]},
    ]
    refused = http.post("/plans", json={"goal": "g", "tasks": [*circle, {"id": "a", "title": "A"}]})
    errors = problem(refused, 422, "invalid-input")["errors"]
    assert [error["pointer"] for error in errors] == [
        *("/tasks/1/title", "/tasks/2/id", "/tasks/0/depends_on")
    ]

    plan = new_plan()
    changes = [
        {"op": "add", "task": {"id": "n", "title": "N"}},
        {"op": "change", "task_id": "n", "depends_on": ["nowhere"]},
        {"op": "change", "task_id": "n", "title": "M"},
    ]
    revision = {"op": "revise", "changes": changes, "reason": "r"}
    refused = http.post(f"{plan}/commands", json=revision)
    errors = problem(refused, 422, "invalid-input")["errors"]
    assert [error["pointer"] for error in errors] == ["/changes/1"]


def test_pointers_lead_to_the_wrong_fields(http: httpx.Client) -> None:
    tasks: list[Any] = [{"title": 5}, {"title": "T", "odd/~": 1, "depends_on": ["x", 3]}]
    answer = http.post("/plans", json={"goal": " ", "tasks": tasks, "labels": [""]})
    errors = problem(answer, 422, "invalid-input")["errors"]
    assert {error["pointer"] for error in errors} == {
        "/goal",
        "/labels/0",
        "/tasks/0/title",
        "/tasks/1/depends_on/1",
        "/tasks/1/odd~1~0",
    }


def test_both_scores_are_one_command(http: httpx.Client, new_plan: NewPlan) -> None:
    plan = new_plan()
    refused = http.post(f"{plan}/tasks/a/scores", json={"prompt_score": 0.9, "output_score": "x"})
    assert problem(refused, 422, "invalid-score")["errors"][0]["pointer"] == "/output_score"
    assert http.get(plan).json()["version"] == 1
    body = {"prompt_score": 0.9, "output_score": 0.8}
    scored = http.post(f"{plan}/tasks/a/scores", json=body)
    task = scored.json()["tasks"][0]
    assert (task["prompt_score"], task["output_score"]) == (0.9, 0.8)
