"""`execute` takes every command as a value or as JSON, and is the same as its method."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

import jsonschema
import pytest

from plangate.application.command_context import ContextOptions
from plangate.application.commands import COMMANDS, Create, validated
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.registry import PlanRegistry
from plangate.domain.commands import ClaimNextTask, PlanCommand, ScorePrompt
from plangate.domain.errors import InvalidInput, InvalidScore
from plangate.infrastructure.cli.input.traces import apply_lines, read_lines
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on
from tests.support.schemas import PUBLISHED

TASKS = [{"id": task_id, "title": task_id.upper()} for task_id in "abc"]
ADD = [{"op": "add", "task": {"title": "D"}}]

Method = Callable[[PlanRegistry], Any]


@dataclass(frozen=True)
class Example:
    """A command as JSON, the method call that means the same, and what happened before."""

    json: dict[str, Any]
    method: Method
    before: Method = lambda _: None
    plan_id: str | None = "p"


def claimed(r: PlanRegistry) -> None:
    r.next_task("p", worker="w", lease=60.0)


def failed(r: PlanRegistry) -> None:
    r.score_output("p", "a", 0.1)


UNTIL = DAWN + timedelta(hours=1)
KEY: ContextOptions = {"idempotency_key": "k", "actor": "ann"}
EXAMPLES: dict[str, Example] = {
    "create": Example(
        {"op": "create", "goal": "g", "tasks": [{"title": "A"}], "priority": 2},
        lambda r: r.create("g", [{"title": "A"}], priority=2, **KEY),
        plan_id=None,
    ),
    "score_prompt": Example(
        {"op": "score_prompt", "task_id": "a", "score": 85, "scale": [0, 100], "rationale": "clear"}
        | {"occurred_at": DAWN.isoformat()},
        lambda r: r.score_prompt(
            "p", "a", 85, scale=(0, 100), rationale="clear", occurred_at=DAWN, **KEY
        ),
    ),
    "score_output": Example(
        {"op": "score_output", "task_id": "a", "score": 0.2, "token": 2},
        lambda r: r.score_output("p", "a", 0.2, token=2, **KEY),
        claimed,
    ),
    "update": Example(
        {"op": "update", "task_id": "a", "output_score": 0.9, "mark_done": False},
        lambda r: r.update("p", "a", output_score=0.9, mark_done=False, **KEY),
    ),
    "record_scoring_failure": Example(
        {"op": "record_scoring_failure", "task_id": "a", "kind": "prompt", "reason": "crashed"},
        lambda r: r.record_scoring_failure("p", "a", "prompt", "crashed", **KEY),
    ),
    "retract_score": Example(
        {"op": "retract_score", "event_id": "p@2", "reason": "a typo"},
        lambda r: r.retract_score("p", "p@2", "a typo", **KEY),
        failed,
    ),
    "record_outcome": Example(
        {"op": "record_outcome", "task_id": "a", "outcome": "accepted", "source": "ci"},
        lambda r: r.record_outcome("p", "a", "accepted", source="ci", **KEY),
    ),
    "mark_task": Example(
        {"op": "mark_task", "task_id": "a", "status": "done"},
        lambda r: r.mark_task("p", "a", "done", **KEY),
    ),
    "next_task": Example(
        {"op": "next_task", "worker": "w", "lease": 60.0},
        lambda r: r.next_task("p", worker="w", lease=60.0, **KEY),
    ),
    "claim_task": Example(
        {"op": "claim_task", "task_id": "a", "worker": "w", "lease": 60.0},
        lambda r: r.claim_task("p", "a", worker="w", lease=60.0, **KEY),
    ),
    "defer_task": Example(
        {"op": "defer_task", "task_id": "a", "reason": "in review", "until": UNTIL.isoformat()},
        lambda r: r.defer_task("p", "a", "in review", until=UNTIL, **KEY),
    ),
    "undefer_task": Example(
        {"op": "undefer_task", "task_id": "a", "reason": "reviewed"},
        lambda r: r.undefer_task("p", "a", reason="reviewed", **KEY),
        lambda r: r.defer_task("p", "a", "in review"),
    ),
    "heartbeat": Example(
        {"op": "heartbeat", "task_id": "a", "token": 2, "lease": 90.0},
        lambda r: r.heartbeat("p", "a", 2, lease=90.0, **KEY),
        claimed,
    ),
    "release": Example(
        {"op": "release", "task_id": "a", "reason": "stuck"},
        lambda r: r.release("p", "a", reason="stuck", **KEY),
        claimed,
    ),
    "revise": Example(
        {"op": "revise", "reason": "forgotten", "changes": ADD},
        lambda r: r.revise("p", "forgotten", ADD, **KEY),
    ),
    "retry": Example(
        {"op": "retry", "task_id": "a", "reason": "again"},
        lambda r: r.retry("p", "a", "again", **KEY),
        failed,
    ),
    "approve": Example(
        {"op": "approve", "reason": "fine", "accept": ["a"]},
        lambda r: r.approve("p", "fine", accept=["a"], **KEY),
        failed,
    ),
    "pause": Example({"op": "pause", "reason": "later"}, lambda r: r.pause("p", "later", **KEY)),
    "resume": Example(
        {"op": "resume", "reason": "now"},
        lambda r: r.resume("p", "now", **KEY),
        lambda r: r.pause("p", "later"),
    ),
    "archive": Example(
        {"op": "archive", "reason": "over"}, lambda r: r.archive("p", "over", **KEY)
    ),
    "restore": Example(
        {"op": "restore", "reason": "not yet"},
        lambda r: r.restore("p", "not yet", **KEY),
        lambda r: r.archive("p", "over"),
    ),
    "delete": Example({"op": "delete"}, lambda r: r.delete("p", **KEY)),
    "erase": Example({"op": "erase"}, lambda r: r.erase("p", **KEY)),
}
OF_ALL_PLANS = Example(
    {"op": "next_task", "labels": ["gpu"]},
    lambda r: r.next_task(labels=["gpu"], **KEY),
    lambda r: r.create("h", TASKS, plan_id="q", labels=["gpu"]),
    plan_id=None,
)
ALL = pytest.mark.parametrize("example", [*EXAMPLES.values(), OF_ALL_PLANS], ids=[*EXAMPLES, "any"])


def prepared(example: Example) -> PlanRegistry:
    registry = registry_on(memory_event_store())
    registry.create("g", TASKS, plan_id="p")
    example.before(registry)
    return registry


def log(registry: PlanRegistry) -> list[tuple[object, ...]]:
    """Every event with its actor, its key and the digest of its arguments."""
    return [
        (one.event, one.envelope.actor, one.envelope.idempotency_key, one.envelope.arguments_digest)
        for one in registry.history.events()
    ]


def test_every_command_of_the_domain_with_an_op_can_be_given() -> None:
    of_the_domain = {kind for kind in get_args(PlanCommand) if "op" in kind.model_fields}

    assert of_the_domain <= set(COMMANDS.values())


def test_there_is_an_example_of_every_command() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert all(example.json["op"] == op for op, example in EXAMPLES.items())


@ALL
@pytest.mark.parametrize("as_value", [False, True], ids=["json", "value"])
def test_a_command_records_and_answers_what_its_method_does(
    example: Example, *, as_value: bool
) -> None:
    by_method, by_execute = prepared(example), prepared(example)
    recorded = len(log(by_method))
    command = validated(example.json) if as_value else example.json
    answer = by_execute.execute(example.plan_id, command, **KEY)
    assert answer == example.method(by_method)
    assert log(by_execute) == log(by_method)
    assert len(log(by_method)) > recorded
    assert log(by_method)[recorded][1:3] == ("ann", "k")


@ALL
def test_under_one_key_a_method_a_command_and_a_trace_line_are_one_request(
    example: Example,
) -> None:
    registry = prepared(example)
    first = example.method(registry)
    recorded = log(registry)
    again = registry.execute(example.plan_id, example.json, **KEY)
    line = {**example.json, **KEY} | ({"plan_id": example.plan_id} if example.plan_id else {})
    (outcome,) = apply_lines(registry, read_lines(io.BytesIO(json.dumps(line).encode())), run=None)
    assert (outcome.error, outcome.recorded) == (None, False)
    assert log(registry) == recorded
    if example is not EXAMPLES["erase"]:  # whose answer counts what it rewrote this time
        assert again == first
    plan_id = registry.history.events()[-1].envelope.plan_id
    with pytest.raises(IdempotencyKeyReused):
        registry.mark_task(plan_id, "a", "failed", reason="another request", **KEY)


@ALL
def test_the_published_schema_accepts_the_json(example: Example) -> None:
    schema = json.loads((PUBLISHED / "command.v1.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(example.json)
    assert not validator.is_valid({k: v for k, v in example.json.items() if k != "op"})
    assert not validator.is_valid(example.json | {"colour": "red"})


REFUSED = {
    "no op": ("p", {"score": 0.5}, "op: is required; accepted: create, score_prompt"),
    "unknown op": ("p", {"op": "burn"}, "op: 'burn' is not known; accepted: create"),
    "op of another type": ("p", {"op": 7}, "op: 7 is not known; accepted: create"),
    "no plan": (None, {"op": "pause", "reason": "later"}, "plan_id: is required"),
    "create with a plan": ("p", EXAMPLES["create"].json, "plan_id: must be given in the command"),
    "unknown field": (
        "p",
        {"op": "pause", "reason": "later", "colour": "red"},
        "colour: is not known here; accepted: op, reason",
    ),
    "missing field": ("p", {"op": "pause"}, "reason: is required"),
    "labels of one plan": (
        "p",
        {"op": "next_task", "labels": ["gpu"]},
        "labels: choose among all plans: give no plan_id",
    ),
    "another value": ("p", ClaimNextTask(), "command: must be an object with an op"),
    "no object": ("p", "pause", "command: must be an object with an op"),
}


@pytest.mark.parametrize("plan_id, command, problem", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_in_the_callers_terms(
    registry: PlanRegistry, plan_id: str | None, command: Any, problem: str
) -> None:
    registry.create("g", TASKS, plan_id="p")
    with pytest.raises(InvalidInput) as refusal:
        registry.execute(plan_id, command)
    assert str(refusal.value).startswith(problem)
    assert len(log(registry)) == 1


def test_a_wrong_score_and_a_wrong_context_are_refused_like_those_of_a_method(
    registry: PlanRegistry,
) -> None:
    registry.create("g", TASKS, plan_id="p")
    with pytest.raises(InvalidScore, match="score: must be a number"):
        registry.execute("p", {"op": "score_prompt", "task_id": "a", "score": "high"})
    with pytest.raises(InvalidInput, match="actor: must be text"):
        registry.execute("p", ScorePrompt(task_id="a", score=0.9), actor=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="colour: is not known here; accepted: actor"):
        registry.score_prompt("p", "a", 0.9, colour="red")  # type: ignore[call-arg]


def test_a_new_plan_may_name_itself(registry: PlanRegistry) -> None:
    command = Create(goal="g", tasks=[{"title": "A"}], plan_id="billing")  # type: ignore[arg-type]
    registry.execute(None, command)
    assert registry.get_status("billing").goal == "g"
