"""Answers with rows are sequences of them, and models with the JSON of before."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.results import Rows
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on

ANSWERS: dict[str, Callable[[PlanRegistry], Rows[Any]]] = {
    "plans": lambda registry: registry.list_plans(),
    "plans of the view": lambda registry: registry.views.plans(),
    "tasks": lambda registry: registry.views.board(status="replanning"),
    "scores": lambda registry: registry.views.timeline("p"),
    "replans": lambda registry: registry.views.replans(),
}


@pytest.fixture(scope="module")
def registry() -> Iterator[PlanRegistry]:
    with registry_on(memory_event_store()) as registry:
        for plan_id in "pq":
            registry.create("g", ["A", {"id": "b", "title": "B"}], plan_id=plan_id)
            registry.score_output(plan_id, "b", 0.9)
            registry.score_output(plan_id, "b", 0.1)
        yield registry


@pytest.mark.parametrize("name", ANSWERS)
def test_it_is_the_sequence_of_its_rows(registry: PlanRegistry, name: str) -> None:
    answer = ANSWERS[name](registry)
    rows = getattr(answer, name.split(maxsplit=1)[0])
    assert isinstance(answer, Sequence)
    assert len(answer) == len(rows) == 2
    assert tuple(answer) == rows
    assert (answer[0], answer[-1], answer[1:]) == (rows[0], rows[1], rows[1:])
    assert rows[1] in answer
    assert list(reversed(answer)) == [rows[1], rows[0]]
    with pytest.raises(IndexError):
        _ = answer[2]


@pytest.mark.parametrize("name", ANSWERS)
def test_its_json_names_the_rows_as_before(registry: PlanRegistry, name: str) -> None:
    answer = ANSWERS[name](registry)
    fields = json.loads(answer.model_dump_json())
    assert list(fields) == list(type(answer).model_fields)
    assert len(fields[name.split(maxsplit=1)[0]]) == 2
    assert type(answer).model_validate_json(answer.model_dump_json()) == answer


def test_without_rows_it_is_false(registry: PlanRegistry) -> None:
    assert registry.list_plans()
    assert not registry.list_plans(state="archived")
    assert not registry.views.plans(text="nothing has this")
