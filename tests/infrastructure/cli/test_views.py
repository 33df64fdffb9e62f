"""`plangate views status` shows the state of the views, and rebuilds them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def test_views_show_rows_and_lag_without_catching_up(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    first = plangate("--json", "views", "status").json
    assert [(view["name"], view["rows"], view["lag"]) for view in first["views"]] == [
        ("plans", 0, 1),
        ("board", 0, 1),
        ("timeline", 0, 1),
        ("replans", 0, 1),
    ]
    assert "catches up when it is asked" in plangate("views", "status").stdout
    registry.views.board(billing)
    said = plangate("views", "status").stdout
    assert "board        2    0" in said
    assert "catches up" not in said


@pytest.mark.parametrize("words, rebuilt", [((), 4), (("board",), 1)])
def test_views_are_rebuilt_all_or_one(
    plangate: Plangate, billing: str, words: tuple[str, ...], rebuilt: int
) -> None:
    assert billing
    said = plangate("--json", "views", "rebuild", *words)
    assert said.exit_code == 0
    assert [view["lag"] for view in said.json["views"]].count(0) == rebuilt


def test_a_view_that_is_not_there_is_refused(plangate: Plangate, billing: str) -> None:
    assert billing
    said = plangate("views", "rebuild", "tasks")
    assert said.exit_code == 3
    assert "'tasks' is not a view; there are plans, board" in said.stderr
    assert plangate("views", "destroy").exit_code == 2


def test_views_name_the_event_they_are_stuck_on(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    registry.create("another", [{"title": "T"}], plan_id="x")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{}'")
        connection.commit()
    registry.views.plans()
    said = plangate("--json", "views", "status").json["views"][0]["stuck"]
    assert [plan["plan_id"] for plan in said] == [billing, "x"]
    shown = " ".join(plangate("views", "status").stdout.split())
    assert f"{billing}@1 since" in shown
    assert "1 more plan" in shown
    assert "until its event is repaired" in shown


def test_a_rebuild_is_shown_in_progress(plangate: Plangate, registry: PlanRegistry) -> None:
    for n in range(3):
        registry.create(f"plan {n}", [{"title": "T"}])

    def look(reached: int, last: int) -> None:
        if reached < last:
            assert plangate("--json", "views", "status").json["views"][0]["rebuilding"] == reached
            assert "0" in plangate("views", "status").stdout

    registry.views.rebuild("plans", progress=look)
