"""`as_of` gives a plan as it stood, by version or by when it was recorded."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import CorruptEvent
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput, PlangateError, PlanNotFound
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on
from tests.support.model.random_work import RandomWork


def test_every_version_has_the_status_it_had_when_it_was_new() -> None:
    now = [DAWN]
    with registry_on(memory_event_store(), clock=lambda: now[0]) as registry:
        work, result = RandomWork(registry, random.Random(7)), dict[tuple[str, int], PlanStatus]()
        for _ in range(150):
            now[0] += timedelta(seconds=5)
            work.go_on(1)
            for naive in work._plans:
                try:
                    status = registry.get_status(naive.plan_id)
                except PlangateError:  # deleted
                    continue
                result.setdefault((naive.plan_id, status.version), status)

        assert len(result) > 60
        for (plan_id, version), status in result.items():
            assert registry.history.as_of(plan_id, version=version) == status


def test_a_deleted_plan_has_its_earlier_statuses(registry: PlanRegistry, plan_id: str) -> None:
    registry.delete(plan_id)

    assert registry.history.as_of(plan_id, version=1).state == "active"
    assert registry.history.as_of(plan_id, version=2).state == "deleted"


@pytest.fixture
def hours() -> list[int]:
    """When each event was recorded. The clock was set back once."""
    return [8, 10, 9, 11]


@pytest.fixture
def marked(hours: list[int]) -> Iterator[PlanRegistry]:
    """A plan `p`, created and marked three times at those hours."""
    times = iter([datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in hours])
    with registry_on(memory_event_store(), clock=lambda: next(times)) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        for status in ("done", "failed", "pending"):
            registry.mark_task("p", "a", status)
        yield registry


@pytest.mark.parametrize(
    "hour, minute, version",
    [(8, 0, 1), (9, 59, 1), (10, 0, 3), (10, 59, 3), (11, 0, 4), (23, 0, 4)],
)
def test_a_moment_means_the_last_version_before_the_first_later_one(
    marked: PlanRegistry, hour: int, minute: int, version: int
) -> None:
    at = datetime(2026, 1, 1, hour, minute, tzinfo=UTC)

    assert marked.history.as_of("p", at=at) == marked.history.as_of("p", version=version)


def test_a_moment_may_have_any_time_zone(marked: PlanRegistry) -> None:
    at = datetime(2026, 1, 1, 10, 0, tzinfo=UTC).astimezone(
        datetime.now().astimezone().tzinfo  # wherever this runs
    )

    assert marked.history.as_of("p", at=at).version == 3


@pytest.mark.parametrize(
    "asked, problem",
    [
        ({}, "version: name a version, or a time as at"),
        ({"version": 1, "at": DAWN}, "version: name a version, or a time as at"),
        ({"version": 0}, "version: must be a version, a whole number from 1 on"),
        ({"version": True}, "version: must be a version, a whole number from 1 on"),
        ({"version": 1.0}, "version: must be a version, a whole number from 1 on"),
        ({"version": "1"}, "version: must be a version, a whole number from 1 on"),
        ({"version": 5}, "version: the history of 'p' ends at version 4"),
        ({"version": 10**30}, "version: the history of 'p' ends at version 4"),
        ({"at": "2026-01-01"}, "at: must be a datetime with its time zone"),
        (
            {"at": datetime(2026, 1, 1)},  # noqa: DTZ001  (that is the point)
            "at: 2026-01-01 00:00:00 has no time zone; say which one is meant",
        ),
        (
            {"at": DAWN - timedelta(days=1)},
            "at: there was no plan 'p' yet; its history begins at 2026-01-01T08:00:00+00:00",
        ),
    ],
)
def test_a_point_outside_of_the_history_is_refused(
    marked: PlanRegistry, asked: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        marked.history.as_of("p", **asked)

    assert str(caught.value) == problem


@pytest.mark.parametrize("asked", [{"version": 1}, {"at": DAWN}])
def test_an_unknown_plan_has_no_earlier_status(
    registry: PlanRegistry, asked: dict[str, Any]
) -> None:
    with pytest.raises(PlanNotFound):
        registry.history.as_of("nowhere", **asked)


def test_versions_before_a_damaged_event_can_be_read(marked: PlanRegistry) -> None:
    rows = marked._store._recorder._stored_events  # type: ignore[attr-defined]
    object.__setattr__(rows[2], "state", b"{}")

    assert marked.history.as_of("p", version=2).version == 2
    assert marked.history.as_of("p", at=DAWN).version == 1
    with pytest.raises(CorruptEvent, match="p@3 cannot be read"):
        marked.history.as_of("p", version=3)


@pytest.mark.parametrize("version", [2, 3])
def test_a_missing_event_is_named(tmp_path: Path, version: int) -> None:
    with connect(tmp_path / "plans.db") as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        for score in (0.1, 0.2, 0.3):
            registry.score_prompt("p", "a", score)
        with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
            connection.execute("DELETE FROM stored_events WHERE originator_version = 2")
            connection.commit()

        assert registry.history.as_of("p", version=1).version == 1
        with pytest.raises(CorruptEvent, match="p@2 cannot be read: it is missing"):
            registry.history.as_of("p", version=version)
