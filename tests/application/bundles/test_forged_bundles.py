"""An import refuses what no command records, and writes nothing then."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from plangate.application.bundles import incoming_plan
from plangate.application.bundles.importer import MAX_LISTED
from plangate.application.errors import AlteredBundle, DecisionsDiffer, ErasesText
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.bundles import exported, imported, log_of
from tests.support.clocks import registry_on
from tests.support.forging import TASKS, Record, created, entries, event, forged
from tests.support.model.random_work import RandomWork

A: dict[str, Any] = {"task_id": "a"}
OUTPUT: dict[str, Any] = {**A, "kind": "output", "score": 0.9}
AB = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def other() -> Iterator[PlanRegistry]:
    """A registry on another store."""
    with registry_on(memory_event_store()) as registry:
        yield registry


def task(**fields: Any) -> list[Mapping[str, Any]]:
    return [{"id": "a", "title": "A", **fields}]


def later(name: str, *, meta: Mapping[str, Any] | None = None, **facts: Any) -> list[Record]:
    """A sound plan, and one event more."""
    return [created(AB), event(name, meta=meta, **facts)]


def because(cause: str) -> dict[str, str]:
    return {"causation_id": cause}


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


BEYOND_BOUNDS: dict[str, tuple[Sequence[Record], str]] = {
    "empty id": ([created(task(id=""))], r"event.tasks\[0\].id: must not be empty"),
    "blank id": ([created(task(id=" "))], r"event.tasks\[0\].id: must not be blank"),
    "control character": ([created(task(id="a\n\x1b[31m"))], "control character U\\+000A"),
    "long id": ([created(task(id="a" * 201))], "must be at most 200 characters"),
    "NUL in an id": ([created(task(id="a\0"))], "control character U\\+0000"),
    "NUL in text": ([created(task(title="A\0"))], "NUL character"),
    "NUL in a label": ([created(labels=["x\0"])], r"event.labels\[0\]"),
    "NUL in a goal": ([created(goal="g\0")], "event.goal: must not hold the NUL"),
    "long title": ([created(task(title="A" * 501))], "must be at most 500 characters"),
    "long text": ([created(task(description="A" * 20_001))], "at most 20000 characters"),
    "priority": ([created(priority=10**25)], "event.priority: must be at most 1000"),
    "priority as text": ([created(priority="5")], "event.priority: must be a whole number"),
    "priority of a task": ([created(task(priority=-1_001))], "must be at least -1000"),
    "many labels": ([created(labels=[f"l{n}" for n in range(51)])], "must hold at most 50"),
    "deep metadata": ([created(metadata=nested(40))], "nested at most 32 deep"),
    "large metadata": ([created(metadata={"a": "x" * 70_000})], "at most 65536 bytes"),
    "year 1": ([created(at="0001-01-01T00:00:00+14:00")], "event.at: must be between the years"),
    "year 9999": ([created(at="9999-12-31T23:59:59-12:00")], "event.at: must be between"),
    "recorded in year 1": (
        [created(meta={"recorded_at": "0001-01-01T00:00:00+14:00"})],
        "meta.recorded_at: must be between the years 1 and 9999",
    ),
    "deferred for ever": (
        later("task-deferred", **A, reason="r", until="9999-12-31T23:59:59-12:00"),
        "event.until: must be between",
    ),
    "confidence as text": (
        later("replan-triggered", **A, rolling_confidence="Infinity", threshold=0.5),
        "event.rolling_confidence: must be a number",
    ),
    "large confidence": (
        later("replan-triggered", **A, rolling_confidence=1e308, threshold=0.5),
        "event.rolling_confidence: must be at most 1",
    ),
    "threshold": (
        later("replan-triggered", **A, rolling_confidence=0.5, threshold=-5.0),
        "event.threshold: must be at least 0",
    ),
    "score as text": (
        later("task-scored", **A, kind="output", score="0.9"),
        "event.score: must be a number",
    ),
    "raw score": (
        later("task-scored", **OUTPUT, raw_score="NaN"),
        "event.raw_score: must be a number",
    ),
    "attempt": (later("attempt-started", **A, attempt=10**30), "event.attempt: "),
    "scorer": (
        later("task-scored", **OUTPUT, scorer={"kind": "model", "name": "x\0"}),
        "event.scorer: name must not hold the control character",
    ),
    "long lease": (
        later(
            "task-status-changed",
            **A,
            old="pending",
            new="in_progress",
            cause="claimed",
            lease_until="9999-12-31T23:59:59Z",
        ),
        "lease_until: must be at most 30 days after",
    ),
    "long key": ([created(meta={"idempotency_key": "k" * 201})], "meta.idempotency_key: "),
    "NUL in a key": ([created(meta={"idempotency_key": "k\0"})], "meta.idempotency_key: "),
    "actor": ([created(meta={"actor": "\x07"})], "meta.actor: "),
    "digest": ([created(meta={"arguments_digest": "x"})], "meta.arguments_digest: "),
    "long cause": (later("task-scored", meta=because("p" * 300), **OUTPUT), "meta.causation_id"),
    "position": ([created(meta={"origin_position": 2**63})], "meta.origin_position: "),
}


@pytest.mark.parametrize("case", BEYOND_BOUNDS)
def test_what_is_beyond_the_bounds_of_commands_is_refused(other: PlanRegistry, case: str) -> None:
    records, complaint = BEYOND_BOUNDS[case]
    with pytest.raises(AlteredBundle, match=rf"line \d+: event p@\d .*{complaint}"):
        imported(other, forged({"p": records}))
    assert other.history.last_position() == 0


IMPOSSIBLE: dict[str, tuple[Sequence[Record], str]] = {
    "no tasks": ([created([])], "event.tasks: must hold at least 1"),
    "id twice": ([created([AB[0], AB[0]])], "task ids are not used twice; taken: 'a'"),
    "circle": (
        [created([{**AB[0], "depends_on": ["b"]}, {**AB[1], "depends_on": ["a"]}])],
        "depends_on: a circle",
    ),
    "unknown dependency": ([created(task(depends_on=["z"]))], "'z', which is not in the plan"),
    "itself": ([created(task(depends_on=["a"]))], "depends on itself"),
    "unknown task": (
        later("task-scored", task_id="z", kind="output", score=0.9),
        "task_id: there is no task 'z' in the plan by then",
    ),
    "id taken": (later("task-added", task=AB[1]), "task.id: task ids are not used twice"),
    "id taken by a part": (later("task-split", **A, into=[AB[1], AB[1]]), "into: task ids are"),
    "split of nothing": (
        later("task-split", task_id="z", into=[{"id": "c", "title": "C"}, {"id": "d"}]),
        "task_id: there is no task 'z'",
    ),
    "one part": (later("task-split", **A, into=[{"id": "c"}]), "event.into: must hold at least 2"),
    "id taken by another": (later("task-replaced", **A, by=AB[1]), "by.id: task ids are not"),
    "unknown neighbour": (later("task-moved", **A, before="z"), "before: there is no task 'z'"),
    "added before nothing": (
        later("task-added", task={"id": "c"}, before="z"),
        "before: there is no task 'z'",
    ),
    "circle by a change": (
        [
            created([AB[0], {**AB[1], "depends_on": ["a"]}]),
            event("plan-revised", reason="r"),
            event("task-changed", meta=because("p@2"), **A, depends_on=["b"]),
        ],
        "depends_on: a circle",
    ),
    "no task left": (
        [
            created(),
            event("plan-revised", reason="r"),
            event("task-dropped", meta=because("p@2"), **A),
        ],
        "tasks: a plan holds 1 to 10000 tasks, not 0",
    ),
    "attempt ahead": (later("attempt-started", **A, attempt=7), "attempt: must be 2"),
    "caused by itself": ([created(meta=because("p@1"))], "meta.causation_id: must name the first"),
    "caused by another": (
        later("task-scored", meta=because("q@1"), **OUTPUT),
        "must name the first event of the same command, not q@1",
    ),
    "key on a consequence": (
        [
            *later("plan-revised", reason="r"),
            event("task-dropped", meta={**because("p@2"), "idempotency_key": "k"}, **A),
        ],
        "meta.idempotency_key: is only on the first event of a command",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_a_plan_that_no_command_leaves_is_refused(other: PlanRegistry, case: str) -> None:
    records, complaint = IMPOSSIBLE[case]
    with pytest.raises(AlteredBundle, match=rf"line \d+: event p@\d .*{complaint}"):
        imported(other, forged({"p": records}))
    assert other.history.last_position() == 0


def test_an_outcome_may_come_after_its_task_has_left_the_plan(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    registry.create("g", AB, plan_id="p")
    registry.revise("p", "why", [{"op": "drop", "task_id": "a"}])
    registry.record_outcome("p", "a", "accepted", source="ci")
    assert imported(other, exported(registry), strict=True).recorded == 4


def test_a_command_without_end_is_refused(
    other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_plan, "MAX_COMMAND", 3)
    moves = [event("task-moved", meta=because("p@2"), **A)] * 3
    records = [created(AB), event("plan-revised", reason="r"), *moves]
    with pytest.raises(AlteredBundle, match="3 events have the same cause"):
        imported(other, forged({"p": records}))
    assert imported(other, forged({"p": records[:-1]})).recorded == 4


@pytest.mark.parametrize("depth", [*range(900, 1_000, 5), 2_000, 100_000])
def test_deep_nesting_is_refused_wherever_it_ends(other: PlanRegistry, depth: int) -> None:
    head = b'{"line":"event","plan_id":"p","version":1,"position":1,"name":"plan-created","record":'
    line = head + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    with pytest.raises(AlteredBundle, match=r"line 2: "):
        imported(other, forged({}, raw=line))


def test_what_is_here_already_is_not_measured_again(other: PlanRegistry) -> None:
    """Values that came in with an older plangate hinder no import of later events."""
    records = [created(task(priority=10**25)), event("task-scored", **OUTPUT, mark_done=True)]
    other._store.append_stored(entries("p", records[:1]))
    assert imported(other, forged({"p": records[:1]})).already_there == 1
    assert imported(other, forged({"p": records})).recorded == 1


# --- decisions ---


def undecided(count: int = 1) -> list[Record]:
    """A plan in which scores below the threshold settled their tasks all the same."""
    scored = event("task-scored", **A, kind="output", score=0.1, mark_done=True)
    return [created(AB), *[scored] * count]


def test_decisions_that_the_rules_do_not_make_are_listed(other: PlanRegistry) -> None:
    report = imported(other, forged({"p": undecided()}))
    assert report.recorded == 2
    checked = other.replay.check()
    assert report.mismatch_count == checked.mismatch_count > 0
    assert [(one.event_id, one.kind, one.why) for one in report.mismatches] == [
        (one.event_id, one.kind, one.why) for one in checked.mismatches
    ]


def test_only_the_first_are_listed_and_all_are_counted(other: PlanRegistry) -> None:
    report = imported(other, forged({"p": undecided(MAX_LISTED)}))
    assert len(report.mismatches) == MAX_LISTED < report.mismatch_count


def test_a_strict_import_refuses_them_and_writes_nothing(other: PlanRegistry) -> None:
    bundle = forged({"good": [created()], "p": undecided()})
    with pytest.raises(DecisionsDiffer, match="the first is p@2: the rules give") as refused:
        imported(other, bundle, strict=True)
    assert (refused.value.count, refused.value.event_id) == (2, "p@2")
    assert other.history.last_position() == 0
    assert imported(other, bundle).mismatch_count == 2
    again = imported(other, bundle, strict=True)  # nothing new comes in
    assert (again.recorded, again.mismatch_count) == (0, 0)


def test_a_strict_import_takes_what_commands_recorded(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    registry.create("g", AB, plan_id="p")
    registry.score_output("p", "a", 0.1)
    registry.revise("p", "why", [{"op": "change", "task_id": "a", "title": "Again"}])
    registry.erase("p")
    report = imported(other, exported(registry), strict=True)
    assert (report.added, report.mismatch_count) == (1, 0)


def test_a_strict_import_takes_whatever_commands_recorded(other: PlanRegistry) -> None:
    with registry_on(memory_event_store()) as source:
        RandomWork(source, random.Random(41)).go_on(400)
        report = imported(other, exported(source), strict=True)
    assert report.recorded == report.events > 200


# --- erasures ---


def erased_elsewhere(registry: PlanRegistry) -> tuple[bytes, bytes]:
    """Bundles of a plan before and after its erasure."""
    registry.create("Precious goal", TASKS, plan_id="p")
    registry.create("Another", TASKS, plan_id="q")
    before = exported(registry)
    registry.erase("p")
    registry.create("New", TASKS, plan_id="new")
    return before, exported(registry)


def test_no_bundle_erases_text_here_unless_that_is_asked_for(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    before, after = erased_elsewhere(registry)
    imported(other, before)
    log = log_of(other)
    with pytest.raises(
        ErasesText, match=r"'p' \(events with text: 1\); nothing was imported"
    ) as no:
        imported(other, after)
    assert no.value.plans == {"p": 1}
    assert log_of(other) == log

    report = imported(other, after, follow_erasures=True)

    assert [(plan.plan_id, plan.events) for plan in report.erasures] == [("p", 1)]
    assert (report.recorded, report.remains) == (2, None)
    assert other.get_status("p").goal is None
    assert other.get_status("q").goal == "Another"
    assert imported(other, after).erasures == ()  # there is no text left to erase


def test_a_forged_erasure_of_a_plan_with_text_here_is_refused(other: PlanRegistry) -> None:
    imported(other, forged({"p": [created()]}))
    bundle = forged({"p": [created(), event("plan-erased")]})
    with pytest.raises(ErasesText, match="import with follow_erasures"):
        imported(other, bundle)
    assert other.get_status("p").goal == "g"
    assert other.history.last_position() == 1


def test_a_plan_that_is_not_here_comes_in_erased(other: PlanRegistry) -> None:
    report = imported(other, forged({"p": [created(), event("plan-erased")]}))
    assert (report.added, report.erasures) == (1, ())
    assert other.get_status("p").goal is None


def test_a_long_list_of_plans_is_shortened() -> None:
    refused = str(ErasesText({f"p{n}": 1 for n in range(12)}))
    assert "'p9' (events with text: 1) and 2 more; nothing was imported" in refused


@pytest.mark.parametrize("option", ["strict", "follow_erasures"])
def test_options_are_true_or_false(other: PlanRegistry, option: str) -> None:
    with pytest.raises(InvalidInput, match=f"{option}: must be true or false"):
        imported(other, forged({}), **{option: "yes"})  # type: ignore[arg-type]


# --- copies ---


def test_a_copy_takes_nothing_that_no_command_records(other: PlanRegistry) -> None:
    with registry_on(memory_event_store()) as source:
        source.create("Good", TASKS, plan_id="good")
        evil = entries("evil", [created(priority=10**25)])
        source._store.append_stored([source._store.format.moved(one) for one in evil])
        with pytest.raises(InvalidInput, match=r"event evil@1 .*priority: must be at most 1000"):
            source.bundles.copy_to(other)
        assert other.history.last_position() == 0
        imported(other, exported(source, "good"))
        assert other.get_status("good").goal == "Good"
