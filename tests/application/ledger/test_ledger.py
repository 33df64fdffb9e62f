"""The ledger covers the log, signs it and proves its events."""

from base64 import b64decode
from collections.abc import Sequence

import pytest

from plangate.application.errors import LedgerContradicted, NotAStore, NothingRecorded
from plangate.application.ledger import ledger as ledgers
from plangate.application.ledger.encoding import leaf_data, stored_hash
from plangate.application.ledger.ledger import Ledger
from plangate.application.ledger.ledger_store import Leaf, TreeHead
from plangate.application.ledger.merkle_tree import Frontier, is_consistent, is_included, leaf_hash
from plangate.application.ledger.notes import public_key_in, read_note
from plangate.application.ledger.reports import LedgerFindingKind
from plangate.application.ledger.saved_leaves import damage
from plangate.application.recorded_event import StoredEntry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from plangate.infrastructure.stored_events.codec import EventCodec
from tests.application.ledger.conftest import Case
from tests.support.ledgers import FixedKey, some_ledger


def test_a_checkpoint_signs_the_root_of_the_whole_log(case: Case) -> None:
    entries = case.log.read_all_stored(limit=99)
    leaves = [leaf_hash(leaf_data(case.log.format, entry)) for entry in entries]
    signed = case.ledger.checkpoint()
    note = read_note(signed.note)
    assert (note.size, note.root) == (len(leaves), Frontier().extended(leaves).root())
    assert (signed.size, signed.origin) == (note.size, note.origin)
    assert b64decode(signed.root) == note.root
    assert note.origin == f"plangate/{leaves[0].hex()[:32]}"
    (signature,) = note.signatures_of(public_key_in(case.ledger.key().verifier_key))
    assert case.key.verifies(signature, note.body.encode())


def test_leaf_data_is_the_position_and_the_canonical_form(case: Case) -> None:
    entry = case.log.read_all_stored(after=2, limit=1)[0]
    data = leaf_data(case.log.format, entry)
    assert data == bytes([0, 0, 0, 0, 0, 0, 0, 3]) + EventCodec().canonical_form(entry)
    assert data[8:9] == b"{"


def test_an_entry_without_a_canonical_form_is_encoded_as_stored() -> None:
    entry = StoredEntry("p", 7, 258, "painted", b"\xff")
    expected = (
        bytes([0, 0, 0, 0, 0, 0, 1, 2, 0])
        + (bytes([0, 0, 0, 0, 0, 0, 0, 1]) + b"p")
        + (bytes([0, 0, 0, 0, 0, 0, 0, 1]) + b"7")
        + (bytes([0, 0, 0, 0, 0, 0, 0, 7]) + b"painted")
        + (bytes([0, 0, 0, 0, 0, 0, 0, 1]) + b"\xff")
    )
    assert leaf_data(EventCodec(), entry) == expected
    assert stored_hash(entry) == leaf_hash(expected)


def test_an_erasure_changes_no_leaf(case: Case) -> None:
    before = case.ledger.checkpoint()
    case.registry.erase("p")
    report = case.ledger.verify({"kept": before.note})
    assert report.finding_count == 0
    assert report.new_events == ("p@5",)
    again = Ledger(case.log, MemoryLedgerStore(), case.key)
    assert again.verify({"kept": before.note}).finding_count == 0


def test_an_empty_log_gives_nothing_to_sign() -> None:
    ledger = some_ledger(memory_event_store())
    for ask in (ledger.checkpoint, ledger.key, lambda: ledger.prove("p@1")):
        with pytest.raises(NothingRecorded, match="nothing to sign"):
            ask()
    assert ledger.verify().compared == 0


def test_an_interrupted_catch_up_continues_page_by_page(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = case.ledger.checkpoint()
    monkeypatch.setattr(ledgers, "PAGE", 2)
    store, heard = MemoryLedgerStore(), list[tuple[int, int]]()

    def stop(done: int, everything: int) -> None:
        heard.append((done, everything))
        if done == 4:
            raise KeyboardInterrupt

    cut_short = Ledger(case.log, store, case.key)
    with pytest.raises(KeyboardInterrupt):
        cut_short.checkpoint(progress=stop)
    assert heard == [(0, 8), (2, 8), (4, 8)]
    assert store.head().tree.size == 4
    assert Ledger(case.log, store, case.key).checkpoint() == whole


def test_the_slower_of_two_writers_continues_after_the_faster(case: Case) -> None:
    class Overtaken(MemoryLedgerStore):
        """A concurrent writer is faster the first time."""

        def extend(self, after: TreeHead, leaves: Sequence[Leaf], head: TreeHead) -> bool:
            if not after.tree.size:
                super().extend(after, leaves, head)
            return super().extend(after, leaves, head)

    store = Overtaken()
    signed = Ledger(case.log, store, case.key).checkpoint()
    assert signed == case.ledger.checkpoint()
    assert len(store.leaves(first=0, limit=99)) == 8


def test_positions_may_have_gaps(case: Case) -> None:
    log = case.altered()
    for entry in log.entries[4:]:
        log.put(entry.position or 0, position=(entry.position or 0) + 100)
    ledger = Ledger(log, MemoryLedgerStore(), case.key)
    signed = ledger.checkpoint()
    assert signed.size == 8
    assert ledger.verify({"kept": signed.note}).finding_count == 0
    proof = ledger.prove("q@1")
    assert (proof.position, proof.leaf) == (105, 4)


# --- proofs ---


@pytest.mark.parametrize("event_id", ["p@1", "p@3", "q@1", "q@4"])
def test_every_event_can_be_proved(case: Case, event_id: str) -> None:
    proof = case.ledger.prove(event_id)
    note = read_note(proof.checkpoint)
    data = b64decode(proof.leaf_data)
    path = [b64decode(step) for step in proof.proof]
    assert int.from_bytes(data[:8], "big") == proof.position
    assert is_included(leaf_hash(data), proof.leaf, note.size, path, note.root)


@pytest.mark.parametrize("event_id", ["p", "", "@1", "p\0@1", "\ud800@1", 7, None])
def test_an_invalid_event_id_is_refused(case: Case, event_id: str) -> None:
    with pytest.raises(InvalidInput, match="event_id: "):
        case.ledger.prove(event_id)


@pytest.mark.parametrize("event_id", ["p@9", "p@x", "missing@1"])
def test_an_unknown_event_is_not_proved(case: Case, event_id: str) -> None:
    with pytest.raises(InvalidInput, match="there is no event"):
        case.ledger.prove(event_id)


def test_an_event_that_was_altered_is_not_proved(case: Case) -> None:
    case.ledger.checkpoint()
    log = case.altered()
    log.say(2, "0.8", "0.9")
    with pytest.raises(LedgerContradicted, match="the content of p@2 was changed"):
        case.ledger_of(log).prove("p@2")
    assert case.ledger_of(log).prove("p@1").leaf == 0
    del log.entries[7]
    with pytest.raises(LedgerContradicted, match="or it is gone"):
        case.ledger_of(log).prove("q@4")


def test_a_ledger_that_was_altered_proves_nothing(case: Case) -> None:
    case.ledger.checkpoint()
    leaf = case.leaves._leaves[5]
    case.leaves._leaves[5] = Leaf(leaf.number, leaf.position, leaf.event_id, bytes(32))
    with pytest.raises(LedgerContradicted, match="its leaves do not give its root"):
        case.ledger.prove("p@1")


def test_a_later_checkpoint_is_proved_to_go_on_from_an_earlier_one(case: Case) -> None:
    old = case.ledger.checkpoint()
    case.registry.score_prompt("q", "a", 0.3)
    new = case.ledger.checkpoint()
    proof = case.ledger.consistency(old.note, new.note)
    before, after = read_note(proof.old_checkpoint), read_note(proof.new_checkpoint)
    path = [b64decode(step) for step in proof.proof]
    assert path
    assert is_consistent(before.size, before.root, after.size, after.root, path)
    assert case.ledger.consistency(old.note, old.note).proof == ()


def test_checkpoints_that_do_not_belong_together_are_not_proved(case: Case) -> None:
    old = case.ledger.checkpoint().note
    case.registry.score_prompt("q", "a", 0.3)
    new = case.ledger.checkpoint().note
    with pytest.raises(InvalidInput, match="covers more than the new checkpoint"):
        case.ledger.consistency(new, old)
    with pytest.raises(InvalidInput, match="new: is not a checkpoint"):
        case.ledger.consistency(old, "Dear diary")
    stranger = Ledger(case.log, case.leaves, FixedKey(b"1" * 32)).checkpoint().note
    with pytest.raises(InvalidInput, match="new: is not signed by the key of this ledger"):
        case.ledger.consistency(old, stranger)
    another = Case()
    another.registry.score_prompt("q", "a", 0.3)
    with pytest.raises(LedgerContradicted, match="do not lead from the one"):
        case.ledger.consistency(old, another.ledger.checkpoint().note)
    for score in (0.4, 0.5):
        another.registry.score_prompt("q", "a", score)
    with pytest.raises(LedgerContradicted, match="it has fewer than 11 events"):
        case.ledger.consistency(old, another.ledger.checkpoint().note)


def test_a_sound_ledger_is_only_extended(case: Case) -> None:
    case.ledger.checkpoint()
    case.registry.score_prompt("p", "a", 0.4)
    done = case.ledger.rebuild()
    assert (done.rebuilt, done.size, done.position) == (False, 9, 9)


def test_a_damaged_ledger_is_made_anew_from_the_log(case: Case) -> None:
    kept = case.ledger.checkpoint()
    del case.leaves._leaves[3]
    done = case.ledger.rebuild()
    assert (done.rebuilt, done.size) == (True, 8)
    assert case.ledger.verify({"kept": kept.note}).finding_count == 0


def test_a_sound_ledger_that_contradicts_the_log_is_kept(case: Case) -> None:
    case.ledger.checkpoint()
    log = case.altered()
    log.say(3, "0.9", "0.8")
    with pytest.raises(LedgerContradicted, match="sound"):
        case.ledger_of(log).rebuild()
    assert len(case.leaves._leaves) == 8


@pytest.mark.parametrize("unreadable", ["head", "leaves"])
def test_tables_that_cannot_be_read_are_damage(
    case: Case, monkeypatch: pytest.MonkeyPatch, unreadable: str
) -> None:
    case.ledger.checkpoint()

    def fail(**_: int) -> None:
        raise NotAStore("a page is damaged")

    monkeypatch.setattr(case.leaves, unreadable, fail)
    assert {(one.kind, one.why) for one in damage(case.leaves)} == {
        (LedgerFindingKind.LEDGER, "a page is damaged")
    }
