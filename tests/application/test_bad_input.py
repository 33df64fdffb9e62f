"""Bad input is refused in the caller's terms, and nothing of it is recorded."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from plangate.application.drafts import PlanDraft
from plangate.application.event_store import zoned
from plangate.application.registry import PlanRegistry
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, InvalidScore

A_TASK = {"id": "a", "title": "A"}
NO_SCORES = [math.nan, math.inf, -math.inf, True, False, "0.9", None, [0.9], 10**400, b"1"]


@pytest.mark.parametrize("score", NO_SCORES, ids=repr)
@pytest.mark.parametrize("command", ["score_prompt", "score_output"])
def test_a_score_must_be_a_finite_number(
    registry: PlanRegistry, plan_id: str, command: str, score: Any
) -> None:
    with pytest.raises(InvalidScore, match=r"^score: must be a"):
        getattr(registry, command)(plan_id, "a", score)
    assert len(registry.history.of(plan_id)) == 1


@pytest.mark.parametrize("score", [s for s in NO_SCORES if s is not None], ids=repr)
@pytest.mark.parametrize("field", ["prompt_score", "output_score"])
def test_neither_score_of_an_update_may_be_anything_else(
    registry: PlanRegistry, plan_id: str, field: str, score: Any
) -> None:
    with pytest.raises(InvalidScore, match=f"^{field}: must be a"):
        registry.update(plan_id, "a", **{field: score})
    assert len(registry.history.of(plan_id)) == 1


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"k": value}
    return value


CREATIONS: list[tuple[dict[str, Any], str]] = [
    ({"goal": ""}, "goal: must not be blank"),
    ({"goal": " \n"}, "goal: must not be blank"),
    ({"goal": None}, "goal: must be text"),
    ({"goal": b"bytes"}, "goal: must be text"),
    ({"goal": "x" * 4001}, "goal: must be at most 4000 characters"),
    ({"goal": "a\0b"}, "goal: must not hold the NUL character"),
    ({"goal": "\ud800"}, "goal: must not hold a lone surrogate"),
    ({"tasks": []}, "tasks: must hold at least 1"),
    ({"tasks": "a"}, "tasks: must be a list"),
    ({"tasks": [A_TASK] * 10_001}, "tasks: must hold at most 10000"),
    ({"tasks": [A_TASK, A_TASK]}, r"tasks\[1\].id: task ids must differ; given more than once: a"),
    ({"tasks": [{"title": " "}]}, r"tasks\[0\].title: must not be blank"),
    ({"tasks": [{"id": "a"}]}, r"tasks\[0\].title: is required"),
    ({"tasks": [{"title": "A", "titel": 1}]}, r"tasks\[0\].titel: is not known here; accepted: "),
    (
        {"tasks": [7]},
        r"tasks\[0\]: must be a title, or an object with title, description, depends_on",
    ),
    ({"tasks": [{"id": 1, "title": "A"}]}, r"tasks\[0\].id: must be text"),
    ({"tasks": [{"id": "a\nb", "title": "A"}]}, r"tasks\[0\].id: .*control character U\+000A"),
    ({"tasks": [{"id": "x" * 201, "title": "A"}]}, r"tasks\[0\].id: must be at most 200"),
    ({"tasks": [{"id": "", "title": "A"}]}, r"tasks\[0\].id: must not be empty"),
    (
        {"tasks": [{"title": "A", "description": "x" * 20_001}]},
        r"tasks\[0\].description: must be at most 20000 characters",
    ),
    ({"plan_id": " "}, "plan_id: must not be blank"),
    ({"plan_id": "a\u2028b"}, r"plan_id: .*control character U\+2028"),
    ({"plan_id": 7}, "plan_id: must be text"),
    ({"confidence_threshold": 1.01}, "confidence_threshold: must be at most 1"),
    ({"confidence_threshold": -0.01}, "confidence_threshold: must be at least 0"),
    ({"confidence_threshold": math.nan}, "confidence_threshold: must be a finite number"),
    ({"confidence_threshold": True}, "confidence_threshold: must be a number"),
    ({"policy": {"decay": 0}}, "policy.decay: must be more than 0"),
    ({"policy": {"decay": 1.1}}, "policy.decay: must be at most 1"),
    ({"policy": {"prompt_weight": 0.5}}, "policy: .*must sum to 1, not 1.15"),
    ({"policy": {"prompt_weight": -0.1, "output_weight": 1.1}}, "policy.prompt_weight: must be"),
    ({"policy": {"out_of_range": "wrap"}}, "policy.out_of_range: must be one of 'clamp' or"),
    ({"policy": {"dekay": 1}}, "policy.dekay: is not known here; accepted: prompt_weight, out"),
    ({"policy": 3}, "policy: must be an object with prompt_weight"),
    ({"policy": "steddy"}, "policy: the preset 'steddy' is not known; there are classic, steady"),
    ({"policy": {"preset": "steady", "decay": 0}}, "policy.decay: must be more than 0"),
    ({"policy": {"min_scored": 0}}, "policy.min_scored: must be at least 1"),
    ({"policy": {"max_replans": 1.0}}, "policy.max_replans: must be a whole number"),
    ({"policy": {"latch": "yes"}}, "policy.latch: must be true or false"),
    ({"policy": {"exit_threshold": 0.7}}, "policy: exit_threshold 0.7 must be at least the"),
    (
        {"policy": {"exit_threshold": 0.8}, "confidence_threshold": 0.9},
        "exit_threshold 0.8 must be at least the confidence_threshold 0.9",
    ),
    (
        {"policy": {"preset": "steady", "confidence_threshold": 0.8}, "confidence_threshold": 0.9},
        "confidence_threshold 0.9 contradicts the policy's 0.8; give one of them",
    ),
    ({"metadata": ["a"]}, "metadata: must be a JSON object"),
    ({"metadata": {"a": {1, 2}}}, "metadata: must be JSON, which has no set"),
    ({"metadata": {"a": math.nan}}, "metadata: must be JSON, which has no nan"),
    ({"metadata": {1: "a"}}, "metadata: must be JSON: the key 1 is not a string"),
    ({"metadata": {"a": "x" * 65_536}}, "metadata: must be at most 65536 bytes of JSON, not"),
    ({"metadata": nested(33)}, "metadata: must be nested at most 32 deep"),
    ({"metadata": {"a": "\0"}}, "metadata: must not hold the NUL character"),
    ({"metadata": {"\ud800": 1}}, "metadata: must not hold a lone surrogate"),
]


@pytest.mark.parametrize("given, message", CREATIONS, ids=[message for _, message in CREATIONS])
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_recorded(
    registry: PlanRegistry, given: dict[str, Any], message: str
) -> None:
    plan: dict[str, Any] = {"goal": "Move billing", "tasks": [A_TASK], **given}
    with pytest.raises(InvalidInput, match=f"^{message}"):
        registry.create(**plan)
    assert list(registry.history.events()) == []


def test_all_problems_are_reported_at_once(registry: PlanRegistry) -> None:
    with pytest.raises(InvalidInput) as refusal:
        registry.create(" ", [{"title": ""}, {"title": "B", "id": 2}])
    fields = [problem.field for problem in refusal.value.problems]
    assert fields == ["goal", "tasks[0].title", "tasks[1].id"]


NO_TIMES: list[Any] = [
    datetime(2026, 1, 31, 12),  # noqa: DTZ001
    *("2026-01-31T12:00:00", "2026-13-45", "noon", math.nan, True),
]


@pytest.mark.parametrize("given", NO_TIMES, ids=repr)
def test_a_time_must_have_a_zone(registry: PlanRegistry, given: Any) -> None:
    registry.create("g", [A_TASK], plan_id="p")
    why = r": must be a time with its zone, as 2026-01-31T12"
    with pytest.raises(InvalidInput, match=f"until{why}"):
        registry.defer_task("p", "a", "later", until=given)
    with pytest.raises(InvalidInput, match=f"occurred_at{why}"):
        registry.score_output("p", "a", 0.5, occurred_at=given)


REFUSED: list[tuple[Callable[[PlanRegistry], object], str]] = [
    (lambda r: r.mark_task("billing", "a", "finished"), "status: must be one of 'pending', "),
    (lambda r: r.mark_task("billing", "a", "done", reason=" "), "reason: must not be blank"),
    (lambda r: r.score_prompt("billing", "a", 0.5, scorer=7), "scorer: must be an object"),  # type: ignore[arg-type]
    (
        lambda r: r.score_prompt("billing", "a", 0.5, scorer="qwen:7b"),
        "scorer.kind: must be one of 'human', 'model' or 'code'",
    ),
    (lambda r: r.score_prompt("billing", "a", 0.5, scorer="judge@"), "scorer: version must not"),
    (
        lambda r: r.score_prompt("billing", "a", 0.5, scorer={"kind": "god", "name": "b"}),
        "scorer.kind: must be one of 'human', 'model' or 'code'",
    ),
    (
        lambda r: r.score_prompt("billing", "a", 0.5, scorer={"kind": "human", "name": "b\t"}),
        "scorer: name must not hold the control character",
    ),
    (
        lambda r: r.score_prompt(
            "billing", "a", 0.5, scorer={"kind": "human", "name": "b", "version": "x" * 201}
        ),
        "scorer: version must be at most 200 characters",
    ),
    (lambda r: r.score_prompt("billing", "a", 0.5, rationale="x" * 20_001), "rationale: must be"),
    (lambda r: r.score_prompt("billing", "a", 0.5, evidence={"a": object()}), "evidence: must be"),
    (lambda r: r.score_output("billing", "a", 0.5, mark_done="perhaps"), "mark_done: must be"),  # type: ignore[arg-type]
    (lambda r: r.update("billing", "a"), "give prompt_score, output_score or both"),
    (lambda r: r.record_scoring_failure("billing", "a", "tone", "x"), "kind: must be one of"),
    (lambda r: r.record_scoring_failure("billing", "a", "prompt", ""), "reason: must not be b"),
    (
        lambda r: r.record_outcome("billing", "a", "liked", source="ci"),
        "outcome: must be one of 'accepted' or 'rejected'",
    ),
    (
        lambda r: r.record_outcome("billing", "a", "accepted", source="c\ni"),
        "source: must not hold the control character",
    ),
    (lambda r: r.record_outcome("billing", "a", "accepted", source=""), "source: must not be e"),
    (
        lambda r: r.record_outcome("billing", "a", "accepted", source="ci", note="x" * 20_001),
        "note: must be at most 20000 characters",
    ),
    (lambda r: r.retract_score("billing", "billing@2", " "), "reason: must not be blank"),
    (lambda r: r.next_task("a\0b"), "plan_id: must not hold the control character"),
    (lambda r: r.get_status(None), "plan_id: must be text"),  # type: ignore[arg-type]
    (lambda r: r.get_status("x" * 201), "plan_id: must be at most 200 characters"),
    (lambda r: r.next_task("billing", actor="a\nb"), "actor: must not hold the control"),
    (lambda r: r.next_task("billing", idempotency_key=""), "idempotency_key: must not be empty"),
    (lambda r: r.history.events(after=-1), "after: must be at least 0"),
    (lambda r: r.history.events(after=True), "after: must be a whole number"),
    (lambda r: r.history.events(limit=0), "limit: must be at least 1"),
    (lambda r: r.history.events(limit=10_001), "limit: must be at most 10000"),
    (lambda r: r.list_plans(limit=0), "limit: must be at least 1"),
]


@pytest.mark.parametrize("ask, message", REFUSED, ids=[message for _, message in REFUSED])
@pytest.mark.usefixtures("plan_id")
def test_a_command_that_cannot_be_is_refused_and_nothing_is_recorded(
    registry: PlanRegistry, ask: Callable[[PlanRegistry], object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{message}"):
        ask(registry)
    assert len(registry.history.events()) == 1


def test_the_widest_input_is_accepted_and_comes_back(registry: PlanRegistry) -> None:
    status = registry.create(
        "g" * 4000,
        [{"id": "🚢" * 200, "title": "t" * 500, "description": "d\n" * 10_000}],
        plan_id="../../etc/passwd",
        metadata={"deep": nested(31), "wide": "x" * 60_000},
    )
    assert status.recorded is True
    assert registry.get_status("../../etc/passwd") == status.model_copy(update={"recorded": None})
    assert status.metadata["deep"] == nested(31)


def test_what_is_wrong_between_tasks_is_said_beside_what_is_wrong_with_them() -> None:
    tasks = [
        {"id": "a", "title": "A", "depends_on": ["b"]},
        {"id": "b", "title": "B", "depends_on": ["a", "nowhere"]},
        {"id": "a", "title": "A again"},
        {"title": ""},
    ]
    with pytest.raises(InvalidInput) as refused:
        validate(PlanDraft, {"goal": "g", "tasks": tasks})
    assert [problem.field for problem in refused.value.problems] == [
        *("tasks[3].title", "tasks[1].depends_on", "tasks[2].id", "tasks[0].depends_on")
    ]


def test_tasks_that_are_each_valid_may_not_fit_together() -> None:
    circle = [
        {"id": "a", "title": "A", "depends_on": ["b"]},
        {"id": "b", "title": "B", "depends_on": ["a"]},
    ]
    with pytest.raises(InvalidInput, match="circle: 'a' depends on 'b' depends on 'a'") as refused:
        validate(PlanDraft, {"goal": "g", "tasks": circle})
    assert [problem.field for problem in refused.value.problems] == ["tasks[0].depends_on"]


def test_a_clock_gives_times_with_a_zone_and_inside_the_calendar() -> None:
    dawn = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=1)))
    assert zoned(lambda: dawn)() == dawn
    assert zoned(lambda: dawn)().tzinfo is UTC
    for time, problem in (
        (datetime(2026, 1, 1), "must give times with a zone"),  # noqa: DTZ001
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), "not in the calendar in UTC"),
    ):
        with pytest.raises(InvalidInput, match=f"^clock: .*{problem}"):
            zoned(partial(identity, time))()


def identity(time: datetime) -> datetime:
    return time
