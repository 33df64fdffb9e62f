"""What a command did that deserves attention is in its answer, and it is recorded all the same."""

from datetime import timedelta
from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.events import TaskScored
from plangate.domain.vocabulary import Scorer, ScorerKind, TaskStatus
from tests.support.clocks import DAWN

SCALED = {"kind": "model", "name": "judge", "scale": [1, 5]}
CHAIN: list[dict[str, Any]] = [
    {"id": "a", "title": "A"},
    {"id": "b", "title": "B", "depends_on": ["a"]},
]


@pytest.fixture
def chain(registry: PlanRegistry) -> str:
    return registry.create("g", CHAIN, plan_id="chain").plan_id


def test_a_clamped_score_is_reported_with_its_range(registry: PlanRegistry, plan_id: str) -> None:
    assert registry.score_output(plan_id, "a", 2).warnings == (
        "output score 2.0 is outside [0, 1] and counts as 1.0",
    )
    assert registry.score_prompt(plan_id, "b", 0.5, scorer=SCALED).warnings == (
        "prompt score 0.5 is outside [1, 5] and counts as 0.0",
    )
    assert registry.score_output(plan_id, "b", 5, scorer=SCALED).warnings == ()


def test_scoring_out_of_order_is_recorded_with_a_warning(
    registry: PlanRegistry, chain: str
) -> None:
    assert registry.score_prompt(chain, "b", 0.9).warnings == ()

    status = registry.score_output(chain, "b", 0.9)

    assert status.warnings == ("'b' was scored before what it waits for: 'a'",)
    assert status.tasks[1].status is TaskStatus.DONE
    registry.mark_task(chain, "a", "done")
    assert registry.score_output(chain, "b", 0.9).warnings == ()


def test_marking_done_out_of_order_is_recorded_with_a_warning(
    registry: PlanRegistry, chain: str
) -> None:
    assert registry.mark_task(chain, "b", "in_progress").warnings == ()
    status = registry.mark_task(chain, "b", "done")

    assert status.warnings == ("'b' was marked done before what it waits for: 'a'",)
    assert (status.tasks[1].status, status.recorded) == (TaskStatus.DONE, True)


def test_scoring_or_marking_a_deferred_task_ends_its_deferral(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.defer_task(plan_id, "a", "in review")
    registry.defer_task(plan_id, "b", "in review")

    scored = registry.score_prompt(plan_id, "a", 0.9)
    marked = registry.mark_task(plan_id, "b", "in_progress")

    assert scored.warnings == ("'a' was deferred; scoring it ended that",)
    assert marked.warnings == ("'b' was deferred; marking it ended that",)
    assert [task.deferred for task in marked.tasks] == [None, None, None]


def test_a_score_without_token_names_the_worker_who_holds_the_task(
    registry: PlanRegistry, plan_id: str
) -> None:
    task = registry.next_task(plan_id, worker="w7")
    assert task is not None
    assert task.claim is not None
    token = task.claim.token

    held = "'a' was scored without a token while w7 holds it"
    assert registry.score_prompt(plan_id, "a", 0.9).warnings == (held,)
    assert registry.score_prompt(plan_id, "a", 0.9, actor="judge").warnings == (held,)
    assert registry.score_prompt(plan_id, "a", 0.9, actor="w7").warnings == ()
    assert registry.score_prompt(plan_id, "a", 0.9, token=token).warnings == ()
    assert registry.score_output(plan_id, "a", 0.9).warnings == (held,)
    assert registry.score_output(plan_id, "a", 0.9).warnings == ()


def test_a_worker_whose_lease_ended_or_who_has_no_name_holds_nothing(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.next_task(plan_id, worker="w7", lease=0.5)
    registry.next_task(plan_id)
    assert registry.score_prompt(plan_id, "a", 0.9).warnings == ()
    assert registry.score_prompt(plan_id, "b", 0.9).warnings == ()


def test_a_repeated_command_gives_the_first_answer_with_its_warnings(
    registry: PlanRegistry, chain: str
) -> None:
    registry.claim_task(chain, "a", worker="w7", lease=5)
    first = registry.score_output(chain, "b", 7, idempotency_key="k")
    assert len(first.warnings) == 2
    assert (first.recorded, first.verdict) == (True, "wait")
    for _ in range(10):  # the lease ends meanwhile
        registry.get_status(chain)
    registry.mark_task(chain, "a", "done")

    assert registry.score_output(chain, "b", 7, idempotency_key="k") == first


def test_an_answer_says_whether_anything_was_recorded(registry: PlanRegistry, plan_id: str) -> None:
    changes_nothing = [
        registry.approve(plan_id, "r"),
        registry.resume(plan_id, "r"),
        registry.restore(plan_id, "r"),
        registry.release(plan_id, "a"),
        registry.undefer_task(plan_id, "a"),
        registry.mark_task(plan_id, "a", "pending"),
        registry.approve(plan_id, "r", accept="passing"),
    ]
    assert [status.recorded for status in changes_nothing] == [False] * 7
    assert registry.pause(plan_id, "r").recorded is True
    assert registry.pause(plan_id, "r").recorded is False
    assert registry.get_status(plan_id).recorded is None
    assert registry.history.as_of(plan_id, version=1).recorded is None


def test_what_records_nothing_keeps_no_key(registry: PlanRegistry, plan_id: str) -> None:
    registry.approve(plan_id, "r", idempotency_key="k")
    registry.score_output(plan_id, "a", 0.1)

    status = registry.approve(plan_id, "r", idempotency_key="k")

    assert (status.recorded, status.replan_due) == (True, False)


def test_a_task_is_deferred_until_it_is_undeferred_or_its_time_has_come(
    registry: PlanRegistry, plan_id: str
) -> None:
    until = DAWN + timedelta(seconds=20)
    status = registry.defer_task(plan_id, "a", "the vendor decides", until=until)
    registry.defer_task(plan_id, "b", "in review")

    deferred = status.tasks[0].deferred
    assert deferred is not None
    assert deferred.model_dump() == {"reason": "the vendor decides", "until": until}
    (obstacle,) = status.obstacles
    assert obstacle.kind == "deferred"
    assert obstacle.reasons == {"a": "the vendor decides"}
    assert registry.graph(plan_id).ready == ("c",)
    assert registry.defer_task(plan_id, "b", "in review").recorded is False
    task = registry.next_task(plan_id)
    assert task is not None
    assert task.id == "c"
    assert registry.next_task(plan_id) is None
    assert registry.undefer_task(plan_id, "b", reason="reviewed").recorded
    again = registry.next_task(plan_id)
    assert again is not None
    assert again.id == "b"
    for _ in range(20):
        registry.get_status(plan_id)
    last = registry.next_task()  # of all plans
    assert last is not None
    assert (last.id, last.deferred) == ("a", None)


def test_erasing_a_plan_erases_why_its_task_is_deferred(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.defer_task(plan_id, "a", "Ms Miller is ill")
    registry.erase(plan_id)

    status = registry.get_status(plan_id)

    deferred = status.tasks[0].deferred
    assert deferred is not None
    assert deferred.reason is None
    assert [obstacle.reasons for obstacle in status.obstacles] == [{}]
    assert "Miller" not in repr(registry.history.of(plan_id))


def test_a_claimed_task_is_the_one_that_was_asked_for(registry: PlanRegistry, plan_id: str) -> None:
    task = registry.claim_task(plan_id, "b", lease=timedelta(minutes=1), actor="w7")
    assert task.id == "b"
    assert task.claim is not None
    assert task.claim.worker == "w7"


def test_a_scale_is_the_scorers_or_the_calls_and_is_recorded_with_the_score(
    registry: PlanRegistry, plan_id: str
) -> None:
    first = registry.score_output(plan_id, "a", 4, scorer=SCALED)
    second = registry.score_output(plan_id, "b", 85, scale=(0, 100))
    assert (first.tasks[0].output_score, second.tasks[1].output_score) == (0.75, 0.85)
    scored = [e.event for e in registry.history.of(plan_id) if isinstance(e.event, TaskScored)]
    assert [(event.raw_score, event.scale, event.scorer) for event in scored] == [
        (4.0, (1.0, 5.0), Scorer(kind=ScorerKind.MODEL, name="judge")),
        (85.0, (0.0, 100.0), None),
    ]
    assert registry.gate(plan_id).evidence.clamped == 0


def test_when_it_happened_is_shown_where_it_was_given(registry: PlanRegistry, plan_id: str) -> None:
    earlier = DAWN - timedelta(days=1)
    registry.score_output(plan_id, "a", 7, occurred_at=earlier)
    registry.score_output(plan_id, "b", 0.9)

    assert [row.occurred_at for row in registry.views.timeline(plan_id).scores] == [earlier, None]
    parts = [part.output for part in registry.history.explain(plan_id).contributions]
    assert [part and (part.occurred_at, part.clamped) for part in parts] == [
        (earlier, True),
        (None, False),
    ]
    assert registry.history.explain(plan_id).evidence == registry.gate(plan_id).evidence
    trail = registry.history.audit(plan_id)
    scored = [entry.event for entry in trail if isinstance(entry.event, TaskScored)]
    assert [event.occurred_at for event in scored] == [earlier, None]
