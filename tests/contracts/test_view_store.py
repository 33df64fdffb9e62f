"""The promises of every view store, on every engine."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import StoreUnavailable
from plangate.application.views.board import BoardRequest
from plangate.application.views.plan_summaries import PlanOrder, PlansRequest, PlanSummary
from plangate.application.views.projection import RowChanges
from plangate.application.views.replans import ReplansRequest
from plangate.application.views.timeline import TimelineRequest
from plangate.application.views.view_store import ViewPosition, ViewStore, ViewTables, ViewUpdate
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.postgres.views import PostgresViewStore
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.views import SqliteViewStore, memory_view_store
from tests.support.servers.postgres import PostgresServer
from tests.support.views.rows import FOLD, ids, made, put, replan, score, stuck, summary, task

ALL = ("plans", "board", "timeline", "replans")
Engine = Callable[[pytest.FixtureRequest, Path], ViewStore]


def _postgres(request: pytest.FixtureRequest, _folder: Path) -> ViewStore:
    server: PostgresServer = request.getfixturevalue("postgres")
    return PostgresViewStore(open_schema(server.url))


ENGINES: dict[str, Engine] = {
    "memory": lambda _request, _folder: memory_view_store(),
    "sqlite": lambda _request, folder: SqliteViewStore(SqliteFile(folder / "plans.db")),
    "postgres": _postgres,
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ViewStore]:
    """Each kind of store in turn, all its views there and empty."""
    store = ENGINES[request.param](request, tmp_path)
    made(store, *ALL)
    yield store
    store.close()


def plans(store: ViewStore, after: tuple[Any, ...] | None = None, **wanted: Any) -> list[Any]:
    return list(store.plans(PlansRequest.model_validate(wanted), after, 100))


# --- rows and how far they go ---


def test_rows_come_back_as_they_were_given(store: ViewStore) -> None:
    given = (
        summary(1),
        task(1, 0),
        score("p1", 2),
        replan("p1", 4),
        score("p1", 5, scorer=None, raw_score=None, task_confidence=None),
    )
    put(store, "plans", given[0])
    put(store, "board", given[1])
    put(store, "timeline", given[2], given[4])
    put(store, "replans", given[3])
    assert plans(store) == [given[0]]
    assert store.board(BoardRequest(plan_id="p1"), None, 9) == [given[1]]
    assert store.timeline(TimelineRequest(plan_id="p1"), None, 9) == [given[2], given[4]]
    assert store.replans(ReplansRequest(), None, 9) == [given[3]]
    assert store.sizes() == {"plans": 1, "board": 1, "timeline": 2, "replans": 1}


def test_a_newer_row_takes_the_place_of_the_older(store: ViewStore) -> None:
    put(store, "plans", summary(1, goal="old"))
    put(store, "plans", summary(1, goal=None, updated_position=2))
    assert [plan.goal for plan in plans(store)] == [None]


def test_rows_and_position_move_together(store: ViewStore) -> None:
    put(store, "plans", summary(1), until=5)
    assert store.positions()[ViewTables("plans")] == ViewPosition(FOLD, 5, 1)
    assert store.positions()[ViewTables("board")] == ViewPosition(FOLD, 0)


@pytest.mark.parametrize(
    "elsewhere", [{"position": 4}, {"fold_version": FOLD + 1}, {"updates": 0}, {"updates": 2}]
)
def test_the_second_of_two_updates_saves_nothing(
    store: ViewStore, elsewhere: dict[str, Any]
) -> None:
    put(store, "plans", summary(1), until=5)
    marks = store.positions()
    late = replace(marks[ViewTables("plans")], **elsewhere)
    assert not put(store, "plans", summary(2), after=late)
    good = ViewUpdate(
        ViewTables("board"), marks[ViewTables("board")], 5, [RowChanges(upserts=[vars(task(1, 0))])]
    )
    assert not store.save([good, ViewUpdate(ViewTables("plans"), late, 6, [])])
    assert ids(plans(store)) == ["p1"]
    assert store.sizes()["board"] == 0
    assert store.positions() == marks


def test_deletes_come_before_upserts(store: ViewStore) -> None:
    put(store, "board", task(1, 0), task(1, 1), task(2, 0))
    put(store, "board", task(1, 2), deletes=[("p1", "t0")])
    assert [t.task_id for t in store.board(BoardRequest(plan_id="p1"), None, 9)] == ["t1", "t2"]
    put(store, "board", task(1, 5), deletes=[("p1", None)])
    assert [t.task_id for t in store.board(BoardRequest(plan_id="p1"), None, 9)] == ["t5"]
    assert len(store.board(BoardRequest(plan_id="p2"), None, 9)) == 1


def test_changes_of_one_update_are_written_in_their_order(store: ViewStore) -> None:
    changes = [
        RowChanges(upserts=[vars(task(1, 0))]),
        RowChanges(deletes=[("p1", "t0")], upserts=[vars(task(1, 1))]),
        RowChanges(deletes=[("p1", "t1")]),
        RowChanges(upserts=[vars(task(1, 2))]),
    ]
    store.save([ViewUpdate(ViewTables("board"), ViewPosition(FOLD, 0), 1, changes)])
    assert [t.task_id for t in store.board(BoardRequest(plan_id="p1"), None, 9)] == ["t2"]


# --- plans that views are stuck on ---


def test_rows_of_a_stuck_plan_are_stale_until_it_is_freed(store: ViewStore) -> None:
    put(store, "plans", summary(1), summary(2))
    put(store, "timeline", score("p1", 2))
    assert put(store, "plans", stuck=[stuck("p1")])
    assert [plan.stale for plan in plans(store)] == [True, False]
    assert not store.timeline(TimelineRequest(plan_id="p1"), None, 9)[0].stale
    assert store.positions()[ViewTables("plans")].stuck == {"p1": stuck("p1")}
    put(store, "plans", until=2, freed=["p1"], stuck=[stuck("p1", 3)])
    assert store.positions()[ViewTables("plans")].stuck["p1"].version == 3
    put(store, "plans", until=2, freed=["p1"])
    assert [plan.stale for plan in plans(store)] == [False, False]
    assert store.positions()[ViewTables("plans")].stuck == {}


# --- rebuilding ---


@pytest.mark.parametrize("view, row", [("plans", summary(1)), ("board", task(1, 0))])
def test_a_rebuild_is_not_seen_until_it_takes_the_place_of_the_old(
    store: ViewStore, view: str, row: Any
) -> None:
    put(store, view, row, until=5)
    store.begin(view, FOLD + 1, afresh=False)
    put(store, view, row.model_copy(update={"plan_id": "q"}), until=4, rebuilt=True)
    assert store.positions()[ViewTables(view, rebuilt=True)] == ViewPosition(FOLD + 1, 4, 1)
    assert not store.swap(view)
    assert store.sizes()[view] == 1
    put(store, view, rebuilt=True, stuck=[stuck("q")])
    assert store.swap(view)
    assert store.positions()[ViewTables(view)] == ViewPosition(FOLD + 1, 5, 2, {"q": stuck("q")})
    assert ViewTables(view, rebuilt=True) not in store.positions()
    assert store.sizes()[view] == 1
    if view == "plans":
        assert [(plan.plan_id, plan.stale) for plan in plans(store)] == [("q", True)]
    assert not store.swap(view)


def test_a_rebuild_is_continued_unless_a_fresh_one_is_asked_for(store: ViewStore) -> None:
    store.begin("plans", FOLD, afresh=False)
    assert ViewTables("plans", rebuilt=True) not in store.positions()
    store.begin("plans", FOLD, afresh=True)
    put(store, "plans", summary(1), until=5, rebuilt=True, texts=[(1, "word")])
    store.begin("plans", FOLD + 1, afresh=False)
    assert store.positions()[ViewTables("plans", rebuilt=True)] == ViewPosition(FOLD + 1, 0)
    put(store, "plans", summary(1), until=5, rebuilt=True)
    store.begin("plans", FOLD + 1, afresh=False)
    assert store.positions()[ViewTables("plans", rebuilt=True)] == ViewPosition(FOLD + 1, 5, 1)
    store.begin("plans", FOLD + 1, afresh=True)
    assert store.positions()[ViewTables("plans", rebuilt=True)] == ViewPosition(FOLD + 1, 0)
    assert store.swap("plans")
    assert plans(store) == []


# --- questions ---

MANY = (
    summary(1, state="active", needs_replan=False, priority=5, labels=("x",)),
    summary(2, state="complete", rolling_confidence=0.9, labels=("x", "y"), updated_position=9),
    summary(3, state="active", rolling_confidence=0.9, priority=-1, labels=()),
    summary(4, state="blocked", rolling_confidence=0.1, priority=5, labels=("xy",)),
)


@pytest.mark.parametrize(
    "wanted, found",
    [
        ({}, [1, 2, 3, 4]),
        ({"state": "active"}, [1, 3]),
        ({"needs_replan": False}, [1]),
        ({"needs_replan": True, "state": "active"}, [3]),
        ({"labels": ["x"]}, [1, 2]),
        ({"labels": ["y", "x"]}, [2]),
        ({"labels": ["%"]}, []),
        ({"order": "newest"}, [4, 3, 2, 1]),
        ({"order": "updated"}, [2, 4, 3, 1]),
        ({"order": "confidence"}, [4, 1, 2, 3]),
        ({"order": "priority"}, [1, 4, 2, 3]),
    ],
)
def test_plans_are_found_and_ordered(
    store: ViewStore, wanted: dict[str, Any], found: list[int]
) -> None:
    put(store, "plans", *MANY)
    assert [plan.created_position for plan in plans(store, **wanted)] == found


@pytest.mark.parametrize("order", PlanOrder)
def test_plans_are_listed_from_any_row_on(store: ViewStore, order: PlanOrder) -> None:
    put(store, "plans", *MANY)
    whole = plans(store, order=order)
    for place, row in enumerate(whole):
        after = tuple(getattr(row, field) for field, _ in order.keys)
        assert plans(store, after, order=order) == whole[place + 1 :]
    assert len(store.plans(PlansRequest(order=order), None, 2)) == 2


@pytest.mark.parametrize(
    "text, found",
    [
        ("ledger", [1, 2]),
        ("LEDG", [1, 2]),
        ("new ledger", [1]),
        ("ledger new", [1]),
        ("uberfuhr", [3]),
        ("Überführung", [3]),
        ("schema_v2", [2]),
        ("edger", []),
        ("ledger OR nothing", []),
        ("ledger NOT new", []),
        ('"', []),
        ('ledger "', [1, 2]),
        ("new*", [1]),
        ("^new", [1]),
        ("text:new", []),
        ("NEAR(new ledger)", []),
        ("'; DROP TABLE view_plans; --", []),
        ("(", []),
        ("-", []),
        ("\\", []),
        ("%", []),
        ("🚢", []),
        ("\u202e\ufeff", []),
        (" ".join(["ledger"] * 71), [1, 2]),
        (" ".join("a" * 250), []),
        ('"' * 500, []),
    ],
)
def test_words_are_searched_for_and_nothing_in_them_is_an_operator(
    store: ViewStore, text: str, found: list[int]
) -> None:
    texts = [
        (1, "Move billing to the new ledger"),
        (2, "Old ledger\nschema_v2"),
        (3, "Die Überführung"),
    ]
    put(store, "plans", *(summary(n) for n, _ in texts), texts=texts)
    assert [plan.created_position for plan in plans(store, text=text)] == found


def test_words_follow_their_plan(store: ViewStore) -> None:
    put(store, "plans", summary(1), summary(2), texts=[(1, "old"), (2, "old")])
    put(store, "plans", texts=[(1, "new")])
    put(store, "plans", deletes=[("p2", None)])
    assert ids(plans(store, text="new")) == ["p1"]
    assert plans(store, text="old") == []
    put(store, "plans", summary(2, plan_id="q"))
    assert plans(store, text="old") == []


def test_the_board_is_listed_by_plan_and_by_status(store: ViewStore) -> None:
    rows = [task(2, 0), task(1, 1, status="done"), task(1, 0), task(1, 2)]
    put(store, "board", *rows)

    def listed(**wanted: Any) -> list[tuple[str, str]]:
        found = store.board(BoardRequest.model_validate(wanted), None, 9)
        return [(row.plan_id, row.task_id) for row in found]

    assert listed(plan_id="p1") == [("p1", "t0"), ("p1", "t1"), ("p1", "t2")]
    assert listed(status="in_progress") == [("p1", "t0"), ("p1", "t2"), ("p2", "t0")]
    assert listed(status="in_progress", plan_id="p1") == [("p1", "t0"), ("p1", "t2")]
    assert len(store.board(BoardRequest(plan_id="p1"), None, 1)) == 1


def test_the_board_continues_from_the_current_place_of_the_last_task(store: ViewStore) -> None:
    put(store, "board", *(task(1, place) for place in range(4)))
    after = (1, 1, "p1", "t1")

    def rest() -> list[str]:
        rows = store.board(BoardRequest(status=TaskStatus.IN_PROGRESS), after, 9)
        return [row.task_id for row in rows]

    assert rest() == ["t2", "t3"]
    moved = [task(1, place + 1, task_id=f"t{place}") for place in range(4)]
    put(store, "board", *moved, task(1, 0, task_id="new"))
    assert rest() == ["t2", "t3"]
    put(store, "board", deletes=[("p1", "t1")])
    assert rest() == ["t2", "t3"]


def test_scores_and_replans_are_listed_from_any_row_on(store: ViewStore) -> None:
    scores = [score("p", 2), score("p", 3), score("q", 4), score("p", 5)]
    fired = [replan("p", 3), replan("q", 4), replan("p", 6)]
    put(store, "timeline", *scores)
    put(store, "replans", *fired)
    wanted = TimelineRequest(plan_id="p")
    assert store.timeline(wanted, (2,), 9) == [scores[1], scores[3]]
    assert store.timeline(wanted, None, 2) == scores[:2]
    assert store.replans(ReplansRequest(), (30,), 9) == fired[1:]
    assert store.replans(ReplansRequest(newest_first=True), None, 2) == fired[:0:-1]
    assert store.replans(ReplansRequest(newest_first=True), (40,), 9) == fired[:1]
    assert store.replans(ReplansRequest(plan_id="p"), None, 9) == [fired[0], fired[2]]


def test_a_closed_store_says_so(store: ViewStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.positions()


def test_a_thousand_rows_go_in_and_come_out(store: ViewStore) -> None:
    rows: list[PlanSummary] = [summary(position) for position in range(1, 1_001)]
    put(store, "plans", *rows)
    assert list(store.plans(PlansRequest(), None, 2_000)) == rows
