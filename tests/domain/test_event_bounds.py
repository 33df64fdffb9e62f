"""Every field of every event has a bound at the ways into a store, that of the commands."""

import json
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from plangate.domain import event_bounds
from plangate.domain.errors import InvalidInput
from plangate.domain.event_bounds import bounded, require_size
from plangate.domain.events import PlanEvent, PlannedTask
from plangate.domain.vocabulary import MAX_CHANGES, MAX_TASKS
from tests.domain.test_events import by_name
from tests.support.examples import EVERY_EVENT, A, B, created, planned, scored, split


@pytest.mark.parametrize(
    "event", get_args(get_args(PlanEvent)[0]), ids=lambda event: event.__name__
)
def test_a_bounded_event_has_the_same_fields(event: type[PlanEvent]) -> None:
    fields = {name: info.is_required() for name, info in event.model_fields.items()}
    del fields["type"]  # it is not stored
    model = bounded(event)
    assert {name: info.is_required() for name, info in model.model_fields.items()} == fields


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_what_commands_record_is_within_the_bounds(event: PlanEvent) -> None:
    stored = event.model_dump_json(exclude={"type"}, exclude_none=True)
    bounded(type(event)).model_validate_json(stored)


def test_a_field_without_a_bound_is_noticed() -> None:
    class Colour(BaseModel):
        shade: str

    with pytest.raises(KeyError, match="shade"):
        bounded(Colour)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event, other",
    [
        (scored(), {"colour": "red"}),
        (scored(), {"score": "0.9"}),
        (scored(), {"task_id": None}),
        (created(A), {"tasks": []}),
        (split(A, planned(B), planned("c")), {"into": [{"id": B, "title": "B"}]}),
    ],
)
def test_a_bounded_event_has_no_other_fields_or_values(
    event: PlanEvent, other: dict[str, object]
) -> None:
    stored = event.model_dump(mode="json", exclude={"type"}, exclude_none=True)
    with pytest.raises(ValidationError):
        bounded(type(event)).model_validate_json(json.dumps(stored | other))


def test_what_an_event_may_lack_may_be_null() -> None:
    stored = scored().model_dump(mode="json", exclude={"type"}) | {"rationale": None}
    bounded(type(scored())).model_validate_json(json.dumps(stored))


@pytest.mark.parametrize("field, most", [("tasks", MAX_TASKS), ("into", MAX_CHANGES)])
def test_an_event_plans_at_most_so_many_tasks(field: str, most: int) -> None:
    one = {"id": B, "title": "B"}
    event = created(A) if field == "tasks" else split(A, planned(B), planned("c"))
    stored = event.model_dump(mode="json", exclude={"type"}, exclude_none=True)
    model = bounded(type(event))
    model.model_validate_json(json.dumps(stored | {field: [one] * most}))
    with pytest.raises(ValidationError, match=f"at most {most} items"):
        model.model_validate_json(json.dumps(stored | {field: [one] * (most + 1)}))


def size_of(task: PlannedTask) -> int:
    return len(task.model_dump_json(exclude_none=True))


@pytest.mark.parametrize("field", ["tasks", "changes"])
def test_the_tasks_of_one_event_have_a_largest_size(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    one, other = planned(A, description="ü" * 50), planned(B)
    event = created(one, other) if field == "tasks" else split("c", one, other)
    monkeypatch.setattr(event_bounds, "MAX_TASK_BYTES", size_of(one) + size_of(other))
    require_size([scored(), event])
    monkeypatch.setattr(event_bounds, "MAX_TASK_BYTES", size_of(one) + size_of(other) - 1)
    with pytest.raises(InvalidInput, match=f"{field}: must be at most 0 MiB of JSON"):
        require_size([scored(), event])


def test_the_largest_size_is_said_in_mebibytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_bounds, "MAX_TASK_BYTES", 2**20)
    with pytest.raises(InvalidInput, match="at most 1 MiB of JSON"):
        require_size([created(planned(A, description="x" * 2**20))])
