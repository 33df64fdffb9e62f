"""Every alteration of a store is found by the ledger, or changes no answer."""

import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import StoreError
from plangate.application.ledger.reports import LedgerReport
from plangate.application.registry import PlanRegistry
from tests.reliability.test_damaged_events import DAMAGES
from tests.support.clocks import read_late
from tests.support.model.random_work import RandomWork
from tests.support.reliability.tampering import (
    DEEDS,
    PostgresTarget,
    Row,
    Run,
    SqliteTarget,
    add,
    put,
    rows,
)
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

Target = SqliteTarget | PostgresTarget


_made_before: dict[tuple[type[Target], int], tuple[str, Any]] = {}
"""What a store of each kind held once it was made, and its checkpoint: making one takes long."""


class Kept:
    """A store that was worked on, and a checkpoint of it that was kept elsewhere."""

    def __init__(self, target: Target, commands: int = 120) -> None:
        self.target = target
        kept = _made_before.get((type(target), commands))
        if kept is not None:
            self.note, content = kept
            target.take_over(content)
            return
        with target.registry() as registry:
            with registry.acting_as("ana", correlation_id="run-1"):
                RandomWork(registry, random.Random(7)).go_on(commands)
                registry.create("Words 🚢", [{"id": "a", "title": "T"}], plan_id="w")
                registry.score_prompt("w", "a", 0.5, rationale="so", idempotency_key="k")
                registry.score_output("w", "a", 0.25, evidence={"n": 1})
            self.note = registry.ledger.checkpoint().note
            registry.views.plans()
        _made_before[type(target), commands] = self.note, target.keep()

    def verified(self) -> LedgerReport | None:
        """What the ledger says by now; None where the store refuses to say anything."""
        try:
            with self.target.registry() as registry:
                return registry.ledger.verify({"kept": self.note})
        except StoreError:
            return None

    def after(self, do: Callable[[Run], object]) -> LedgerReport:
        """What the ledger says after something was done by SQL."""
        self.target.restore()
        with self.target.sql() as run:
            do(run)
        report = self.verified()
        assert report is not None
        return report


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "sqlite":
        return Kept(SqliteTarget(tmp_path / "plans.db"))
    server: PostgresServer = request.getfixturevalue("postgres")
    return Kept(PostgresTarget(server.url))


def body(row: Row) -> Any:
    return json.loads(row.state)


def scored(run: Run) -> Row:
    return next(row for row in rows(run) if (row.plan_id, row.version) == ("w", 2))


def alter(change: Callable[[Any], object]) -> Callable[[Run], None]:
    def do(run: Run) -> None:
        row = scored(run)
        held = body(row)
        change(held)
        put(run, row, row.saying(held))

    return do


def found(report: LedgerReport) -> set[tuple[str, str | None]]:
    return {(finding.kind.value, finding.event_id) for finding in report.findings}


def test_an_untouched_store_is_found_untouched(kept: Kept) -> None:
    report = kept.after(rows)
    assert report.findings == ()
    assert report.compared == report.position > 90


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held["event"].update(score=0.75),
        lambda held: held["event"].update(rationale="no"),
        lambda held: held["meta"].update(actor="bob"),
        lambda held: held["meta"].update(recorded_at="2020-01-01T00:00:00Z"),
        lambda held: held["meta"].pop("correlation_id"),
    ],
    ids=["score", "words", "actor", "recorded_at", "correlation_id"],
)
def test_an_altered_event_is_found(kept: Kept, change: Callable[[Any], object]) -> None:
    report = kept.after(alter(change))
    assert found(report) == {("altered", "w@2"), ("checkpoint", None)}


def test_a_removed_event_is_found(kept: Kept) -> None:
    def remove(run: Run) -> None:
        run("DELETE FROM stored_events WHERE notification_id = ?", scored(run).position)

    assert ("removed", "w@2") in found(kept.after(remove))


def test_swapped_events_are_found(kept: Kept) -> None:
    def swap(run: Run) -> None:
        one = scored(run)
        other = rows(run)[3]
        run("DELETE FROM stored_events WHERE notification_id = ?", one.position)
        put(run, other, replace(one, position=other.position))
        add(run, replace(other, position=one.position))

    report = kept.after(swap)
    assert [f.kind.value for f in report.findings].count("reordered") == 2
    assert ("reordered", "w@2") in found(report)


def forge(run: Run) -> None:
    """One more score, made of the newest one of the plan w; and not what the rules give."""
    newest = [row for row in rows(run) if row.plan_id == "w"][-1]
    held = body(scored(run))
    held["event"].update(kind="output", score=0.99, mark_done=True)
    held["event"].pop("rationale")
    held["meta"] = {"schema_version": 1, "recorded_at": body(newest)["meta"]["recorded_at"]}
    forged = Row(rows(run)[-1].position + 1, "w", newest.version + 1, "task-scored", "")
    add(run, forged.saying(held))


def test_a_forged_event_at_the_end_is_found(kept: Kept) -> None:
    report = kept.after(forge)
    (event_id,) = report.new_events
    assert ("unfounded", event_id) in found(report)
    assert report.new == 1


def test_a_forged_event_at_the_end_of_what_was_taken_in_is_found(kept: Kept) -> None:
    def put_in_place(run: Run) -> None:
        forge(run)
        forged = rows(run)[-1]
        last = rows(run)[-2]
        run("DELETE FROM stored_events WHERE notification_id = ?", forged.position)
        put(run, last, replace(forged, position=last.position))

    assert {"added", "removed"} <= {kind for kind, _ in found(kept.after(put_in_place))}


def test_a_tail_cut_off_together_with_the_ledger_is_found_by_the_checkpoint(kept: Kept) -> None:
    def cut(run: Run) -> None:
        run("DELETE FROM stored_events WHERE notification_id > ?", rows(run)[-4].position)
        run("DELETE FROM ledger_leaves")
        run("DELETE FROM ledger_reach")

    kept.after(cut)
    with kept.target.registry() as registry:
        registry.ledger.checkpoint()
    report = kept.verified()
    assert report is not None
    assert found(report) == {("checkpoint", None)}
    assert "the last 3 are missing" in report.findings[0].why


@short_and_long("times", 45, 400)
def test_random_edits_by_sql_are_all_found(kept: Kept, times: int, say: Say) -> None:
    chance = random.Random(11)
    seen: Counter[str] = Counter()
    for number in range(times):
        kept.target.restore()
        deed = DEEDS[number % len(DEEDS)]
        with kept.target.sql() as run:
            done = deed(chance, run)
        report = kept.verified()
        assert report is None or report.finding_count, done
        seen["refused" if report is None else "found"] += 1
    say("random edits by SQL", target=type(kept.target).__name__, edits=times, seen=dict(seen))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_damage_that_only_sqlite_would_hold_is_found(tmp_path: Path, damage: str) -> None:
    kept = Kept(SqliteTarget(tmp_path / "plans.db"), commands=5)
    where = "WHERE originator_id = 'w' AND originator_version = 2"
    report = kept.after(lambda run: run(f"UPDATE stored_events SET {damage} {where}"))
    assert report.finding_count
    assert any(finding.position == scored_at(kept) for finding in report.findings)


def scored_at(kept: Kept) -> int:
    """Where the prompt score of the plan w was."""
    kept.target.restore()
    with kept.target.sql() as run:
        return scored(run).position


# --- the file itself ---

Damage = Callable[[random.Random, bytes], tuple[bytes, str]]


def flip(chance: random.Random, whole: bytes) -> tuple[bytes, str]:
    offset, bit = chance.randrange(len(whole)), chance.randrange(8)
    damaged = bytearray(whole)
    damaged[offset] ^= 1 << bit
    return bytes(damaged), f"bit {bit} of byte {offset}"


def cut(chance: random.Random, whole: bytes) -> tuple[bytes, str]:
    size = chance.randrange(len(whole))
    return whole[:size], f"cut to {size}"


def zero_a_page(chance: random.Random, whole: bytes) -> tuple[bytes, str]:
    page = chance.randrange(len(whole) // 4096)
    zeroed = whole[: page * 4096] + bytes(4096) + whole[(page + 1) * 4096 :]
    return zeroed, f"page {page} zeroed"


def from_the_log(registry: PlanRegistry) -> list[Any]:
    """Every answer that is made from the log."""
    read_late(registry)
    answers: list[Any] = [registry.list_plans(), registry.history.events(limit=10_000)]
    for plan_id in sorted({recorded.envelope.plan_id for recorded in answers[1]}):
        answers.append(list(registry.history.of(plan_id)))
        with suppress(Exception):
            answers.append(registry.get_status(plan_id))
    return answers


def from_the_views(registry: PlanRegistry) -> list[Any]:
    """Every answer that is made from the views."""
    read_late(registry)
    plans = registry.views.plans(limit=1_000)
    found: list[Any] = [plans, registry.views.replans(limit=1_000)]
    for plan in plans.plans:
        found += [
            registry.views.board(plan.plan_id),
            registry.views.timeline(plan.plan_id, limit=1_000),
        ]
    return found


@pytest.mark.parametrize("damage", [flip, cut, zero_a_page], ids=lambda damage: damage.__name__)
@short_and_long("times", 12, 300)
def test_damage_to_the_file_is_found_or_changes_no_answer(
    tmp_path: Path, damage: Damage, times: int, say: Say
) -> None:
    kept = Kept(target := SqliteTarget(tmp_path / "plans.db"))
    with target.registry() as registry:
        log, views = from_the_log(registry), from_the_views(registry)
    target.keep()
    whole = target.path.read_bytes()
    chance = random.Random(5)
    seen: Counter[str] = Counter()
    for _ in range(times):
        target.restore()
        damaged, done = damage(chance, whole)
        target.path.write_bytes(damaged)
        report = kept.verified()
        if report is None or report.finding_count:
            seen["refused" if report is None else "found"] += 1
            continue
        with target.registry() as registry:
            assert from_the_log(registry) == log, done
            try:
                same = from_the_views(registry) == views
            except (StoreError, ValueError):
                same = False
            if same:
                seen["changes no answer"] += 1
                continue
            with suppress(StoreError):
                registry.views.rebuild()
                assert from_the_views(registry) == views, done
            seen["in the views, made again from the log"] += 1
    say(f"damage to the file: {damage.__name__}", times=times, bytes=len(whole), seen=dict(seen))
