"""Questions across plans: pages that hold still, cursors that cannot be forged, plain refusals."""

import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application import plan_queries
from plangate.application.errors import StoreReadOnly
from plangate.application.registry import PlanRegistry
from plangate.application.stream_cache import Stream
from plangate.application.views.plan_summaries import PlanOrder
from plangate.domain.errors import InvalidInput, PlanGone
from plangate.infrastructure.memory.events import memory_event_store
from tests.application.views.conftest import TASKS, SharedStores
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork
from tests.support.properties import repeatable

Ask = Callable[..., Any]


def many_plans(registry: PlanRegistry, number: int = 9) -> None:
    for n in range(number):
        registry.create(f"plan {n}", TASKS, plan_id=f"p{n}", labels=["even"] * (n % 2 == 0))


def test_callers_read_what_they_wrote(registry: PlanRegistry) -> None:
    registry.create("Move billing", TASKS, plan_id="p", priority=3, labels=["x"])
    registry.next_task("p", worker="w")
    registry.score_output("p", "a", 0.5)
    (plan,) = registry.views.plans(
        state="active", needs_replan=True, labels=["x"], text="bill"
    ).plans
    assert (plan.version, plan.replan_count, plan.replanning, plan.next_task_id) == (5, 1, 1, "b")
    assert [task.status for task in registry.views.board("p").tasks] == ["replanning", "pending"]
    assert [entry.rolling_confidence for entry in registry.views.timeline("p").scores] == [0.5]
    assert [entry.task_id for entry in registry.views.replans("p").replans] == ["a"]
    registry.create("Another", TASKS, plan_id="q")
    assert not registry.views.replans("q")
    assert not registry.views.timeline("q")


def test_a_deleted_plan_is_in_no_view(registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p")
    registry.score_output("p", "a", 0.5)
    registry.views.plans()
    registry.delete("p")
    assert registry.views.plans().plans == ()
    assert registry.views.board(status="replanning").tasks == ()
    assert registry.views.replans().replans == ()
    for gone in (registry.views.board, registry.views.timeline, registry.views.replans):
        with pytest.raises(PlanGone):
            gone("p")


def test_a_dropped_task_leaves_the_board_but_not_the_timeline(registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p")
    registry.score_prompt("p", "a", 0.5)
    registry.revise("p", "not needed", [{"op": "drop", "task_id": "a"}])
    assert [task.task_id for task in registry.views.board("p").tasks] == ["b"]
    assert [entry.task_id for entry in registry.views.timeline("p").scores] == ["a"]


@pytest.mark.parametrize("order", PlanOrder)
def test_pages_are_cut_where_the_last_one_ended(registry: PlanRegistry, order: PlanOrder) -> None:
    many_plans(registry)
    for n in (3, 5, 6):
        registry.score_prompt(f"p{n}", "a", n / 10)
    whole = registry.views.plans(order=order)
    assert whole.next is None
    found: list[Any] = []
    page = registry.views.plans(order=order, limit=2)
    found += page.plans
    while page.next:
        page = registry.views.plans(order=order, limit=2, after=page.next)
        found += page.plans
    assert tuple(found) == whole.plans


@repeatable
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 4))
def test_whatever_others_write_meanwhile_no_plan_comes_twice_and_none_is_missed(
    seed: int, limit: int
) -> None:
    chance = random.Random(seed)
    registry = registry_on(memory_event_store())
    worked = RandomWork(registry, chance)
    worked.go_on(30)
    there = {plan.plan_id for plan in registry.views.plans(limit=100).plans}
    for order in ("oldest", "newest"):
        found: list[str] = []
        after = None
        while True:
            page = registry.views.plans(order=order, limit=limit, after=after)
            found += [plan.plan_id for plan in page.plans]
            after = page.next
            if after is None:
                break
            worked.go_on(2)
        assert len(set(found)) == len(found)
        still = {plan.plan_id for plan in registry.views.plans(limit=100).plans}
        assert there & still <= set(found)
        there = still


@pytest.mark.parametrize("status", ["pending", None])
def test_pages_of_the_board_are_complete_while_tasks_come_and_go(
    registry: PlanRegistry, status: str | None
) -> None:
    tasks = [{"id": f"t{n}", "title": "T"} for n in range(6)]
    registry.create("g", tasks, plan_id="p")
    page = registry.views.board("p", status=status, limit=3)
    assert [task.task_id for task in page.tasks] == ["t0", "t1", "t2"]
    registry.revise(
        "p",
        "meanwhile",
        [
            {"op": "drop", "task_id": "t0"},
            {"op": "add", "task": {"id": "n", "title": "N"}, "before": "t1"},
            {"op": "drop", "task_id": "t4"},
        ],
    )
    page = registry.views.board("p", status=status, limit=3, after=page.next)
    assert [task.task_id for task in page.tasks] == ["t3", "t5"]
    assert page.next is None


def test_timeline_and_replans_come_in_pages_too(registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p")
    for n in range(5):
        registry.score_output("p", "a", n / 10)
    whole = registry.views.timeline("p").scores
    first = registry.views.timeline("p", limit=3)
    assert whole == first.scores + registry.views.timeline("p", after=first.next).scores
    replans = registry.views.replans().replans
    first_fired = registry.views.replans(limit=2)
    assert replans == first_fired.replans + registry.views.replans(after=first_fired.next).replans
    assert registry.views.replans(newest_first=True).replans == replans[::-1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda r, c: r.views.plans(after=c),
        lambda r, c: r.views.plans(after=c, order="confidence"),
        lambda r, c: r.views.board("p0", after=c),
        lambda r, c: r.views.timeline("p0", after=c),
        lambda r, c: r.views.replans(after=c),
        lambda r, c: r.views.replans(after=c, newest_first=True),
    ],
)
@pytest.mark.parametrize(
    "forged",
    [
        "",
        "a",
        "ä",
        "====",
        "\ud800",
        "bnVsbA",
        urlsafe_b64encode(b"[]").decode(),
        urlsafe_b64encode(b'["plans/newest",1]').decode(),
        urlsafe_b64encode(b'["plans/oldest",1,2]').decode(),
        urlsafe_b64encode(b'["plans/oldest","1"]').decode(),
        urlsafe_b64encode(b'["plans/oldest",true]').decode(),
        urlsafe_b64encode(b'["plans/oldest",9223372036854775808]').decode(),
        urlsafe_b64encode(b'["plans/confidence",NaN,1]').decode(),
        urlsafe_b64encode(b'["board",1,1,"p","\\u0000"]').decode(),
        urlsafe_b64encode(b'["timeline",1.5]').decode(),
        urlsafe_b64encode(b'["replans/oldest",null]').decode(),
        urlsafe_b64encode(b"[" * 1_000).decode(),
    ],
)
def test_a_cursor_that_no_answer_gave_is_refused(
    registry: PlanRegistry, ask: Ask, forged: str
) -> None:
    with pytest.raises(InvalidInput, match="after"):
        ask(registry, forged)


@given(forged=st.text(max_size=60))
@repeatable
def test_a_text_that_no_answer_gave_is_not_a_cursor(forged: str) -> None:
    with pytest.raises(InvalidInput, match="after"):
        registry_on(memory_event_store()).views.plans(after=forged)


def test_a_cursor_of_another_order_is_refused(registry: PlanRegistry) -> None:
    many_plans(registry)
    after = registry.views.plans(limit=1).next
    with pytest.raises(InvalidInput, match="`next` of an earlier answer to the same question"):
        registry.views.plans(order="newest", after=after)


@pytest.mark.parametrize(
    "ask, said",
    [
        (lambda r: r.views.plans(state="sleeping"), "state: must be one of"),
        (lambda r: r.views.plans(needs_replan="yes"), "needs_replan: must be true or false"),
        (lambda r: r.views.plans(order="random"), "order: must be one of 'oldest', 'newest'"),
        (lambda r: r.views.plans(limit=0), "limit: must be at least 1"),
        (lambda r: r.views.plans(limit=10_001), "limit: must be at most 10000"),
        (lambda r: r.views.plans(limit=True), "limit: must be a whole number"),
        (lambda r: r.views.plans(text="\0"), "text: must not hold the NUL character"),
        (lambda r: r.views.plans(text="  "), "text: must not be blank"),
        (lambda r: r.views.plans(text="\ud800"), "text: must not hold a lone surrogate"),
        (lambda r: r.views.plans(text="x" * 501), "text: must be at most 500 characters"),
        (lambda r: r.views.plans(labels=["x", "x"]), "labels: must not name anything twice"),
        (lambda r: r.views.plans(at_least=-1), "at_least: must be at least 0"),
        (lambda r: r.views.board(), "plan_id: name a plan, a status or both"),
        (lambda r: r.views.board("p", status="lost"), "status: must be one of"),
        (lambda r: r.views.board(""), "plan_id: must not be empty"),
        (lambda r: r.views.timeline(7), "plan_id: must be text"),
        (lambda r: r.views.replans(newest_first=1), "newest_first: must be true or false"),
        (
            lambda r: r.views.rebuild("plans", "tasks"),
            "names: 'tasks' is not a view; there are plans",
        ),
    ],
)
def test_bad_questions_are_refused_in_the_callers_own_terms(
    registry: PlanRegistry, ask: Ask, said: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(registry)
    assert str(refusal.value).startswith(said)


@given(text=st.text(max_size=500).filter(lambda text: "\0" not in text and text.strip()))
@repeatable
def test_no_search_text_upsets_the_database(text: str) -> None:
    registry = registry_on(memory_event_store())
    registry.create(text, TASKS, plan_id="p")
    try:
        found = registry.views.plans(text=text).plans
    except InvalidInput:
        return
    letters = any(part.isalpha() and part.isascii() for part in text)
    assert found or not letters


def test_a_filtered_list_reads_only_plans_that_may_match(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_plans(registry)
    registry.score_output("p3", "a", 0.1)
    registry.delete("p4")
    monkeypatch.setattr(
        "plangate.application.plan_queries.every_plan", None
    )  # reading them all fails now

    def listed(**wanted: Any) -> list[str]:
        return [plan.plan_id for plan in registry.list_plans(**wanted).plans]

    assert listed(needs_replan=True) == ["p3"]
    assert listed(labels=["even"]) == ["p0", "p2", "p6", "p8"]
    assert listed(labels=["even"], limit=2) == ["p0", "p2"]
    assert listed(state="complete") == []


def test_a_filtered_list_names_plans_that_cannot_be_read(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    many_plans(registry, number=3)
    stores.spoil("p1", 1)
    listed = stores.open().list_plans(labels=["even"])
    assert [plan.plan_id for plan in listed.plans] == ["p0", "p2"]
    assert [(plan.plan_id, plan.version) for plan in listed.unreadable] == [("p1", 1)]


def test_a_list_is_filtered_also_where_views_cannot_be_written(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_plans(registry)

    def refuse(*_: Any, **__: Any) -> None:
        raise StoreReadOnly("plans.db can be read but not written")

    monkeypatch.setattr(stores.views, "begin", refuse)
    listed = registry.list_plans(labels=["even"]).plans
    assert [plan.plan_id for plan in listed] == ["p0", "p2", "p4", "p6", "p8"]
    newest = [*registry.each_plan(labels=["even"], order="newest", limit=2)]
    assert [plan.plan_id for plan in newest] == ["p8", "p6"]
    with pytest.raises(StoreReadOnly):  # only the views know the order
        next(registry.each_plan(order="updated"))


# --- the next task of all plans ---


def test_only_plans_that_may_have_work_are_read(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 5)
    many_plans(registry, number=6)
    for plan_id in ("p0", "p2"):
        registry.pause(plan_id, "not now")
    for task_id in "ab":
        registry.mark_task("p4", task_id, "done")
    registry.next_task("p1", lease=0.5)
    registry.mark_task("p1", "b", "done")
    registry.next_task("p3")
    registry.mark_task("p3", "b", "done")
    looked_at, current = list[str](), registry._streams.current

    def look(plan_id: str) -> Stream:
        looked_at.append(plan_id)
        return current(plan_id)

    monkeypatch.setattr(registry._streams, "current", look)
    task = registry.next_task()
    assert task is not None
    assert (task.plan_id, task.id) == ("p1", "a"), "its lease has run out"
    assert set(looked_at) == {"p1"}, "no later plan can have a task that comes before"
    assert registry.next_task(labels=["even"]) is None


def test_few_plans_are_read_rather_than_views_made(
    stores: SharedStores, registry: PlanRegistry
) -> None:
    many_plans(registry, number=3)
    assert (task := registry.next_task())
    assert task.plan_id == "p0"
    assert stores.views.positions() == {}


def test_no_view_blocks_work(
    stores: SharedStores, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_queries, "FEW_PLANS", 2)
    many_plans(registry, number=3)
    stores.spoil("p0", 1)
    worker = stores.open()
    assert (task := worker.next_task())
    assert task.plan_id == "p1"

    def refuse(*_: Any, **__: Any) -> None:
        raise StoreReadOnly("plans.db can be read but not written")

    monkeypatch.setattr(stores.views, "positions", refuse)
    assert (task := worker.next_task())
    assert (task.plan_id, task.id) == ("p1", "b")
