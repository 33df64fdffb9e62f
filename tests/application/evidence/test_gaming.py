"""Ways to get work past the gate are named by a finding, with its events."""

import pytest

from plangate.application.evidence.finding import Finding, FindingKind
from plangate.application.registry import PlanRegistry
from tests.support.gaming import PLANTS, Gaming, Plant

PLAYED = [
    pytest.param(plant, policy, id=f"{plant.kind}: {plant.title}, {policy}")
    for plant in PLANTS
    for policy in plant.policies
]


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
    assert {plant.kind for plant in PLANTS} == set(FindingKind) - others
    assert len(PLANTS) >= 40


def _require_events(registry: PlanRegistry, finding: Finding) -> None:
    """Each event is one that was recorded, and each is named once."""
    assert len(set(finding.event_ids)) == finding.event_count
    for event_id in finding.event_ids:
        plan_id, _, version = event_id.rpartition("@")
        assert 1 <= int(version) <= len(registry.history.of(plan_id))
