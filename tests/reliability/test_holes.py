"""Missing pages, events outside of the log, logs shorter than their views."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application import plan_log
from plangate.application.errors import CorruptEvent
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup

Do = Callable[[str], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[PlanRegistry, Do]]:
    """A plan of seven events in a file, and a function that executes a statement on it."""
    path = tmp_path / "plans.db"

    def do(statement: str) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()

    with connect(path) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p", policy={"gate": "hold"})
        for score in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4):
            registry.score_prompt("p", "a", score)
        yield registry, do


def test_a_gap_of_a_whole_page_is_seen(
    store: tuple[PlanRegistry, Do], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_log, "PAGE", 2)
    registry, do = store
    do("DELETE FROM stored_events WHERE originator_version IN (3, 4)")

    with pytest.raises(CorruptEvent, match="it is missing"):
        registry.bundles.export(tmp_path / "p.bundle")
    assert not (tmp_path / "p.bundle").exists()
    entries = [(entry.version, entry.unreadable) for entry in registry.history.audit("p")]
    assert entries[2:] == [(3, "it is missing"), (5, None), (6, None), (7, None)]
    with pytest.raises(CorruptEvent, match="p@3 cannot be read: it is missing"):
        registry.history.as_of("p", version=7)


@pytest.mark.parametrize("position", [0, -1])
def test_an_event_outside_of_the_log_has_no_effect(
    store: tuple[PlanRegistry, Do], position: int
) -> None:
    """A reader of the log, and so a proof over it, never comes by there."""
    registry, do = store
    do(
        f"INSERT INTO stored_events SELECT {position}, originator_id, 8, topic, state"
        " FROM stored_events WHERE originator_version = 7"
    )
    with pytest.raises(CorruptEvent, match=f"it stands outside of the log, at {position}"):
        registry.get_status("p")
    assert registry.replay.check().mismatch_count == 1


def test_an_event_nested_without_end_is_one_that_cannot_be_read(
    store: tuple[PlanRegistry, Do], tmp_path: Path
) -> None:
    registry, do = store
    do(
        f"UPDATE stored_events SET state = '{'[' * 5_000}{']' * 5_000}'"
        " WHERE originator_version = 7"
    )
    registry.create("h", [{"id": "a", "title": "A"}], plan_id="q")
    with connect(tmp_path / "plans.db") as fresh:
        assert [plan.plan_id for plan in fresh.list_plans().plans] == ["q"]
    assert [entry.event_id for entry in registry.history.audit("p") if entry.unreadable] == ["p@7"]


def test_views_beyond_the_end_of_the_log_are_built_again(
    store: tuple[PlanRegistry, Do],
) -> None:
    registry, do = store
    registry.views.plans()
    do("DELETE FROM stored_events WHERE originator_version = 7")
    registry.views.rebuild()
    assert [row.version for row in registry.views.plans().plans] == [6]


def test_bundles_and_backups_are_readable_by_their_owner_alone(
    store: tuple[PlanRegistry, Do], tmp_path: Path
) -> None:
    registry, _ = store
    registry.bundles.export(tmp_path / "p.bundle")
    backup(tmp_path / "copy.db", tmp_path / "plans.db")
    for name in ("p.bundle", "copy.db"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
