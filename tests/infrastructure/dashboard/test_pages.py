"""The pages in process: what they answer, to whom, and what they refuse."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

import plangate.aio
from plangate.application.access.scopes import Scope
from plangate.application.rerun.assumptions import ASSUMED
from plangate.domain.events import AttemptStarted
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.asgi.headers import POLICY
from plangate.infrastructure.dashboard.pages import pages
from plangate.infrastructure.dashboard.what_if import in_turn
from tests.support.shown_plans import HOSTILE, HOSTILE_ID

CHECKS = {f"plangate-{name}" for name in ("check", "findings", "agreement", "calibration")}


@dataclass
class Asker:
    """Who asks in these tests, and what that caller may do."""

    actor: str | None = "ana"
    scopes: frozenset[Scope] = frozenset({Scope.ADMIN})


class Site:
    """The pages of a store in memory, below a prefix as in a larger application."""

    def __init__(self) -> None:
        self.asker = Asker()
        self.opened: list[plangate.aio.AsyncPlanRegistry] = []
        app = FastAPI(lifespan=self._lifespan)
        app.include_router(
            pages(lambda: self.opened[0], caller=lambda: self.asker), prefix="/plangate"
        )
        self.client = TestClient(app, follow_redirects=False)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> Any:
        async with plangate.aio.connect("memory:") as registry:
            self.opened[:] = [registry]
            yield

    def run(self, ask: Any, *args: Any, **options: Any) -> Any:
        """Call a method of the registry in its loop."""
        assert self.client.portal is not None

        async def call() -> Any:
            return await ask(self.opened[0])(*args, **options)

        return self.client.portal.call(call)

    def create(self, plan_id: str, **options: Any) -> None:
        tasks = [
            {"id": "one", "title": "Design"},
            {"id": "two", "title": "Build", "depends_on": ["one"]},
        ]
        self.run(
            lambda registry: registry.create, f"Goal {plan_id}", tasks, plan_id=plan_id, **options
        )

    def wait_for_operations(self) -> None:
        """Let the checks that pages began come to their end."""
        assert self.client.portal is not None

        async def ended() -> None:
            checks = {task for task in asyncio.all_tasks() if task.get_name() in CHECKS}
            await asyncio.gather(*checks)

        self.client.portal.call(ended)

    def score(self, plan_id: str, task_id: str, **scores: Any) -> None:
        self.run(lambda registry: registry.update, plan_id, task_id, **scores)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/plangate{path}", params=query)

    def send(self, op: str, **fields: Any) -> Any:
        form = {"plan": "a", "op": op, "key": f"key-{op}", "reason": "a reason", **fields}
        return self.client.post("/plangate/commands", data=form)

    def status(self, plan_id: str) -> Any:
        return self.run(lambda registry: registry.get_status, plan_id)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with site.client:
        yield site


def ids(answer: Any) -> list[str]:
    """The plans of a list, in their order."""
    assert answer.status_code == 200
    return [
        part.partition("&#39;")[0].partition('"')[0]
        for part in answer.text.split("/plangate/plan?id=")[1:]
    ]


def test_every_page_has_the_strict_policy_and_is_not_kept(site: Site) -> None:
    site.create("a")
    for path in ("/", "/plan?id=a", "/what-if", "/operations", "/plan?id=none"):
        answer = site.client.get(f"/plangate{path}")
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert "onclick" not in answer.text


def test_an_empty_store_says_how_to_begin(site: Site) -> None:
    assert "There is no plan yet" in site.get("/").text
    assert "No plan matches" in site.get("/", q="nothing").text


def test_plans_that_need_a_person_come_first_over_all_pages(site: Site) -> None:
    for number in range(60):
        site.create(f"p{number}")
    site.score("p3", "one", output_score=0.1)
    site.run(lambda registry: registry.pause, "p5", "wait")

    first = site.get("/")
    found = ids(first)
    assert found[:2] == ["p3", "p5"]
    assert len(found) == 50

    following = first.text.partition('href="/plangate/?')[2].partition('"')[0].replace("&amp;", "&")
    rest = ids(site.client.get(f"/plangate/?{following}"))
    assert len(rest) == 10
    assert len({*found, *rest}) == 60


def test_plans_are_filtered_and_ordered(site: Site) -> None:
    site.create("a", labels=["x"], priority=1)
    site.create("b", labels=["x", "y"], priority=2)
    assert ids(site.get("/", label="x, y")) == ["b"]
    assert ids(site.get("/", order="priority")) == ["b", "a"]
    assert ids(site.get("/", verdict="blocked")) == []
    assert ids(site.get("/", q="goal a", verdict="", state="", label="", order="")) == ["a"]


@pytest.mark.parametrize(
    "query", [{"verdict": "maybe"}, {"order": "best"}, {"after": "bad"}, {"q": "x" * 3_000}]
)
def test_a_bad_filter_is_a_page_that_says_so(site: Site, query: dict[str, str]) -> None:
    query = {"order": "oldest", **query} if "after" in query else query
    answer = site.get("/", **query)
    assert answer.status_code == 422
    assert next(iter(set(query) - {"order"}), "order") in answer.text


def test_a_plan_is_shown_now_and_as_it_was(site: Site) -> None:
    site.create("a")
    site.score("a", "one", prompt_score=0.9, output_score=0.3)
    now = site.get("/plan", id="a").text
    assert "Replan first" in now
    assert "smallest change" in now
    then = site.get("/plan", id="a", version=1).text
    assert "as it was at version 1" in then
    assert "Nothing is scored, so there is no confidence yet" in then
    assert "Retry" not in then


def test_a_deleted_plan_keeps_its_history(site: Site) -> None:
    site.create("a")
    site.run(lambda registry: registry.delete, "a", reason="no longer needed")
    answer = site.get("/plan", id="a")
    assert answer.status_code == 200
    assert "plan deleted" in answer.text


@pytest.mark.parametrize(
    "query, status",
    [
        ({"id": "none"}, 404),
        ({"id": "a", "version": 99}, 422),
        ({"id": "a", "version": "x"}, 422),
        ({"id": "a", "version": "9" * 30}, 422),
        ({"id": "a", "kind": "no-kind"}, 422),
        ({"id": "\0"}, 422),
        ({}, 422),
    ],
)
def test_what_is_not_there_is_a_page(site: Site, query: dict[str, Any], status: int) -> None:
    site.create("a")
    answer = site.get("/plan", **query)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_the_history_is_filtered_and_paged(site: Site) -> None:
    site.create("a")
    for number in range(60):
        site.score("a", "one", prompt_score=0.5 + number / 1_000)
    page = site.get("/plan", id="a").text
    assert page.count('class="pg-event"') == 50
    older = site.get("/plan", id="a", before=12).text
    assert older.count('class="pg-event"') == 11
    created = site.get("/plan", id="a", kind="plan-created").text
    assert created.count('class="pg-event"') == 1


def test_a_button_records_its_command_once(site: Site) -> None:
    site.create("a")
    site.score("a", "one", output_score=0.3)
    for _ in range(2):
        answer = site.send("retry", task_id="one")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/plangate/plan?id=a&done=retry"
    assert site.status("a").tasks[0].attempt == 2
    entries = site.run(lambda registry: registry.history.of, "a")
    (begun,) = (entry for entry in entries if isinstance(entry.event, AttemptStarted))
    assert begun.envelope.actor == "ana"


def test_each_way_on_has_a_button(site: Site) -> None:
    site.create("a")
    site.score("a", "one", output_score=0.3)
    changes = '[{"op": "add", "task": {"id": "three", "title": "Check"}}]'
    assert site.send("revise", changes=changes).status_code == 303
    assert site.send("approve", accept="one").status_code == 303
    assert [task.status for task in site.status("a").tasks] == ["done", "pending", "pending"]
    for op in ("pause", "resume", "archive", "restore"):
        assert site.send(op).status_code == 303


@pytest.mark.parametrize(
    "op, fields, status",
    [
        ("retry", {"task_id": "nothing"}, 409),
        ("retry", {"task_id": "one", "reason": " "}, 422),
        ("delete", {}, 422),
        ("revise", {"changes": "{"}, 422),
        ("revise", {"changes": "[" * 5_000}, 422),
        ("pause", {"more": "x"}, 422),
        ("pause", {"plan": "nothing"}, 404),
    ],
)
def test_a_refused_command_is_a_page(
    site: Site, op: str, fields: dict[str, str], status: int
) -> None:
    site.create("a")
    answer = site.send(op, **fields)
    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("verdict", Verdict)
def test_a_page_goes_on_within_any_verdict(site: Site, verdict: str) -> None:
    assert site.get("/", within=verdict).status_code == 200


def test_judges_and_outcomes_are_compared_on_demand(site: Site) -> None:
    for n in range(24):
        site.create(f"p{n}")
        for judge in ("mild", "strict"):
            site.score(f"p{n}", "one", output_score=0.9 if n % 4 else 0.2, scorer=f"model:{judge}")
        outcome = "accepted" if n % 4 else "rejected"
        site.run(lambda r: r.record_outcome, f"p{n}", "one", outcome, source="ci")
    for name, fields in (("agreement", {}), ("calibration", {"missed": "5", "stopped": "1"})):
        sent = site.client.post(f"/plangate/operations/{name}", data=fields)
        assert sent.status_code == 303
        site.wait_for_operations()
    text = site.get("/operations").text
    assert "model:mild and model:strict" in text
    assert "The gate stopped 6 of 6 results that were rejected later" in text
    assert "cheapest: " in text
    assert "Accepted results by confidence" in text


@pytest.mark.parametrize("missed", ["-1", "much", "5"])
def test_a_cost_is_two_amounts(site: Site, missed: str) -> None:
    sent = site.client.post("/plangate/operations/calibration", data={"missed": missed})
    assert sent.status_code == 422
    assert "Not run since this server began." in site.get("/operations").text


def test_without_the_scope_there_are_no_buttons_and_none_works(site: Site) -> None:
    site.create("a")
    site.score("a", "one", output_score=0.3)
    site.asker.scopes = frozenset({Scope.PLANS_READ})
    assert '<form method="post"' not in site.get("/").text
    assert 'aria-label="Commands that lead on"' in site.get("/plan", id="a").text
    assert site.send("pause").status_code == 403
    site.asker.scopes = frozenset()
    for path in ("/", "/plan?id=a", "/what-if", "/operations", "/live"):
        assert site.client.get(f"/plangate{path}").status_code == 403
    assert site.status("a").state == "blocked"


def test_what_people_wrote_is_text(site: Site) -> None:
    task = {"id": "<i>", "title": HOSTILE, "description": HOSTILE}
    site.run(lambda r: r.create, HOSTILE, [task], plan_id=HOSTILE_ID, labels=["<u>"])
    for path in ("/", f"/plan?{urlencode({'id': HOSTILE_ID})}"):
        text = site.client.get(f"/plangate{path}").text
        for markup in ("<script>document", "<b>bold", "<img", "<i>", "<u>"):
            assert markup not in text
        assert "&lt;script&gt;document" in text


def test_another_policy_is_tried_on_one_plan_and_on_all(site: Site) -> None:
    site.create("a")
    site.score("a", "one", output_score=0.6)
    one = site.get("/what-if", id="a", confidence_threshold="0.5", latch="true", preset="").text
    assert ASSUMED in one
    assert "1 of 2 commands" not in one
    assert "so nothing rests on this" in one
    assert "output scores before the first result below the recorded threshold" in one
    assert "What each change does" in one
    assert "pg-what-if" in one
    everything = site.get("/what-if", preset="steady").text
    assert ASSUMED in everything
    assert "plans in which it fired" in everything
    assert "Goal a" in everything
    assert "No outcomes are recorded" in everything
    assert "confidence threshold 0.72 → 0.5" in everything
    assert "pg-shares" in everything
    assert "What each change does" not in everything
    assert "What each change does" in site.get("/what-if", preset="steady", ladder="yes").text


@pytest.mark.parametrize(
    "query", [{"preset": "wild"}, {"decay": "much"}, {"decay": "7"}, {"order": "random"}]
)
def test_a_bad_policy_is_said_beside_its_form(site: Site, query: dict[str, str]) -> None:
    site.create("a")
    answer = site.get("/what-if", id="a", **query)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "Show the other history" in answer.text


def test_assets_are_kept_for_ever_under_their_digest(site: Site) -> None:
    text = site.get("/").text
    address = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = site.client.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert site.get("/static/x/plangate.css").headers["cache-control"] == "no-cache"
    assert site.get("/static/x/..%2f..%2fpages.py").status_code == 404
    assert site.get("/static/x/nothing.js").status_code == 404


def test_what_if_over_all_plans_waits_for_its_turn_and_not_for_those_who_left() -> None:
    left = Request({"type": "http"}, receive=_disconnected)

    async def run() -> None:
        async with plangate.aio.connect("memory:") as registry:
            turn = asyncio.Lock()
            await turn.acquire()
            asked = asyncio.ensure_future(
                in_turn(turn, left, registry, None, {"preset": "steady"}, ladder=False)
            )
            await asyncio.sleep(0)
            assert not asked.done()
            turn.release()
            assert await asked is None

    asyncio.run(run())


async def _disconnected() -> dict[str, str]:
    return {"type": "http.disconnect"}
