"""The checks of a log find its problems, and none in a healthy log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from plangate.application.errors import NotAStore
from plangate.application.event_store import EventStore
from plangate.application.operations import log_checks
from plangate.application.operations.log_checks import (
    LOG_CHECKS,
    DamagedLog,
    check_entries,
    check_log,
    check_order,
)
from plangate.application.operations.observations import MAX_LISTED, guarded
from plangate.application.operations.reports import Checkup, Health, Observation
from plangate.application.operations.view_checks import check_views
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.application.views.queries import ViewReport, ViewStatus
from plangate.application.views.view_store import StuckPlan
from plangate.infrastructure.bootstrap import connect
from tests.support.clocks import DAWN


@pytest.fixture
def registry() -> PlanRegistry:
    """A store with two plans of three events."""
    registry = connect("memory:")
    for plan_id in ("p", "q"):
        registry.create("Ship it", [{"id": "a", "title": "A"}], plan_id=plan_id)
        registry.update(plan_id, "a", prompt_score=0.9, output_score=0.9)
    return registry


@pytest.fixture
def entries(registry: PlanRegistry) -> list[StoredEntry]:
    return list(registry._store.read_all_stored(limit=99))


def ill(observations: Sequence[Observation]) -> list[tuple[str, str | None]]:
    return [(o.check, o.place) for o in observations if o.health is not Health.OK]


def seen(registry: PlanRegistry, entries: list[StoredEntry]) -> list[tuple[str, str | None]]:
    return ill(list(check_entries(entries, registry._store.format)))


def test_every_check_passes_in_a_healthy_log(registry: PlanRegistry) -> None:
    result: list[tuple[int, int]] = []
    found = list(check_log(registry._store, lambda done, total: result.append((done, total))))
    assert ill(found) == []
    assert len(found) == len(LOG_CHECKS) + 2
    assert result[-1] == (8, 8)


@pytest.mark.parametrize(
    "change, found",
    [
        ({"state": b"{"}, ["events", "bytes"]),
        ({"name": "task-painted"}, ["events"]),
        ({"name": "plan-created"}, ["events", "beginnings"]),
        ({"version": 1}, ["beginnings"]),
        ({"position": 9}, ["positions", "positions"]),
    ],
)
def test_a_problem_has_its_location(
    registry: PlanRegistry, entries: list[StoredEntry], change: dict[str, Any], found: list[str]
) -> None:
    entries[1] = replace(entries[1], **change)
    result = seen(registry, entries)
    assert [check for check, _ in result] == found
    place = f"p@{entries[1].version}, position {entries[1].position}"
    assert (result[0][1] or "").endswith(place)


def test_another_encoding_of_the_same_content_is_a_problem(
    registry: PlanRegistry, entries: list[StoredEntry]
) -> None:
    entries[2] = replace(entries[2], state=entries[2].state.replace(b'":', b'": '))
    assert seen(registry, entries) == [("bytes", "p@3, position 3")]


def test_positions_that_are_missing_are_a_warning(
    registry: PlanRegistry, entries: list[StoredEntry]
) -> None:
    del entries[2:5]
    result = list(check_entries(entries, registry._store.format))
    (gap,) = [o for o in result if o.check == "positions"]
    assert gap.health is Health.WARNING
    assert gap.found == "no event at positions 3 to 5"
    assert gap.place == "before q@2, position 6"


@pytest.mark.parametrize(
    "places, found",
    [
        ([("p", 1, 1), ("p", 2, 2), ("q", 1, 3)], []),
        ([("p", 2, 2), ("q", 1, 3)], ["p@1 should be here, and is missing"]),
        ([("p", 1, 1), ("p", 4, 2), ("p", 5, 3)], ["p@2 should be here, and is missing"]),
        ([("p", 1, 4), ("p", 2, 2)], ["it comes before p@1 in the log"]),
    ],
)
def test_the_versions_of_a_plan_follow_each_other(
    places: list[tuple[str, int, int]], found: list[str]
) -> None:
    result = [o.found for o in check_order(places) if o.health is Health.PROBLEM]
    assert result == found


def test_the_first_observations_are_listed_and_the_others_counted(
    registry: PlanRegistry,
) -> None:
    many = [StoredEntry("p", n + 2, n + 1, "task-scored", b"{") for n in range(MAX_LISTED + 1_500)]
    result = [o for o in check_entries(many, registry._store.format) if o.check == "events"]
    assert len(result) == MAX_LISTED + 1
    assert result[-1].found == "and 1,500 more"
    assert (result[-1].health, result[-1].place) == (Health.PROBLEM, None)


class _Holed:
    """A log that cannot be read where it is damaged, as a page of a file cannot."""

    def __init__(self, entries: list[StoredEntry], damaged: set[int]) -> None:
        self._entries = entries
        self._damaged = damaged

    def read_all_stored(self, *, after: int = 0, limit: int) -> Sequence[StoredEntry]:
        page = [e for e in self._entries if (e.position or 0) > after][:limit]
        if any(e.position in self._damaged for e in page):
            raise NotAStore("the file is damaged")
        return page


@pytest.mark.parametrize("page", [1, 3, 16, 1_000])
@pytest.mark.parametrize(
    "damaged, expected",
    [
        ((), []),
        ((1, 1), ["position 1"]),
        ((1, 17), ["positions 1 to 17"]),
        ((40, 40), ["position 40"]),
        ((40, 63), ["positions 40 to 63"]),
        ((90, 100), ["positions 90 to 100"]),
        ((100, 100), ["position 100"]),
        ((1, 100), ["positions 1 to 100"]),
    ],
)
def test_a_log_is_read_around_its_damage(
    page: int, damaged: tuple[int, ...], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_checks, "PAGE", page)
    hole = set(range(damaged[0], damaged[1] + 1)) if damaged else set()
    entries = [StoredEntry("p", n, n, "task-scored", b"{}") for n in range(1, 101)]
    store: Any = _Holed(entries, hole)
    log = DamagedLog(store, 100, lambda _reached: None)
    assert {e.position for e in log.entries()} == set(range(1, 101)) - hole
    found = [o.place for o in log.damaged.observations() if o.health is Health.PROBLEM]
    assert found == expected


def test_a_log_that_ends_before_it_should_is_read_to_its_end(registry: PlanRegistry) -> None:
    store: EventStore = registry._store
    assert len(list(DamagedLog(store, 50, lambda _reached: None).entries())) == 8


def test_a_check_that_fails_is_a_problem() -> None:
    def failing() -> Any:
        yield from ()
        raise NotAStore("the file is damaged")

    (result,) = guarded("end", failing())
    assert (result.check, result.health) == ("end", Health.PROBLEM)
    assert "the file is damaged" in result.found


# --- views ---


def view(**facts: Any) -> ViewStatus:
    known = {
        "name": "plans",
        "fold_version": 1,
        "position": 5,
        "lag": 2,
        "rows": 3,
        "rebuilding": None,
        "stuck": (),
    }
    return ViewStatus.model_validate(known | facts)


def looked_at(*views: ViewStatus, failure: str | None = None) -> list[Observation]:
    return list(check_views(ViewReport(position=7, views=views, failure=failure)))


def test_views_that_lag_are_well() -> None:
    (result,) = looked_at(view(rebuilding=4))
    assert result.health is Health.OK
    assert result.found == "plans: rows 3, positions behind 2, being rebuilt at 4"


def test_stuck_views_are_a_warning_and_views_beyond_the_log_a_problem() -> None:
    stuck = StuckPlan(plan_id="p", version=4, position=3, why="it cannot be read", since=DAWN)
    result = looked_at(view(stuck=(stuck,)), view(position=9), failure="OSError: no")
    assert [(o.health, o.place) for o in result] == [
        (Health.WARNING, "p@4"),
        (Health.PROBLEM, "plans"),
        (Health.WARNING, None),
    ]


def test_a_checkup_is_as_bad_as_its_worst_observation() -> None:
    def checkup(*health: Health) -> Health:
        seen = [Observation(check="c", health=each, found="f") for each in health]
        return Checkup.of("plans.db", seen).health

    assert checkup(Health.OK) is Health.OK
    assert checkup(Health.WARNING, Health.OK) is Health.WARNING
    assert checkup(Health.OK, Health.PROBLEM, Health.WARNING) is Health.PROBLEM
