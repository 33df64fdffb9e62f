"""`audit` lists every event in order with its changes; filters only leave entries out."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plangate.application import plan_log
from plangate.application.history import audit
from plangate.application.history.audit import AuditEntry, StateAt
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.events import PlanCreated, TaskScored, touches
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on
from tests.support.model.random_work import RandomWork

JUDGE = {"kind": "model", "name": "judge", "version": "2"}


@pytest.fixture
def worked() -> Iterator[PlanRegistry]:
    """Plans with random work."""
    with registry_on(memory_event_store()) as registry:
        RandomWork(registry, random.Random(3)).go_on(250)
        yield registry


def test_an_entry_has_who_when_what_why_and_the_change(
    registry: PlanRegistry, plan_id: str
) -> None:
    with registry.acting_as("ada", correlation_id="run-1"):
        registry.update(
            plan_id, "a", prompt_score=0.9, output_score=0.2, scorer=JUDGE, rationale="half done"
        )

    created, prompt, output, moved, fired = registry.history.audit(plan_id)

    assert (created.kind, created.task_id, created.before) == ("plan-created", None, None)
    assert created.after == StateAt(
        rolling_confidence=1.0, scored=0, replan_due=False, gate_tripped=False, task_status=None
    )
    assert (prompt.event_id, prompt.version, prompt.position) == ("billing@2", 2, 2)
    assert (prompt.actor, prompt.correlation_id, prompt.why) == ("ada", "run-1", "half done")
    assert prompt.scorer is not None
    assert (prompt.scorer.name, prompt.score_kind, prompt.task_id) == ("judge", "prompt", "a")
    assert prompt.recorded_at == registry.history.of(plan_id)[1].envelope.recorded_at
    assert isinstance(prompt.event, TaskScored)
    assert output.causation_id == "billing@2"
    assert output.before == StateAt(
        rolling_confidence=0.9,
        scored=1,
        replan_due=False,
        gate_tripped=False,
        task_status=TaskStatus.PENDING,
    )
    assert output.after is not None
    assert output.after.rolling_confidence == pytest.approx(0.445)
    assert moved.after is not None
    assert (moved.kind, moved.score_kind) == ("task-status-changed", None)
    assert moved.after.task_status == "replanning"
    assert fired.before == moved.after
    assert fired.after == moved.after.model_copy(update={"replan_due": True, "gate_tripped": True})


def test_every_state_is_that_of_the_plan_before_and_after(worked: PlanRegistry) -> None:
    plans: dict[str, Plan] = {}
    entries = list(worked.history.audit())

    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) > 150
    for entry in entries:
        assert entry.event is not None
        before = plans.get(entry.plan_id, Plan(entry.plan_id))
        after = plans[entry.plan_id] = evolve(before, entry.event)
        assert entry.before == (figures(before, entry) if before.version else None)
        assert entry.after == figures(after, entry)
    for plan_id in plans:
        of_one = [entry for entry in entries if entry.plan_id == plan_id]
        assert list(worked.history.audit(plan_id)) == of_one


def figures(plan: Plan, entry: AuditEntry) -> StateAt:
    task = plan.tasks.get(entry.task_id or "")
    return StateAt(
        rolling_confidence=plan.rolling_confidence,
        scored=sum(task.confidence(plan.policy) is not None for task in plan),
        replan_due=plan.replan_due,
        gate_tripped=plan.gate.tripped,
        task_status=task.status if task else None,
    )


@pytest.mark.parametrize(
    "filters, matching",
    [
        ({"task": "b"}, lambda e: e.event is not None and "b" in touches(e.event).task_ids),
        ({"kind": "task-scored"}, lambda e: e.kind == "task-scored"),
        ({"kind": "output"}, lambda e: e.score_kind == "output"),
        ({"kind": "plan-created", "task": "b"}, lambda e: e.kind == "plan-created" and two(e)),
        (
            {"since": DAWN + timedelta(seconds=40), "until": DAWN + timedelta(seconds=90)},
            lambda e: 40 <= (e.recorded_at - DAWN).seconds < 90,
        ),
        ({"scorer": "nobody"}, lambda _: False),
    ],
)
def test_a_filter_takes_entries_away_and_changes_none(
    worked: PlanRegistry, filters: dict[str, Any], matching: Callable[[AuditEntry], bool]
) -> None:
    expected = [entry for entry in worked.history.audit() if matching(entry)]

    assert list(worked.history.audit(**filters)) == expected
    assert bool(expected) is ("scorer" not in filters)


def two(entry: AuditEntry) -> bool:
    return isinstance(entry.event, PlanCreated) and len(entry.event.tasks) > 1


@pytest.mark.parametrize("kept", [1, 20_000])
def test_pages_join_to_the_whole_however_little_is_remembered(
    worked: PlanRegistry, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    whole = list(worked.history.audit())
    monkeypatch.setattr(audit, "KEPT_TASKS", kept)
    monkeypatch.setattr(plan_log, "PAGE", 7)

    joined: list[AuditEntry] = []
    while page := list(
        worked.history.audit(after=joined[-1].position or 0 if joined else 0, limit=10)
    ):
        joined += page

    assert joined == whole
    assert list(worked.history.audit()) == whole
    plan_id = whole[0].plan_id
    assert (
        list(worked.history.audit(plan_id, after_version=3))
        == list(worked.history.audit(plan_id))[3:]
    )


def test_no_more_is_read_than_is_asked_for(
    worked: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read = worked._store.read_all_stored

    def counting(*, after: int = 0, limit: int) -> Any:
        asked.append(limit)
        return read(after=after, limit=limit)

    monkeypatch.setattr(worked._store, "read_all_stored", counting)
    monkeypatch.setattr(plan_log, "PAGE", 5)
    entries = worked.history.audit()

    assert asked == []
    assert [next(entries).position for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert asked == [5, 5]


def test_progress_is_reported(worked: PlanRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_log, "PAGE", 100)
    heard: list[tuple[int, int]] = []
    everything = len(
        list(worked.history.audit(progress=lambda done, last: heard.append((done, last))))
    )

    assert heard[:2] == [(0, everything), (100, everything)]
    assert heard[-1] == (everything, everything)


@pytest.mark.parametrize(
    "scorer, times",
    [
        ("judge", 2),
        ("judge@2", 1),
        ("model:judge", 2),
        ("model:judge@2", 1),
        ("human:judge", 0),
        ("judge@3", 0),
        ("model", 0),
    ],
)
def test_a_scorer_can_be_named_by_kind_and_version(
    registry: PlanRegistry, plan_id: str, scorer: str, times: int
) -> None:
    registry.score_prompt(plan_id, "a", 0.5, scorer=JUDGE)
    registry.score_prompt(plan_id, "a", 0.6, scorer={"kind": "model", "name": "judge"})
    registry.score_prompt(plan_id, "a", 0.7)

    assert len(list(registry.history.audit(plan_id, scorer=scorer))) == times


def test_why_is_the_reason_rationale_or_note(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_prompt(plan_id, "a", 0.5, rationale="vague")
    registry.mark_task(plan_id, "a", "done", reason="looked at it")
    registry.record_outcome(plan_id, "a", "rejected", source="ci", note="does not build")

    assert [entry.why for entry in registry.history.audit(plan_id)] == [
        None,
        "vague",
        "looked at it",
        "does not build",
    ]


def test_across_plans_by_actor(registry: PlanRegistry, plan_id: str) -> None:
    registry.create("Another", [{"id": "x", "title": "X"}], plan_id="other", actor="bob")
    registry.score_prompt(plan_id, "a", 0.5, actor="ada")
    registry.score_prompt("other", "x", 0.5, actor="ada")

    found = [entry.event_id for entry in registry.history.audit(actor="ada")]

    assert found == ["billing@2", "other@2"]


@pytest.mark.parametrize(
    "asked, problem",
    [
        ({"plan_id": ""}, "plan_id: must not be empty"),
        ({"kind": "task-score"}, "kind: must be one of plan-created, task-scored, scoring-failed"),
        ({"after": -1}, "after: must be at least 0"),
        ({"after": 10**30}, "after: must be"),
        ({"after": "x"}, "after: must be a whole number"),
        ({"limit": 0}, "limit: must be at least 1"),
        ({"limit": 10**30}, "limit: must be"),
        ({"scorer": 3}, "scorer: must be text"),
        ({"since": "today"}, "since: must be a datetime with its time zone"),
        ({"since": 0}, "since: must be a datetime with its time zone"),
        (
            {"until": datetime(2026, 1, 1)},  # noqa: DTZ001  (that is the point)
            "until: 2026-01-01 00:00:00 has no time zone; say which one is meant",
        ),
    ],
)
def test_invalid_filters_are_refused_at_once(
    registry: PlanRegistry, plan_id: str, asked: dict[str, Any], problem: str
) -> None:
    assert plan_id
    with pytest.raises(InvalidInput) as caught:
        registry.history.audit(**asked)

    assert str(caught.value).startswith(problem)


def test_an_unknown_plan_has_no_history(registry: PlanRegistry) -> None:
    with pytest.raises(PlanNotFound):
        registry.history.audit("nowhere")


# --- damage ----------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[PlanRegistry, Callable[[str], None]]]:
    """Plans `p` and `q` of five events each, and a way to do something to the file."""
    with connect(tmp_path / "plans.db") as registry:
        for plan_id in "pq":
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id)
        for score in (0.1, 0.2, 0.3, 0.4):
            for plan_id in "pq":
                registry.score_prompt(plan_id, "a", score)

        def do(sql: str) -> None:
            with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
                connection.execute(sql)
                connection.commit()

        yield registry, do


THE_THIRD = "originator_id = 'p' AND originator_version = 3"


def test_an_unreadable_event_is_listed_and_states_after_it_are_unknown(
    damaged: tuple[PlanRegistry, Callable[[str], None]],
) -> None:
    registry, do = damaged
    do(f"UPDATE stored_events SET state = '{{}}' WHERE {THE_THIRD}")

    entries = list(registry.history.audit())

    assert [entry.event_id for entry in entries if entry.unreadable] == ["p@3"]
    unknown = [e.event_id for e in entries if e.after is None and not e.unreadable]
    assert unknown == ["p@4", "p@5"]
    assert [e.event_id for e in registry.history.audit(kind="prompt", actor="nobody")] == ["p@3"]
    assert [e.version for e in registry.history.audit("p", after_version=3)] == [3, 4, 5]
    bad, last = registry.history.audit("p", after_version=3, limit=2)
    assert bad.unreadable is not None
    assert (last.version, last.after) == (4, None)


def test_a_missing_event_is_listed_at_its_version(
    damaged: tuple[PlanRegistry, Callable[[str], None]],
) -> None:
    registry, do = damaged
    do(f"DELETE FROM stored_events WHERE {THE_THIRD}")

    of_p = list(registry.history.audit("p"))

    assert [entry.event_id for entry in of_p] == ["p@1", "p@2", "p@3", "p@4", "p@5"]
    assert [entry.unreadable for entry in of_p] == [None, None, "it is missing", None, None]
    assert [entry.after is None for entry in of_p] == [False, False, True, True, True]
    assert all(entry.after for entry in registry.history.audit("q"))


def test_a_history_without_its_creation_is_listed(
    damaged: tuple[PlanRegistry, Callable[[str], None]],
) -> None:
    registry, do = damaged
    do("DELETE FROM stored_events WHERE originator_id = 'p' AND originator_version = 1")

    assert [entry.unreadable for entry in registry.history.audit("p")][:2] == [
        "it is missing",
        None,
    ]


def test_events_in_the_wrong_order_are_listed_in_log_order(
    damaged: tuple[PlanRegistry, Callable[[str], None]],
) -> None:
    registry, do = damaged
    do(f"UPDATE stored_events SET notification_id = 100 WHERE {THE_THIRD}")

    entries = list(registry.history.audit())

    assert [entry.event_id for entry in entries][-1] == "p@3"
    known = {entry.event_id: entry.after for entry in entries}
    assert known == {
        entry.event_id: entry.after
        for entry in (*registry.history.audit("p"), *registry.history.audit("q"))
    }


def test_a_moment_is_compared_whatever_its_zone(registry: PlanRegistry, plan_id: str) -> None:
    recorded_at = registry.history.of(plan_id)[0].envelope.recorded_at
    at = recorded_at.astimezone(UTC) + timedelta(microseconds=1)

    assert len(list(registry.history.audit(until=at))) == 1
    assert list(registry.history.audit(until=recorded_at)) == []
    assert len(list(registry.history.audit(since=recorded_at))) == 1
    assert list(registry.history.audit(since=at)) == []


def test_after_is_a_position_for_one_plan_too(worked: PlanRegistry) -> None:
    plan_id = next(iter(worked.history.audit())).plan_id
    plan_ids = {entry.plan_id for entry in worked.history.audit()}
    own = max((list(worked.history.audit(plan_id)) for plan_id in plan_ids), key=len)
    plan_id = own[0].plan_id
    position = own[1].position or 0
    assert len(own) > 3
    assert list(worked.history.audit(plan_id, after=position)) == own[2:]
    assert list(worked.history.audit(plan_id, after=position, after_version=3)) == own[3:]
    assert list(worked.history.audit(plan_id, after=own[-1].position or 0)) == []


def test_a_version_is_of_one_plan(worked: PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="after_version: counts the events of one plan"):
        worked.history.audit(after_version=3)


def test_an_event_with_text_as_its_version_is_listed_as_unreadable(
    damaged: tuple[PlanRegistry, Callable[[str], None]],
) -> None:
    registry, do = damaged
    do(f"UPDATE stored_events SET originator_version = 'x' WHERE {THE_THIRD}")
    unreadable = [entry.unreadable for entry in registry.history.audit() if entry.unreadable]
    assert "its version is not a number: 'x'" in unreadable[0]
