"""An event's JSON says by its `type` what it is; the stored bytes never do."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import plangate
from plangate.application.errors import CorruptEvent
from plangate.application.history.audit import AuditEntry
from plangate.application.recorded_event import StoredEntry
from plangate.domain.errors import InvalidInput
from plangate.domain.events import PlanEvent
from plangate.infrastructure.stored_events.codec import EventCodec
from plangate.infrastructure.stored_events.kinds import STORED_KINDS
from tests.schema.test_golden_events import FILES, compact, golden
from tests.support.examples import EVERY_EVENT, HAS_PAUSED

EVENTS: TypeAdapter[PlanEvent] = TypeAdapter(PlanEvent)


def entry(path: Path, **more: Any) -> StoredEntry:
    """A golden event as it is stored, with more facts in it."""
    name, _, content = golden(path)
    stored = content["stored"]
    stored["event"] |= more
    return StoredEntry("billing", 7, 42, name, compact(stored))


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: event.type)
def test_every_event_reads_back_from_its_json_as_what_it_was(event: PlanEvent) -> None:
    again = EVENTS.validate_json(event.model_dump_json())
    assert type(again) is type(event)
    assert again == event


def test_the_type_of_an_event_is_its_stored_name() -> None:
    assert {name: kind.event for name, kind in STORED_KINDS.items()} == {
        event.type: type(event) for event in EVERY_EVENT
    }


def test_json_without_a_type_or_with_another_is_refused() -> None:
    facts = HAS_PAUSED.model_dump(mode="json")
    with pytest.raises(ValidationError, match="plan-burnt"):
        EVENTS.validate_python(facts | {"type": "plan-burnt"})
    del facts["type"]
    with pytest.raises(ValidationError, match="type"):
        EVENTS.validate_python(facts)
    with pytest.raises(ValidationError, match="plan-paused"):
        plangate.PlanPaused.model_validate(facts | {"type": "gate-approved"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_event_has_the_json_of_the_event_that_was_made(path: Path) -> None:
    recorded = EventCodec().decode(entry(path))
    made = type(recorded.event)(**dict(recorded.event))
    assert recorded.event.model_dump_json() == made.model_dump_json()
    assert next(iter(recorded.event.model_dump())) == "type"
    assert recorded.kind == entry(path).name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_stored_bytes_hold_no_type_and_one_that_does_is_damaged(path: Path) -> None:
    codec = EventCodec()
    recorded = codec.decode(entry(path))
    name, stored = codec.encode(recorded)
    assert "type" not in json.loads(stored)["event"]
    for given in (name, 1, "", None):
        damaged = entry(path, type=given)
        with pytest.raises(CorruptEvent):
            codec.decode(damaged)
        with pytest.raises(InvalidInput):
            codec.require_bounds(replace(damaged, position=None))


def test_the_entries_of_an_audit_read_back() -> None:
    with plangate.connect("memory:") as registry:
        plan = registry.create("Move billing", [{"title": "Design"}])
        registry.pause(plan.plan_id, "the judge is away")
        entries = list(registry.history.audit(plan.plan_id))
        recorded = registry.history.of(plan.plan_id)
    assert [one.kind for one in entries] == ["plan-created", "plan-paused"]
    assert [AuditEntry.model_validate_json(one.model_dump_json()) for one in entries] == entries
    assert [one.kind for one in recorded] == ["plan-created", "plan-paused"]
