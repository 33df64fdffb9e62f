"""A retry is recognised by its key; the same value sent again is a new judgement."""

from collections.abc import Callable
from typing import Any

import pytest

from plangate.application.commands import Create
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.idempotency import arguments_digest
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput

Command = Callable[[PlanRegistry, str], Any]

COMMANDS: dict[str, Command] = {
    "score_prompt": lambda r, p: r.score_prompt(p, "a", 85, idempotency_key="k"),
    "score_output": lambda r, p: r.score_output(p, "a", 0.2, idempotency_key="k"),
    "update": lambda r, p: r.update(
        p, "a", prompt_score=0.9, output_score=0.8, idempotency_key="k"
    ),
    "record_scoring_failure": lambda r, p: r.record_scoring_failure(
        p, "a", "prompt", "crashed", idempotency_key="k"
    ),
    "record_outcome": lambda r, p: r.record_outcome(
        p, "a", "accepted", source="ci", idempotency_key="k"
    ),
    "mark_task": lambda r, p: r.mark_task(p, "a", "done", idempotency_key="k"),
    "next_task": lambda r, p: r.next_task(p, idempotency_key="k"),
    "delete": lambda r, p: r.delete(p, idempotency_key="k"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_retry_returns_the_first_result_and_records_nothing(
    registry: PlanRegistry, plan_id: str, command: Command
) -> None:
    first = command(registry, plan_id)
    recorded = len(registry.history.of(plan_id))
    if command is not COMMANDS["delete"]:
        registry.score_output(plan_id, "b", 0.1)
        registry.delete(plan_id)
        recorded = len(registry.history.of(plan_id))
    assert command(registry, plan_id) == first
    assert len(registry.history.of(plan_id)) == recorded


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_same_key_with_other_arguments_is_refused(
    registry: PlanRegistry, plan_id: str, command: Command
) -> None:
    command(registry, plan_id)
    recorded = len(registry.history.of(plan_id))
    with pytest.raises(IdempotencyKeyReused, match="'k' was already used") as refusal:
        registry.score_prompt(plan_id, "a", 0.123, idempotency_key="k")
    assert (refusal.value.plan_id, refusal.value.key) == (plan_id, "k")
    assert len(registry.history.of(plan_id)) == recorded


def test_giving_a_default_explicitly_is_the_same_request(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.9, idempotency_key="k")
    registry.score_output(plan_id, "a", 0.9, mark_done=True, scorer=None, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        registry.score_output(plan_id, "a", 0.9, mark_done=False, idempotency_key="k")


def test_a_create_with_a_key_and_no_ids_is_found_again(registry: PlanRegistry) -> None:
    tasks = [{"title": "A"}, {"title": "B"}]
    first = registry.create("g", tasks, idempotency_key="k")
    assert registry.create("g", tasks, idempotency_key="k") == first
    assert registry.create("g", tasks, idempotency_key="other").plan_id != first.plan_id
    with pytest.raises(IdempotencyKeyReused):
        registry.create("another goal", tasks, idempotency_key="k")
    assert [len(first.plan_id), *(len(task.id) for task in first.tasks)] == [12, 8, 8]


def test_a_score_sent_again_without_a_key_is_a_new_judgement(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_prompt(plan_id, "a", 0.9)
    registry.score_prompt(plan_id, "a", 0.9)
    assert len(registry.history.of(plan_id)) == 3


def test_a_command_that_brought_about_nothing_stores_no_key(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.mark_task(plan_id, "a", "pending", idempotency_key="k")
    assert registry.mark_task(plan_id, "a", "done", idempotency_key="k").version == 2


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 1, 3, 0)])
def test_retries_are_answered_in_whatever_order_they_come(
    registry: PlanRegistry, plan_id: str, order: tuple[int, ...]
) -> None:
    scores = [0.1, 0.9, 0.3, 0.8]

    def send(n: int) -> object:
        return registry.score_output(plan_id, "abca"[n], scores[n], idempotency_key=f"k{n}")

    first = [send(n) for n in range(4)]
    assert [send(n) for n in order] == [first[n] for n in order]


def test_only_the_first_event_of_a_command_carries_the_key_and_the_rest_name_it(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.1, idempotency_key="k", correlation_id="run-1")
    scored, moved, replan = (entry.envelope for entry in registry.history.of(plan_id)[1:])
    assert scored.idempotency_key == "k"
    assert scored.arguments_digest is not None
    assert scored.causation_id is None
    for later in (moved, replan):
        assert (later.idempotency_key, later.arguments_digest) == (None, None)
        assert later.causation_id == scored.event_id
    assert {scored.correlation_id, moved.correlation_id, replan.correlation_id} == {"run-1"}


def test_a_later_command_without_a_key_is_not_part_of_the_earlier_one(
    registry: PlanRegistry, plan_id: str
) -> None:
    first = registry.score_output(plan_id, "a", 0.1, idempotency_key="k")
    registry.score_output(plan_id, "a", 0.2)
    assert registry.score_output(plan_id, "a", 0.1, idempotency_key="k") == first


def test_acting_as_sets_the_actor_and_the_commands_own_takes_precedence(
    registry: PlanRegistry, plan_id: str
) -> None:
    with registry.acting_as("agent-7", correlation_id="run-1"):
        registry.score_prompt(plan_id, "a", 0.5)
        registry.score_prompt(plan_id, "a", 0.5, actor="agent-8")
        with registry.acting_as(correlation_id="run-2"):
            registry.score_prompt(plan_id, "a", 0.5, idempotency_key="k")
            registry.score_prompt(plan_id, "a", 0.5, idempotency_key="k")
    registry.score_prompt(plan_id, "a", 0.5)
    envelopes = [entry.envelope for entry in registry.history.of(plan_id)[1:]]
    assert [(e.actor, e.correlation_id, e.idempotency_key) for e in envelopes] == [
        ("agent-7", "run-1", None),
        ("agent-8", "run-1", None),
        ("agent-7", "run-2", "k"),
        (None, None, None),
    ]


def test_an_unknown_keyword_is_refused_with_those_accepted(
    registry: PlanRegistry, plan_id: str
) -> None:
    with pytest.raises(InvalidInput, match="actr: is not known here; accepted: actor"):
        registry.next_task(plan_id, actr="agent-7")  # type: ignore[call-arg]
    assert len(registry.history.of(plan_id)) == 1


def test_what_a_preset_gained_later_is_left_out_of_a_request() -> None:
    tasks = ({"title": "A"},)
    plain = Create.model_validate({"goal": "g", "tasks": tasks, "policy": "steady"})
    waits, judges = (
        Create.model_validate(
            {"goal": "g", "tasks": tasks, "policy": {"preset": "steady", "scarce_evidence": rule}}
        )
        for rule in ("wait", "judge")
    )

    digests = [arguments_digest(request) for request in (plain, waits, judges)]

    assert digests[0] == "18f5ed20b5a03fc2509f5c533f636794ba543cfbd06fab052b21f037e4af54ab"
    assert len(set(digests)) == 3
    assert plain.command(str).policy.whole().scarce_evidence == "judge"
