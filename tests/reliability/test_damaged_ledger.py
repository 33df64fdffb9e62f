"""A ledger whose tables are gone or damaged: the log alone is verified, and the ledger rebuilt."""

import pytest

from plangate.application.errors import LedgerContradicted, NotAStore
from plangate.application.operations.reports import Observation
from plangate.domain.errors import PlangateError
from plangate.infrastructure.operations import doctor
from tests.reliability.test_tampering import Kept, alter, body, kept, scored
from tests.support.reliability.tampering import Run, put

__all__ = ["kept"]  # a fixture

DAMAGES = {
    "no table of leaves": ["DROP TABLE ledger_leaves"],
    "no table of the head": ["DROP TABLE ledger_reach"],
    "no tables": ["DROP TABLE ledger_leaves", "DROP TABLE ledger_reach"],
    "another table of leaves": [
        "DROP TABLE ledger_leaves",
        "CREATE TABLE ledger_leaves (leaf INTEGER)",
    ],
    "another table of the head": ["ALTER TABLE ledger_reach RENAME COLUMN frontier TO roots"],
    "no leaves": ["DELETE FROM ledger_leaves"],
    "a leaf is missing": ["DELETE FROM ledger_leaves WHERE leaf = 7"],
    "no first leaf": ["DELETE FROM ledger_leaves WHERE leaf = 0"],
    "no head": ["DELETE FROM ledger_reach"],
    "a head with too few roots": ["UPDATE ledger_reach SET leaves = leaves + 1"],
    "leaves in another order": [
        "UPDATE ledger_leaves SET position = position + 1000000 WHERE leaf = 3"
    ],
    "another first leaf": ["UPDATE ledger_leaves SET hash = substr(hash, 2) WHERE leaf = 0"],
    "another root": ["UPDATE ledger_reach SET position = position + 1"],
}


def damaged(kept: Kept, damage: str) -> None:
    kept.target.restore()
    with kept.target.sql() as run:
        for statement in DAMAGES[damage]:
            run(statement)


def ledger_problems(kept: Kept) -> list[Observation]:
    found = doctor(kept.target.address).observations
    return [one for one in found if one.check == "ledger" and one.health == "problem"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_named_and_rebuilt(kept: Kept, damage: str) -> None:
    damaged(kept, damage)

    report = kept.verified()
    assert report is not None
    assert "ledger" in {finding.kind for finding in report.findings}
    assert not [one for one in report.findings if one.kind == "checkpoint"]
    first, *_more = ledger_problems(kept)
    assert "plangate ledger rebuild" in (first.advice or "")

    with kept.target.registry() as registry:
        rebuilt = registry.ledger.rebuild()
        assert rebuilt.rebuilt
        assert rebuilt.finding_count
        assert (rebuilt.size, rebuilt.position) == (registry.history.last_position(),) * 2
        verified = registry.ledger.verify({"kept": kept.note})
        assert (verified.finding_count, verified.new) == (0, 0)
        assert registry.ledger.checkpoint().note == kept.note
        assert not registry.ledger.rebuild().rebuilt
    assert not ledger_problems(kept)


@pytest.mark.parametrize("damage", ["no tables", "no head", "no leaves"])
def test_an_altered_log_beside_a_damaged_ledger_is_found_by_the_checkpoint(
    kept: Kept, damage: str
) -> None:
    damaged(kept, damage)
    with kept.target.sql() as run:
        alter(lambda held: held["event"].update(score=0.75))(run)
    for _ in ("before", "after it was rebuilt"):
        report = kept.verified()
        assert report is not None
        assert "checkpoint" in {finding.kind for finding in report.findings}
        with kept.target.registry() as registry:
            registry.ledger.rebuild()


def test_a_sound_ledger_that_shows_an_altered_log_is_kept(kept: Kept) -> None:
    def alter_score(run: Run) -> None:
        row = scored(run)
        held = body(row)
        held["event"]["score"] = 0.75
        put(run, row, row.saying(held))

    before = kept.after(alter_score)
    with kept.target.registry() as registry, pytest.raises(LedgerContradicted, match="sound"):
        registry.ledger.rebuild()
    assert kept.verified() == before


def test_whatever_needs_the_ledger_says_what_mends_it(kept: Kept) -> None:
    damaged(kept, "no tables")
    with kept.target.registry() as registry:
        for refused in (registry.ledger.checkpoint, lambda: registry.ledger.prove("w@1")):
            with pytest.raises(NotAStore, match=r"^the ledger is damaged: .*ledger rebuild$"):
                refused()
        registry.score_prompt("w", "a", 0.5)


def test_a_rebuild_that_was_interrupted_is_finished_by_whatever_comes_next(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged(kept, "no tables")
    with kept.target.registry() as registry:
        with monkeypatch.context() as patched:
            patched.setattr(type(registry.ledger), "_catch_up", _interrupted)
            with pytest.raises(PlangateError, match="interrupted"):
                registry.ledger.rebuild()
        assert registry.ledger.checkpoint().note == kept.note


def _interrupted(*_: object) -> None:
    raise PlangateError("interrupted")
