"""Erasing a plan's words through the registry: where they go from, and what stays."""

from datetime import datetime

import pytest

from plangate.application.errors import StoreError, StoreUnavailable
from plangate.application.event_store import EventStore
from plangate.application.registry import PlanRegistry
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import StuckPlan, ViewPosition, ViewTables, ViewUpdate
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.events import PlanErased
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on

WORD = "Byron"


@pytest.fixture
def store() -> EventStore:
    return memory_event_store()


@pytest.fixture
def registry(store: EventStore) -> PlanRegistry:
    registry = registry_on(store)
    registry.create(
        f"Ask Mrs {WORD}",
        [{"id": "a", "title": WORD, "description": WORD, "metadata": {"who": WORD}}],
        plan_id="p",
        metadata={"who": WORD},
        idempotency_key="first",
    )
    registry.score_output(
        "p", "a", 0.4, rationale=WORD, evidence={WORD: [WORD]}, idempotency_key="second"
    )
    registry.revise("p", WORD, [{"op": "add", "task": {"id": "b", "title": WORD}}])
    registry.mark_task("p", "b", "failed", reason=WORD)
    registry.create(f"Not {WORD}", [{"id": "a", "title": "A"}], plan_id="other")
    return registry


def stored(store: EventStore, plan_id: str = "p") -> str:
    return "".join(entry.state.decode() for entry in store.read_stored(plan_id))


def test_the_text_of_one_plan_is_erased_and_its_scores_stay(
    registry: PlanRegistry, store: EventStore
) -> None:
    before, forms = (
        registry.get_status("p"),
        [*map(store.format.canonical_form, store.read_stored("p"))],
    )
    erasure = registry.erase("p", actor="dpo")

    after = registry.get_status("p")
    assert (erasure.rewritten, erasure.complete, erasure.remains) == (5, True, None)
    assert WORD not in stored(store)
    assert WORD in stored(store, "other")
    assert WORD not in after.model_dump_json()
    assert after.rolling_confidence == before.rolling_confidence
    assert [task.status for task in after.tasks] == [task.status for task in before.tasks]
    assert after.goal is None
    assert [*map(store.format.canonical_form, store.read_stored("p"))][:-1] == forms
    last = registry.history.of("p")[-1]
    assert isinstance(last.event, PlanErased)
    assert last.envelope.actor == "dpo"


def test_a_registry_that_knew_the_plan_sees_the_erased_history(
    registry: PlanRegistry, store: EventStore
) -> None:
    registry.get("p")
    registry.erase("p")
    assert registry.get("p") == registry_on(store).get("p")


def test_the_views_forget_too(registry: PlanRegistry) -> None:
    assert [row.plan_id for row in registry.views.plans(text=WORD).plans] == ["p", "other"]
    registry.erase("p")
    assert [row.plan_id for row in registry.views.plans(text=WORD).plans] == ["other"]
    assert registry.views.plans().plans[0].goal is None
    assert [row.title for row in registry.views.board("p").tasks] == [None, None]


def test_a_second_erasure_does_nothing_until_new_text_is_recorded(
    registry: PlanRegistry,
) -> None:
    registry.erase("p")
    version = registry.get_status("p").version
    assert registry.erase("p").rewritten == 0
    assert registry.get_status("p").version == version
    registry.pause("p", WORD)
    assert registry.erase("p").rewritten == 1
    assert registry.get_status("p").version == version + 2


def test_a_deleted_plan_can_be_erased_and_an_unknown_one_not(
    registry: PlanRegistry, store: EventStore
) -> None:
    registry.delete("p", reason=WORD)
    assert registry.erase("p").complete
    assert WORD not in stored(store)
    with pytest.raises(PlanNotFound):
        registry.erase("nobody")
    with pytest.raises(InvalidInput):
        registry.erase(" ")


def test_after_an_erasure_a_retry_is_recognised_by_its_key_alone(
    registry: PlanRegistry,
) -> None:
    """Also where the answer to the retry before was made from words that are gone since."""
    version = registry.get_status("p").version

    def again(rationale: str) -> str:
        return registry.score_output(
            "p",
            "a",
            0.4,
            rationale=rationale,
            evidence={WORD: [WORD]},
            idempotency_key="second",
        ).model_dump_json()

    assert WORD in again(WORD)
    registry.erase("p")
    assert WORD not in again("other words")
    assert registry.get_status("p").version == version + 1


def test_a_view_that_is_stuck_on_the_plan_and_a_rebuild_that_has_begun_forget_too() -> None:
    store = memory_event_store()
    registry = registry_on(store)
    registry.create(WORD, [{"id": "a", "title": WORD}], plan_id="p")
    registry.views.plans()
    views, target = registry._view_store, ViewTables("plans")
    stuck = StuckPlan(plan_id="p", version=2, position=2, why="a fold failed", since=DAWN)
    registry.score_prompt("p", "a", 0.5)
    mark = views.positions()[target]
    assert views.save([ViewUpdate(target, mark, 2, (), (stuck,))])
    # As where the fold itself fails.
    registry.views._runner._stuck_plans._failed.add(("plans", "p", 2))
    views.begin("board", 1, afresh=True)
    rebuilt = ViewTables("board", rebuilt=True)
    assert views.save([ViewUpdate(rebuilt, views.positions()[rebuilt], 2, ())])

    registry.erase("p")

    assert registry.views.plans().plans == ()
    assert views.positions()[target].stuck.keys() == {"p"}
    assert views.positions()[rebuilt].position == 0


def test_rows_are_dropped_even_while_others_lead_the_view_on(registry: PlanRegistry) -> None:
    registry.views.plans()
    views = registry._view_store
    target = ViewTables("plans")
    refusals = iter([False])

    class Overtaken:
        """The view store, where another reader is faster the first time."""

        def positions(self) -> object:
            return views.positions()

        def save(self, updates: list[ViewUpdate]) -> bool:
            return next(refusals, True) and views.save(updates)

    runner = ProjectionRunner(memory_event_store(), Overtaken(), lambda: datetime.now(DAWN.tzinfo))  # type: ignore[arg-type]
    runner._delete_rows(target, "p")
    assert [row.plan_id for row in registry.views.plans().plans] == ["other"]
    assert isinstance(views.positions()[target], ViewPosition)


def test_remaining_traces_are_reported_and_a_second_erasure_finishes(
    registry: PlanRegistry, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise StoreUnavailable("another process reads it")

    monkeypatch.setattr(store, "scrub", busy)
    first = registry.erase("p")
    assert (first.complete, first.remains) == (False, "another process reads it")
    assert first.rewritten > 0
    monkeypatch.undo()
    assert registry.erase("p") == first.model_copy(
        update={"complete": True, "remains": None, "rewritten": 0}
    )


def test_nothing_changes_where_the_history_cannot_be_read(
    registry: PlanRegistry, store: EventStore
) -> None:
    entry = store.read_stored("p")[-1]
    store.append_stored([type(entry)("p", entry.version + 1, None, "task-scored", b"{}")])
    before = stored(store)
    with pytest.raises(StoreError):
        registry.erase("p")
    assert stored(store) == before


def test_following_an_erasure_of_what_has_no_text_rewrites_nothing(
    registry: PlanRegistry, store: EventStore
) -> None:
    registry.erase("p")
    before = store.read_stored("p")
    assert registry._executor.eraser.follow({"p": 4}) is None
    assert store.read_stored("p") == before
