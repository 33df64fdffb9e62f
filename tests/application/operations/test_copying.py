"""All plans of one store into another, as they are; and again, where it was cut short."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from plangate.application import plan_log
from plangate.application.errors import (
    CorruptEvent,
    HistoryDiffers,
    PredecessorMissing,
    StoreUnavailable,
)
from plangate.application.operations.copying import copy_plans
from plangate.application.operations.reports import CopyReport
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.reliability.test_damaged_events import DAMAGES

TASKS = [{"id": "a", "title": "Build"}]
PAGES = [1, 3, 1_000]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pages of several sizes, so that they end everywhere."""
    monkeypatch.setattr(plan_log, "PAGE", request.param)
    return int(request.param)


def worked_on(*plan_ids: str, scores: int = 3) -> PlanRegistry:
    """A store whose plans are worked on side by side."""
    registry = connect("memory:")
    for plan_id in plan_ids:
        registry.create("Ship it", TASKS, plan_id=plan_id)
    for n in range(scores):
        for plan_id in plan_ids:
            registry.score_prompt(plan_id, "a", n / 10)
    return registry


def entries(registry: PlanRegistry) -> list[StoredEntry]:
    return list(registry._store.read_all_stored(limit=9_999))


def copied(source: PlanRegistry, target: PlanRegistry) -> CopyReport:
    return source.bundles.copy_to(target)


@pytest.mark.usefixtures("page")
def test_an_empty_store_gets_everything_as_it_is() -> None:
    source, target = worked_on("p", "q"), connect("memory:")

    report = copied(source, target)

    assert entries(target) == entries(source)
    assert report == CopyReport(
        position=8, plans=2, checked=8, copied=8, already_there=0, unreadable=0, positions_kept=True
    )
    assert target.get_status("q") == source.get_status("q")


@pytest.mark.usefixtures("page")
def test_of_nothing_nothing_is_copied() -> None:
    assert copied(connect("memory:"), worked_on("p")).checked == 0


@pytest.mark.usefixtures("page")
def test_a_store_with_plans_of_its_own_gets_them_at_its_end() -> None:
    source, target = worked_on("p", "q"), worked_on("mine")

    report = copied(source, target)

    assert (report.copied, report.positions_kept) == (8, False)
    ours, theirs = entries(source), entries(target)[4:]
    assert [e.event_id for e in theirs] == [e.event_id for e in ours]
    assert [e.position for e in theirs] == list(range(5, 13))
    for before, after in zip(ours, theirs, strict=True):
        body = json.loads(after.state)
        assert body["meta"].pop("origin_position") == before.position
        assert body == json.loads(before.state)
    history = target.history.of("p")
    assert [e.envelope.origin_position for e in history] == [1, 3, 5, 7]
    assert target.get_status("p") == source.get_status("p")


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("theirs", [(), ("mine",)])
def test_a_repeated_copy_takes_only_new_events(theirs: tuple[str, ...]) -> None:
    source, target = worked_on("p", "q"), worked_on(*theirs)
    copied(source, target)
    assert copied(source, target).copied == 0
    source.next_task("p")
    source.create("Another", TASKS, plan_id="r")

    report = copied(source, target)

    assert (report.copied, report.already_there, report.plans) == (2, 8, 3)
    assert report.positions_kept is not bool(theirs)
    assert target.get_status("p") == source.get_status("p")


@pytest.mark.usefixtures("page")
def test_newer_events_of_the_target_stay() -> None:
    source, target = worked_on("p", "q"), connect("memory:")
    copied(source, target)
    target.next_task("q")
    target.create("Another", TASKS, plan_id="r")
    source.next_task("p")

    report = copied(source, target)

    assert (report.copied, report.positions_kept) == (1, False)
    assert [e.event_id for e in entries(target)[8:]] == ["q@5", "r@1", "p@5"]


@pytest.mark.usefixtures("page")
def test_another_history_is_refused_before_anything_is_written() -> None:
    source, target = worked_on("p", "q"), worked_on("mine")
    copied(source, target)
    source.create("New", TASKS, plan_id="new")
    source.next_task("q")
    target.mark_task("q", "a", "done")
    before = entries(target)

    with pytest.raises(HistoryDiffers, match="'q' is in the target already") as refusal:
        copied(source, target)

    assert (refusal.value.plan_id, refusal.value.version) == ("q", 5)
    assert entries(target) == before


def test_a_plan_of_the_same_name_is_another_plan() -> None:
    with pytest.raises(HistoryDiffers, match="from event p@1 on"):
        copied(worked_on("p"), worked_on("p"))


@pytest.mark.usefixtures("page")
def test_copies_of_copies_know_each_other() -> None:
    first, second, third = worked_on("p"), worked_on("mine"), worked_on("other")
    copied(first, second)
    copied(second, third)

    assert copied(first, third).copied == 0
    assert copied(third, second).copied == 4  # the plan "other" alone
    assert [e.envelope.origin_position for e in third.history.of("p")] == [1, 2, 3, 4]
    back = copied(second, first)
    assert (back.already_there, back.copied) == (4, 8)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("theirs", [(), ("mine",)])
def test_events_that_cannot_be_read_are_copied_as_they_are_and_counted(
    theirs: tuple[str, ...],
) -> None:
    source, target = worked_on("p"), worked_on(*theirs)
    planted = [
        StoredEntry("p", 5, None, "task-scored", b"{"),
        StoredEntry("p", 6, None, "task-painted", b'{"event":{},"meta":{}}'),
    ]
    source._store.append_stored(planted)

    report = copied(source, target)
    again = copied(source, target)

    assert (report.copied, report.unreadable) == (6, 2)
    assert (again.copied, again.unreadable) == (0, 0)
    broken, unknown = entries(target)[-2:]
    assert broken.state == planted[0].state
    assert unknown.state == (
        b'{"event":{},"meta":{"origin_position":6}}' if theirs else planted[1].state
    )


def test_an_event_under_another_name_is_another_event() -> None:
    source, target = worked_on("p"), worked_on("mine")
    renamed = [replace(e, position=None, name="x") for e in entries(source)]
    target._store.append_stored(renamed)
    with pytest.raises(HistoryDiffers):
        copied(source, target)


def test_progress_is_reported_to_the_end() -> None:
    result: list[tuple[int, int]] = []
    source = worked_on("p", "q")
    source.bundles.copy_to(
        worked_on("mine"), progress=lambda done, total: result.append((done, total))
    )
    assert all(before <= after for before, after in pairwise(result))
    assert result[-1] == (24, 24)


def test_it_goes_as_far_as_the_log_went_when_it_began() -> None:
    source, target = worked_on("p"), connect("memory:")

    def go_on(_done: int, _total: int) -> None:
        source.score_prompt("p", "a", 0.5)

    report = source.bundles.copy_to(target, progress=go_on)

    assert (report.position, report.checked) == (4, 4)
    assert entries(target) == entries(source)[:4]


def test_a_concurrent_writer_gets_its_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = worked_on("p"), connect("memory:")
    monkeypatch.setattr(plan_log, "PAGE", 2)

    def interfere(done: int, _total: int) -> None:
        if done == 6:
            target.create("Mine", TASKS, plan_id="mine")

    report = source.bundles.copy_to(target, progress=interfere)

    assert (report.copied, report.positions_kept) == (4, False)
    assert [e.event_id for e in entries(target)] == ["p@1", "p@2", "mine@1", "p@3", "p@4"]


def test_an_engine_with_positions_of_its_own_gives_them(tmp_path: Path) -> None:
    beginning = entries(worked_on("p", scores=0))[0]
    target = connect("memory:")
    with connect(tmp_path / "plans.db") as source:
        source._store.append_stored([replace(beginning, position=7)])

        report = source.bundles.copy_to(target)

    assert (report.position, report.positions_kept) == (7, False)
    assert target.history.of("p")[0].envelope.origin_position == 7


@pytest.mark.parametrize("lost", [1, 4])
def test_a_target_that_loses_events_is_found_out(lost: int) -> None:
    source, target = worked_on("p"), memory_event_store()
    keep = target.append_stored
    target.append_stored = lambda entries: keep(entries[:-lost])  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable, match="took 4 events and does not have them"):
        copy_plans(source._store, target, lambda _done, _total: None)


def test_a_target_that_loses_events_later_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = worked_on("p"), worked_on("mine")
    read = target._store.read_stored
    monkeypatch.setattr(plan_log, "PAGE", 2)

    def forget(done: int, total: int) -> None:
        if done == total - 4:
            monkeypatch.setattr(
                target._store,
                "read_stored",
                lambda plan_id, **places: [e for e in read(plan_id, **places) if e.version != 3],
            )

    with pytest.raises(StoreUnavailable, match="p@3 was copied and is not in the target"):
        source.bundles.copy_to(target, progress=forget)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_store_is_copied_as_it_is_or_refused(tmp_path: Path, damage: str) -> None:
    with connect(tmp_path / "plans.db") as registry:
        registry.create("Ship it", TASKS, plan_id="p")
        registry.score_prompt("p", "a", 0.5)
    with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
        connection.execute(f"UPDATE stored_events SET {damage} WHERE originator_version = 2")
        connection.commit()
    with connect(tmp_path / "plans.db") as source, connect(tmp_path / "copy.db") as target:
        formless = any(
            type(e.version) is not int or type(e.name) is not str for e in entries(source)
        )
        missing = [(e.plan_id, e.version) for e in entries(source)] != [("p", 1), ("p", 2)]
        if missing and not formless:
            with pytest.raises(PredecessorMissing, match="it is missing"):
                source.bundles.copy_to(target)
            assert entries(target) == []
        elif formless:
            with pytest.raises(CorruptEvent, match="cannot be copied") as refusal:
                source.bundles.copy_to(target)
            assert refusal.value.position == 2
            assert entries(target) == []
        else:
            assert source.bundles.copy_to(target).copied == 2
            assert entries(target) == entries(source)


# --- erasures ---

PERSONAL = "Ada was fired"


def with_text(*plan_ids: str) -> PlanRegistry:
    registry = worked_on(*plan_ids)
    for plan_id in plan_ids:
        registry.score_prompt(plan_id, "a", 0.5, rationale=PERSONAL, idempotency_key="k")
        registry.next_task(plan_id, idempotency_key="without text")
    return registry


def holds_text(registry: PlanRegistry) -> bool:
    return any(PERSONAL.encode() in entry.state for entry in entries(registry))


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("theirs", [(), ("r",)], ids=["as a whole", "beside other plans"])
def test_an_erasure_in_the_source_is_followed(theirs: tuple[str, ...]) -> None:
    source, target = with_text("p", "q"), worked_on(*theirs)
    copied(source, target)
    source.erase("p")
    source.score_prompt("p", "a", 0.7, rationale="said later")

    report = copied(source, target)

    assert (report.erased, report.remains, report.copied) == (1, None, 2)
    assert report.positions_kept is (not theirs)
    goals = [(plan.goal, plan.plan_id) for plan in target.list_plans().plans[len(theirs) :]]
    assert goals == [(None, "p"), ("Ship it", "q")]
    assert [entry for entry in entries(target) if entry.plan_id == "p"] == [
        entry if report.positions_kept else replace(entry, position=position)
        for entry, position in zip(
            (
                entry if report.positions_kept else source._store.format.moved(entry)
                for entry in entries(source)
                if entry.plan_id == "p"
            ),
            (entry.position for entry in entries(target) if entry.plan_id == "p"),
            strict=True,
        )
    ]
    again = copied(source, target)
    assert (again.erased, again.copied) == (0, 0)


@pytest.mark.usefixtures("page")
def test_an_erasure_in_the_target_alone_brings_no_text_back() -> None:
    source, target = with_text("p"), connect("memory:")
    copied(source, target)
    target.erase("p")
    assert copied(source, target).erased == 0
    assert not holds_text(target)

    source.score_prompt("p", "a", 0.7)
    with pytest.raises(HistoryDiffers):
        copied(source, target)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("at", range(4))
def test_what_is_erased_while_it_is_copied_is_erased_in_the_target(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    source, target = with_text("p", "q"), connect("memory:")
    read, passes = source._store.read_all_stored, list[int]()

    def erasing_meanwhile(*, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        found = read(after=after, limit=limit)
        passes.extend([after] if after == 0 else [])
        if (len(passes), after) == (at, 0):
            source.erase("p")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(source._store, "read_all_stored", erasing_meanwhile)
        first = copied(source, target)
    if at == 0:
        source.erase("p")

    second = copied(source, target)
    assert first.erased + second.erased == (at != 1)  # then no text was read to be copied
    assert entries(target) == entries(source)
    source.erase("q")
    copied(source, target)
    assert not holds_text(target)
    assert target.replay.check().mismatch_count == 0


def test_an_erasure_that_was_not_copied_yet_is_followed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It came after the end of the copy, and before the target was checked."""
    source, target = with_text("p"), connect("memory:")
    last = source.history.last_position()
    copied(source, target)
    source.erase("p")
    monkeypatch.setattr(source._store, "last_position", lambda: last)

    report = copied(source, target)

    assert (report.erased, report.copied) == (1, 0)
    assert not holds_text(target)
    assert target.replay.check().mismatch_count == 0
    monkeypatch.undo()
    assert copied(source, target).copied == 1
    assert entries(target) == entries(source)


def test_what_could_not_be_erased_is_said() -> None:
    source, target = with_text("p"), connect("memory:")
    copied(source, target)
    source.erase("p")
    target.bundles._follow_erasures = lambda _erased: "the disk is full"
    assert copied(source, target).remains == "the disk is full"
