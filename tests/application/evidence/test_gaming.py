"""Ways to get work past the gate are named by a finding, with its events."""

from collections.abc import Iterator

import pytest

from plangate.application.evidence.comparisons import FALSE_FINDINGS
from plangate.application.evidence.finding import (
    FROM_DISTRIBUTIONS,
    MAX_EVENTS,
    Finding,
    FindingKind,
)
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.gaming import PLANTS, Gaming, Plant, of_distributions

PLAYED = [
    pytest.param(plant, policy, id=f"{plant.kind}: {plant.title}, {policy}")
    for plant in PLANTS
    for policy in plant.policies
]


@pytest.fixture
def analysing() -> Iterator[PlanRegistry]:
    """A registry with the statistics of the extra."""
    with connect("memory:") as registry:
        yield registry


@pytest.mark.parametrize("plant, policy", PLAYED)
def test_a_way_past_the_gate_is_found(registry: PlanRegistry, plant: Plant, policy: str) -> None:
    plant.play(Gaming(registry, policy))

    found = registry.evidence.findings().findings

    named = [one for one in found if one.kind is plant.kind]
    assert [(one.plan_id, one.severity) for one in named] == [("five", plant.severity)] * len(named)
    assert named, [(one.kind, one.sentence) for one in found]
    for one in named:
        _require_events(registry, one)


def test_there_are_plants_of_every_kind_about_the_gate() -> None:
    others = {
        FindingKind.UNSUPPORTED,
        FindingKind.SCORER_CHANGED,
        FindingKind.OUTCOME_CONTRADICTS,
    }
    assert {plant.kind for plant in PLANTS} == set(FindingKind) - others - {*FROM_DISTRIBUTIONS}
    assert len(PLANTS) >= 40


def _require_events(registry: PlanRegistry, finding: Finding) -> None:
    """Each event is one that was recorded, and each is named once."""
    assert len(set(finding.event_ids)) == min(finding.event_count, MAX_EVENTS)
    for event_id in finding.event_ids:
        plan_id, _, version = event_id.rpartition("@")
        assert 1 <= int(version) <= len(registry.history.of(plan_id))


# --- what only many plans show ---


@pytest.mark.parametrize("plant", of_distributions.PLANTS, ids=lambda one: one.title)
def test_what_many_plans_show_is_found_and_nothing_else(
    analysing: PlanRegistry, plant: of_distributions.Plant
) -> None:
    plant.play(of_distributions.Practice(analysing))

    found = _from_distributions(analysing)

    shown = [(one.kind, one.about, one.severity) for one in found]
    assert shown == [(plant.kind, plant.about, plant.severity)], [one.sentence for one in found]
    (finding,) = found
    assert finding.judged_by is not None
    assert finding.judged_by.adjusted_p <= FALSE_FINDINGS
    assert finding.sentence.endswith(f"({finding.judged_by.text})")
    assert finding.event_ids[-1].startswith(f"{finding.plan_id}@")
    _require_events(analysing, finding)


@pytest.mark.parametrize("plant", of_distributions.HONEST, ids=lambda one: one.title)
def test_honest_work_in_many_plans_gives_no_finding(
    analysing: PlanRegistry, plant: of_distributions.Plant
) -> None:
    plant.play(of_distributions.Practice(analysing))
    assert _from_distributions(analysing) == []


def test_there_is_a_plant_of_every_kind_that_many_plans_show() -> None:
    assert {plant.kind for plant in of_distributions.PLANTS} == set(FROM_DISTRIBUTIONS)


def _from_distributions(registry: PlanRegistry) -> list[Finding]:
    report = registry.evidence.findings()
    assert report.not_judged is None
    return [one for one in report.findings if one.kind in FROM_DISTRIBUTIONS]
