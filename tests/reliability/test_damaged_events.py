"""An altered event is named, and only its plan is unusable."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.errors import CorruptEvent, EventTooNew, UnreadableEvent
from plangate.application.plan_log import known_position
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import doctor

DAMAGES = {
    "no JSON": "state = 'x'",
    "no text": "state = CAST(x'ff00' AS TEXT)",
    "bytes for text": "state = x'ff00'",
    "an empty object": "state = '{}'",
    "a list": "state = '[]'",
    "a score out of range": "state = json_set(state, '$.event.score', 7)",
    "an unknown field": "state = json_set(state, '$.event.colour', 'red')",
    "a time that is none": "state = json_set(state, '$.meta.recorded_at', 'yesterday')",
    "a schema version to come": "state = json_set(state, '$.meta.schema_version', 99)",
    "an unknown name": "topic = 'task-painted'",
    "a name that is not text": "topic = CAST(x'ff' AS TEXT)",
    "a name in bytes": "topic = x'ff'",
    "another version": "originator_version = 9",
    "a version that is not a number": "originator_version = 'two'",
    "another plan": "originator_id = 'r'",
    "a plan that is not text": "originator_id = CAST(x'ff' AS TEXT)",
}
"""What is done to version 2 of the plan p, in SQL."""

FROM_A_NEWER_ONE = {"a schema version to come", "an unknown name"}


@pytest.fixture(params=DAMAGES)
def damage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def registry(tmp_path: Path, damage: str) -> Iterator[PlanRegistry]:
    path = tmp_path / "plans.db"
    with connect(path) as registry:
        for plan_id in ("p", "q"):
            registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id=plan_id)
            registry.score_prompt(plan_id, "a", 0.5)
            registry.score_prompt(plan_id, "a", 0.6)
    with closing(sqlite3.connect(path)) as connection:
        altering = f"UPDATE stored_events SET {DAMAGES[damage]}"
        connection.execute(f"{altering} WHERE originator_id = 'p' AND originator_version = 2")
        connection.commit()
    with connect(path) as registry:
        yield registry


def test_its_plan_names_the_event_and_takes_no_command(registry: PlanRegistry, damage: str) -> None:
    kind = EventTooNew if damage in FROM_A_NEWER_ONE else CorruptEvent
    for use in (registry.get_status, registry.next_task):
        with pytest.raises(kind) as refusal:
            use("p")
        assert (refusal.value.plan_id, refusal.value.version) == ("p", 2)
        assert "p@2 cannot be read" in str(refusal.value)


def test_other_plans_stay_usable(registry: PlanRegistry) -> None:
    assert registry.get_status("q").version == 3
    assert registry.next_task("q")
    assert registry.create("Another", [{"title": "Start"}]).version == 1


def test_the_list_names_it_beside_the_others(registry: PlanRegistry) -> None:
    listed = registry.list_plans()

    assert [plan.plan_id for plan in listed.plans] == ["q"]
    assert [(plan.plan_id, plan.version) for plan in listed.unreadable] == [("p", 2)]


def test_the_log_goes_on_beyond_it(registry: PlanRegistry) -> None:
    versions = [entry.envelope.event_id for entry in registry.history.events(after=3)]

    assert versions == ["q@1", "q@2", "q@3"]


def test_the_trail_of_all_plans_goes_on_beyond_it(registry: PlanRegistry) -> None:
    trail = list(registry.history.audit())

    assert [entry.event_id for entry in trail if entry.plan_id == "q"] == ["q@1", "q@2", "q@3"]
    assert any(entry.unreadable for entry in trail)
    assert list(registry.history.audit("q"))


def test_a_reader_of_the_log_can_step_over_it(registry: PlanRegistry) -> None:
    seen, after = [], 0
    while after < registry.history.last_position():
        try:
            page = registry.history.events(after=after)
        except UnreadableEvent as error:
            after = known_position(error.position)
        else:
            seen += [entry.envelope.event_id for entry in page]
            after = known_position(page[-1].envelope.position)

    assert seen[0] == "p@1"
    assert [event_id for event_id in seen if event_id.startswith("q")] == ["q@1", "q@2", "q@3"]


@pytest.mark.parametrize("damage", sorted(FROM_A_NEWER_ONE), indirect=True)
def test_what_a_newer_plangate_wrote_is_named_as_that(registry: PlanRegistry, damage: str) -> None:
    rows = registry.views.plans().plans
    trail = {entry.event_id: entry.unreadable for entry in registry.history.audit()}
    found = [one for view in registry.views.report().views for one in view.stuck]

    assert [row.plan_id for row in rows if row.version == 3] == ["q"]
    assert [event_id for event_id, why in trail.items() if why] == ["p@2"]
    for why in (trail["p@2"], registry.list_plans().unreadable[0].why, *(one.why for one in found)):
        assert why is not None
        assert why.endswith("is not known to this plangate; a newer one wrote it"), damage
    assert {(one.plan_id, one.version) for one in found} == {("p", 2)}


@pytest.mark.parametrize("damage", sorted(FROM_A_NEWER_ONE), indirect=True)
def test_a_checkup_advises_to_upgrade_plangate(registry: PlanRegistry, tmp_path: Path) -> None:
    registry.close()

    [found] = [one for one in doctor(tmp_path / "plans.db").observations if one.check == "events"]

    assert "a newer one wrote it" in found.found
    assert found.advice == "its plan cannot be used until plangate is upgraded"
