"""A verification finds every alteration of the log, and its position."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from plangate.application import plan_log
from plangate.application.ledger import findings
from plangate.application.ledger import verification as verifying
from plangate.application.ledger.encoding import stored_hash
from plangate.application.ledger.ledger import Ledger
from plangate.application.ledger.ledger_store import Leaf, TreeHead
from plangate.application.ledger.merkle_tree import Frontier
from plangate.application.ledger.reports import LedgerReport
from plangate.application.recorded_event import StoredEntry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from tests.application.ledger.conftest import AlteredLog, Case
from tests.support.ledgers import FixedKey

Done = Callable[[AlteredLog], object]


def found(report: LedgerReport) -> list[tuple[str, int | None, str | None]]:
    return [(f.kind.value, f.position, f.event_id) for f in report.findings]


def after(case: Case, *done: Done) -> LedgerReport:
    """Alter a log whose checkpoint was kept, and verify it."""
    kept = case.ledger.checkpoint().note
    log = case.altered()
    for do in done:
        do(log)
    report = case.ledger_of(log).verify({"kept": kept})
    assert report.finding_count == len(report.findings)
    return report


CHECKPOINT = ("checkpoint", None, None)


def swap(one: int, other: int) -> Done:
    def do(log: AlteredLog) -> None:
        log.put(one, position=99)
        log.put(other, position=one)
        log.put(99, position=other)

    return do


def test_nothing_is_found_where_nothing_was_done(case: Case) -> None:
    report = after(case)
    assert (report.position, report.compared, report.new, report.checkpoints) == (8, 8, 0, 1)
    assert report.findings == ()


@pytest.mark.parametrize(
    "position, old, new",
    [
        (2, '"score":0.8', '"score":0.7'),
        (2, "clear", "clean"),
        (3, '"actor":"judge"', '"actor":"agent"'),
        (3, "2026-01-01", "2026-01-02"),
        (1, "Ship it", "Drop it"),
        (4, '"new":"done"', '"new":"failed"'),
    ],
)
def test_an_altered_event_is_named(case: Case, position: int, old: str, new: str) -> None:
    report = after(case, lambda log: log.say(position, old, new))
    assert found(report) == [("altered", position, f"p@{position}"), CHECKPOINT]


def test_an_event_that_is_gone_is_named(case: Case) -> None:
    report = after(case, lambda log: log.entries.pop(6))
    assert found(report) == [("removed", 7, "q@3"), ("misfiled", 8, "q@4"), CHECKPOINT]


def test_a_missing_tail_is_found_also_by_a_checkpoint_alone(case: Case) -> None:
    report = after(case, lambda log: log.entries.__delitem__(slice(6, None)))
    assert found(report) == [("removed", 7, "q@3"), ("removed", 8, "q@4"), CHECKPOINT]
    assert report.findings[-1].why == "kept covers 8 events, and the last 2 are missing"
    kept = case.ledger.checkpoint().note
    log = case.altered()
    del log.entries[6:]
    report = Ledger(log, MemoryLedgerStore(), case.key).verify({"kept": kept})
    assert found(report) == [CHECKPOINT]


def test_moved_events_are_found(case: Case) -> None:
    report = after(case, swap(2, 7))
    assert found(report) == [
        ("reordered", 2, "q@3"),
        ("reordered", 7, "p@2"),
        CHECKPOINT,
    ]
    assert [f.why for f in report.findings[:2]] == [
        "it was at position 7",
        "it was at position 2",
    ]


def test_an_event_that_moved_and_was_altered_is_named(case: Case) -> None:
    report = after(case, swap(2, 7), lambda log: log.say(2, '"score":0.9', '"score":0.1'))
    assert ("altered", 2, "q@3") in found(report)
    assert "was at position 7, with other content" in report.findings[0].why


def test_an_event_that_was_put_in_between_is_named(case: Case) -> None:
    def make_room(log: AlteredLog) -> None:
        for entry in reversed(log.entries[4:]):
            log.put(entry.position or 0, position=(entry.position or 0) + 1)

    case.ledger.checkpoint()
    spread = case.altered()
    make_room(spread)
    ledger = Ledger(spread, leaves := MemoryLedgerStore(), case.key)
    kept = ledger.checkpoint().note
    forged = replace(spread.at(3), position=5, version=5)
    spread.entries.append(forged)
    report = Ledger(spread, leaves, case.key).verify({"kept": kept})
    assert found(report) == [("added", 5, "p@5"), CHECKPOINT]


@pytest.mark.parametrize(
    "state, why",
    [
        (b"{}", "it is not a stored record"),
        (b'{"event":{},"meta":{"schema_version":1}}', "event"),
        (b"\xff", "it is not a stored record"),
    ],
)
def test_an_event_that_cannot_be_read_is_named(case: Case, state: bytes, why: str) -> None:
    report = after(case, lambda log: log.put(6, state=state))
    assert found(report)[:2] == [("altered", 6, "q@2"), ("unreadable", 6, "q@2")]
    assert why in report.findings[1].why


def test_bytes_that_are_not_their_own_re_encoding_are_named(case: Case) -> None:
    report = after(case, lambda log: log.say(6, '"score":0.8', '"score": 0.80'))
    assert found(report) == [("rewritten", 6, "q@2")], "what it says is what it said"


def test_an_event_that_could_not_be_read_when_it_came_is_not_an_alteration(case: Case) -> None:
    log = case.altered()
    log.put(6, state=b"{}")
    ledger = Ledger(log, leaves := MemoryLedgerStore(), case.key)
    kept = ledger.checkpoint().note
    assert found(ledger.verify({"kept": kept})) == [("unreadable", 6, "q@2")]
    # One who can read it makes another leaf of it.
    readable = case.altered()
    leaves._leaves[5] = replace(leaves._leaves[5], hash=stored_hash(readable.at(6)))
    tree = Frontier().extended(leaf.hash for leaf in leaves._leaves)
    leaves._head = TreeHead(8, tree)
    assert found(Ledger(readable, leaves, case.key).verify()) == []


def test_a_log_that_breaks_off_is_found(case: Case) -> None:
    def break_off(log: AlteredLog) -> None:
        log.readable = 3

    report = after(case, break_off)
    assert ("unreadable", 3, None) in found(report)
    assert "cannot be read after this position: a page is damaged" in report.findings[0].why
    assert next(f for f in found(report) if f[0] == "removed") == ("removed", 4, "p@4")


def test_a_log_that_ends_early_is_found(case: Case) -> None:
    def claim(log: AlteredLog) -> None:
        log.end = 20

    report = after(case, claim)
    assert found(report) == [("removed", 8, None)]
    assert "should end at position 20" in report.findings[0].why


# --- by way of the plans ---


def filed_without(event_id: str) -> Done:
    def do(log: AlteredLog) -> None:
        log.filed = [entry for entry in log.entries if entry.event_id != event_id]

    return do


def filed_with(position: int, /, **changes: object) -> Done:
    def do(log: AlteredLog) -> None:
        log.filed = [
            replace(entry, **changes) if entry.position == position else entry  # type: ignore[arg-type]
            for entry in log.entries
        ]

    return do


@pytest.mark.parametrize(
    "do, event, why",
    [
        (filed_without("p@2"), "p@2", "its plan does not have it"),
        (filed_with(2, state=b"{}"), "p@2", "its plan has another event instead"),
        (filed_with(2, position=3), "p@2", "its plan has another event instead"),
    ],
)
def test_a_plan_that_is_read_otherwise_than_the_log_is_named(
    case: Case, do: Done, event: str, why: str
) -> None:
    report = after(case, do)
    first, kinds = report.findings[0], {f.kind for f in report.findings}
    assert (first.event_id, first.why, kinds) == (event, why, {"misfiled"})


def test_an_event_that_only_its_plan_has_is_named(case: Case) -> None:
    def hide(log: AlteredLog) -> None:
        log.filed = [*log.entries]
        log.entries.pop(1)

    assert ("misfiled", 2, "p@2") in found(after(case, hide))


def test_a_plan_that_cannot_be_read_is_named(case: Case) -> None:
    report = after(case, lambda log: log.unreadable_plans.add("q"))
    assert [(f.kind, f.event_id) for f in report.findings] == [("misfiled", "q@1")]


def test_a_store_without_positions_by_plan_is_not_a_finding(case: Case) -> None:
    def forget(log: AlteredLog) -> None:
        log.filed = [replace(entry, position=None) for entry in log.entries]

    assert after(case, forget).findings == ()


def test_an_erasure_between_two_reads_is_not_a_finding(case: Case) -> None:
    def erase(log: AlteredLog) -> None:
        log.filed = [log.format.erased(entry) for entry in log.entries]

    assert after(case, erase).findings == ()


def test_an_event_without_a_version_is_named(case: Case) -> None:
    report = after(case, lambda log: log.put(6, version="two"))
    assert ("added", 6, "q@two") in found(report)
    assert ("removed", 6, "q@2") in found(report)


# --- what is new ---


def test_new_events_are_counted_and_named(case: Case) -> None:
    kept = case.ledger.checkpoint().note
    case.registry.score_prompt("q", "a", 0.2)
    report = case.ledger.verify({"kept": kept})
    assert (report.compared, report.new, report.new_events) == (8, 1, ("q@5",))
    assert report.findings == ()


def test_a_forged_event_at_the_end_that_the_rules_do_not_give_is_named(case: Case) -> None:
    def forge(log: AlteredLog) -> None:
        state = log.at(7).state.replace(b'"score":0.9', b'"score":0.1')
        log.entries.append(StoredEntry("q", 5, 9, "task-scored", state))

    report = after(case, forge)
    assert report.new_events == ("q@5",)
    assert [(f.kind, f.event_id) for f in report.findings] == [("unfounded", "q@5")] * 2


def test_beyond_those_that_are_listed_new_events_are_judged_all_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "MAX_LISTED", 0)

    def forge(log: AlteredLog) -> None:
        state = log.at(7).state.replace(b'"score":0.9', b'"score":0.1')
        log.entries.append(StoredEntry("q", 5, 9, "task-scored", state))

    report = after(case, forge)
    assert (report.new, report.new_events) == (1, ())
    assert [(f.kind, f.event_id) for f in report.findings] == [("unfounded", "q@5")] * 2


def test_a_new_event_without_a_version_is_named(case: Case) -> None:
    def forge(log: AlteredLog) -> None:
        log.entries.append(replace(log.at(7), position=9, version="two"))  # type: ignore[arg-type]

    report = after(case, forge)
    assert report.new_events == ("q@two",)
    assert found(report) == [("unreadable", 9, "q@two")]
    assert report.findings[0].why == "its version 'two' is not a whole number"


def test_an_old_wrong_decision_is_not_reported_as_new(case: Case) -> None:
    log = case.altered()
    log.say(4, '"new":"done"', '"new":"failed"')
    ledger = Ledger(log, leaves := MemoryLedgerStore(), case.key)
    ledger.checkpoint()
    case.registry.mark_task("p", "a", "pending")
    marked = case.altered().at(9)
    log.entries.append(replace(marked, state=marked.state.replace(b'"done"', b'"failed"')))
    assert Ledger(log, leaves, case.key).verify().findings == ()
    log.entries.append(StoredEntry("p", 6, 10, "task-scored", b"{}"))
    assert found(Ledger(log, leaves, case.key).verify()) == [("unreadable", 10, "p@6")]


def test_with_an_empty_ledger_all_events_are_new(case: Case) -> None:
    report = case.ledger.verify()
    assert (report.compared, report.new, report.findings) == (0, 8, ())


# --- the ledger itself ---


def alter_leaf(case: Case, number: int, **changes: object) -> None:
    case.leaves._leaves[number] = replace(case.leaves._leaves[number], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes, first",
    [
        ({"hash": bytes(32)}, ("altered", 4, "p@4")),
        ({"position": 9}, ("added", 4, "p@4")),
        ({"position": 2}, ("added", 4, "p@4")),
        ({"event_id": "q@9"}, ("ledger", 4, "p@4")),
    ],
)
def test_a_leaf_that_was_altered_is_found(
    case: Case, changes: dict[str, object], first: tuple[str, int, str]
) -> None:
    kept = case.ledger.checkpoint().note
    alter_leaf(case, 3, **changes)
    report = case.ledger.verify({"kept": kept})
    assert found(report)[0] == first
    if "event_id" not in changes:
        assert ("ledger", None, None) in found(report)
    assert CHECKPOINT not in found(report), "the log is what it was"


def test_leaves_that_are_gone_are_found(case: Case) -> None:
    kept = case.ledger.checkpoint().note
    del case.leaves._leaves[3]
    assert ("ledger", None, None) in found(case.ledger.verify({"kept": kept}))


def test_a_ledger_that_was_wound_back_is_found(case: Case) -> None:
    case.ledger.checkpoint()
    first = case.leaves._leaves[:5]
    case.leaves._head = TreeHead(5, Frontier().extended(leaf.hash for leaf in first))
    report = case.ledger.verify()
    assert (report.compared, report.new) == (5, 3)
    assert [f.why for f in report.findings] == ["it has leaves beyond its saved size"]
    case.leaves._head = TreeHead()
    assert found(case.ledger.verify()) == [("ledger", None, None)]


def test_a_ledger_that_is_led_on_meanwhile_is_not_a_finding(case: Case) -> None:
    case.ledger.checkpoint()
    case.registry.score_prompt("p", "a", 0.5)

    def lead_on(_done: int, _all: int) -> None:
        case.ledger.checkpoint()

    assert case.ledger.verify(progress=lead_on).findings == ()


def test_a_root_that_was_altered_is_found(case: Case) -> None:
    case.ledger.checkpoint()
    case.leaves._head = TreeHead(8, Frontier(8, (bytes(32),)))
    report = case.ledger.verify()
    assert [f.why for f in report.findings] == ["its saved root is not that of its leaves"]


def test_a_checkpoint_shows_that_log_and_ledger_were_altered_together(case: Case) -> None:
    kept = case.ledger.checkpoint().note
    log = case.altered()
    log.say(2, "0.8", "0.9")
    ledger = Ledger(log, MemoryLedgerStore(), case.key)
    ledger.checkpoint()
    report = ledger.verify({"kept": kept})
    assert found(report) == [CHECKPOINT]
    assert report.findings[0].why == "the first 8 events are not those that kept covers"


# --- checkpoints ---


def test_a_checkpoint_of_another_log_or_key_is_found(case: Case) -> None:
    another = Case()
    another.registry.create("g", [{"title": "T"}])
    strange = Ledger(case.log, case.leaves, FixedKey(b"1" * 32)).checkpoint().note
    theirs = another.ledger.checkpoint().note
    report = case.ledger.verify({"theirs": theirs, "strange": strange})
    assert (report.checkpoints, report.finding_count) == (2, 2)
    assert "theirs is about the log plangate/" in report.findings[0].why
    assert report.findings[1].why == "strange is not signed by the key of this ledger"


def test_checkpoints_of_several_ages_are_compared(case: Case) -> None:
    notes = {}
    for score in (0.1, 0.2, 0.3):
        notes[f"at {score}"] = case.ledger.checkpoint().note
        case.registry.score_prompt("q", "a", score)
    assert case.ledger.verify(notes).findings == ()
    log = case.altered()
    log.say(9, "0.1", "0.4")
    report = case.ledger_of(log).verify(notes)
    result = [f.why for f in report.findings if f.kind == "checkpoint"]
    assert result == [
        f"the first {n} events are not those that at {s} covers" for n, s in ((9, 0.2), (10, 0.3))
    ]


def test_a_signature_that_does_not_hold_is_found(case: Case) -> None:
    note = case.ledger.checkpoint().note
    report = case.ledger.verify({"kept": note.replace("\n8\n", "\n7\n")})
    assert report.findings[0].why == "kept is not signed by the key of this ledger"


def test_a_text_that_is_not_a_checkpoint_is_refused(case: Case) -> None:
    with pytest.raises(InvalidInput, match="kept: is not a checkpoint"):
        case.ledger.verify({"kept": "Dear diary"})
    with pytest.raises(InvalidInput, match="kept: must be the text of a checkpoint"):
        case.ledger.verify({"kept": 7})  # type: ignore[dict-item]


def test_a_checkpoint_vouches_for_a_log_without_a_ledger(case: Case) -> None:
    kept = case.ledger.checkpoint().note
    ledger = Ledger(case.altered(), MemoryLedgerStore(), case.key)
    assert ledger.verify({"kept": kept}).findings == ()
    empty = case.altered()
    empty.entries.clear()
    report = Ledger(empty, MemoryLedgerStore(), case.key).verify({"kept": kept})
    assert found(report) == [CHECKPOINT]


# --- much of everything ---


def test_pages_make_no_difference(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def do(log: AlteredLog) -> None:
        swap(2, 7)(log)
        log.say(4, '"new":"done"', '"new":"failed"')

    whole = after(case, do)
    heard: list[int] = []
    monkeypatch.setattr(plan_log, "PAGE", 3)
    kept = case.ledger.checkpoint().note
    log = case.altered()
    do(log)
    report = case.ledger_of(log).verify(
        {"kept": kept}, progress=lambda done, _all: heard.append(done)
    )
    assert report == whole
    assert heard == [0, 3, 6, 8]


def test_beyond_a_thousand_all_are_counted_one_by_one(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MAX_LISTED", 2)
    monkeypatch.setattr(verifying, "MAX_LISTED", 2)
    kept = case.ledger.checkpoint().note
    log = case.altered()
    swap(1, 8)(log)
    swap(2, 7)(log)
    report = case.ledger_of(log).verify({"kept": kept})
    assert len(report.findings) == 2
    assert report.finding_count > 4
    fresh = Ledger(log, MemoryLedgerStore(), case.key).verify()
    assert (fresh.new, len(fresh.new_events)) == (8, 2)


def test_leaves_that_name_one_event_twice_are_found(case: Case) -> None:
    case.ledger.checkpoint()
    for number in (3, 4):
        alter_leaf(case, number, event_id="q@9", hash=bytes(32))
    kinds = [f[0] for f in found(case.ledger.verify())]
    assert kinds.count("removed") == kinds.count("added") == 2


def test_events_recorded_meanwhile_are_left_out(case: Case) -> None:
    case.ledger.checkpoint()

    def work(_done: int, _all: int) -> None:
        case.registry.score_prompt("p", "a", 0.5)

    assert case.ledger.verify(progress=work).new == 0


def test_leaf_numbers_are_looked_at(case: Case) -> None:
    case.ledger.checkpoint()
    leaves = case.leaves._leaves
    leaves[2], leaves[3] = (
        Leaf(2, leaves[3].position, leaves[3].event_id, leaves[3].hash),
        Leaf(3, leaves[2].position, leaves[2].event_id, leaves[2].hash),
    )
    assert ("ledger", None, None) in found(case.ledger.verify())
