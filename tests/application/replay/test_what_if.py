"""`what_if` compares both histories of each plan, and only reads the store."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import plangate
from plangate.application import plan_log
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.replay.what_if import PlanReplay
from plangate.application.rerun import recorded_commands
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState, TaskStatus
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.examples import HAS_PAUSED, MORNING, replan
from tests.support.model.random_work import RandomWork
from tests.support.real_judgements import RealTrace, on_real_judgements
from tests.support.stores import plant


def the_only(registry: PlanRegistry, **policy: Any) -> PlanReplay:
    (plan,) = registry.replay.what_if(policy=policy).plans
    return plan


def test_both_histories_are_compared(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.9)
    registry.score_output(plan_id, "b", 0.5)
    registry.approve(plan_id, "good enough")
    registry.score_prompt(plan_id, "c", 0.9)

    plan = the_only(registry, confidence_threshold=0.6)

    assert (plan.plan_id, plan.goal, plan.commands, plan.changed) == (
        plan_id,
        "Move billing",
        5,
        2,
    )
    assert (plan.recorded_policy.confidence_threshold, plan.policy.confidence_threshold) == (
        0.72,
        0.6,
    )
    assert (plan.fired, plan.would_have_fired) == (("billing@4",), ())
    assert (plan.recorded.replan_count, plan.replayed.replan_count) == (1, 0)
    assert (plan.recorded.flips, plan.replayed.flips) == (2, 0)
    assert plan.recorded.state is PlanState.ACTIVE
    assert [(task.task_id, task.recorded, task.replayed) for task in plan.tasks] == [
        ("a", TaskStatus.DONE, TaskStatus.DONE),
        ("b", TaskStatus.REPLANNING, TaskStatus.FAILED),
        ("c", TaskStatus.PENDING, TaskStatus.PENDING),
    ]
    samples = [
        (r.event_id, r.task_id, r.score, r.recorded_fired, r.replayed_fired) for r in plan.samples
    ]
    assert samples == [
        ("billing@2", "a", 0.9, False, False),
        ("billing@4", "b", 0.5, True, False),
        ("billing@8", "c", 0.9, False, False),
    ]
    assert plan.samples[1].recorded_confidence == plan.samples[1].replayed_confidence < 0.72


def test_the_first_difference_is_named_by_its_event(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.7)
    first = the_only(registry, confidence_threshold=0.6).first_difference
    assert first is not None
    assert first.event_id == "billing@3"
    assert first.recorded is not None
    assert first.recorded.event == "TaskStatusChanged"
    assert first.recorded.facts["new"] == "replanning"
    assert first.replayed is not None
    assert first.replayed.facts["new"] == "done"
    assert "at" in first.replayed.facts


def test_additional_and_absent_events_are_differences(registry: PlanRegistry, plan_id: str) -> None:
    registry.mark_task(plan_id, "a", "replanning")
    registry.score_output(plan_id, "a", 0.8, mark_done=False)
    first = the_only(registry, confidence_threshold=0.9).first_difference
    assert first is not None
    assert (first.event_id, first.recorded) == ("billing@3", None)
    assert first.replayed is not None
    assert first.replayed.event == "ReplanTriggered"

    other = registry.create("g", [{"id": "a", "title": "A"}], confidence_threshold=0.9)
    registry.score_output(other.plan_id, "a", 0.8)
    first = registry.replay.what_if(other.plan_id, policy={"decay": 1.0}).plans[0].first_difference
    assert first is None


def test_inputs_without_effect_are_listed(registry: PlanRegistry, plan_id: str) -> None:
    registry.revise(plan_id, "start b when c is done", [_change("b", depends_on=["c"])])
    registry.score_output(plan_id, "a", 0.5)
    registry.revise(plan_id, "once more", [_change("a"), _change("b", title="B")])
    registry.next_task(plan_id)
    registry.score_output(plan_id, "c", 0.5)
    registry.approve(plan_id, "fine")
    registry.retry(plan_id, "c", "again")
    registry.next_task(plan_id)

    lost = the_only(registry, confidence_threshold=0.4).lost

    assert [(one.command, one.error, one.why.partition(";")[0]) for one in lost] == [
        ("ChangeTask", None, "the task 'a' needed no other attempt"),
        ("ClaimNextTask", None, "there was nothing to do"),
        ("ApproveGate", None, "there was nothing to do"),
        (
            "RetryTask",
            "InvalidInput",
            "task_id: the task 'c' is done",
        ),
        ("ClaimNextTask", None, "there was nothing to do"),
    ]
    assert the_only(registry).lost == ()


def test_a_claim_that_a_gate_would_have_refused_is_listed(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.1)
    registry.next_task(plan_id)
    (lost,) = the_only(registry, gate="hold").lost
    assert (lost.event_id, lost.command, lost.error) == ("billing@5", "ClaimNextTask", "PlanHeld")
    assert "is held by its gate" in lost.why


def test_a_task_of_only_one_history_is_listed(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 85.0)
    registry.revise(plan_id, "smaller", [{"op": "drop", "task_id": "b"}])
    plan = the_only(registry, out_of_range="refuse")
    assert [(task.task_id, task.recorded, task.replayed) for task in plan.tasks] == [
        ("a", TaskStatus.DONE, TaskStatus.PENDING),
        ("c", TaskStatus.PENDING, TaskStatus.PENDING),
    ]
    assert [one.error for one in plan.lost] == ["InvalidScore"]


def test_unexplained_events_are_listed(registry: PlanRegistry, plan_id: str) -> None:
    envelope = Envelope(plan_id=plan_id, version=2, recorded_at=MORNING)
    registry._store.append([RecordedEvent(replan("a"), envelope)])
    plan = the_only(registry)
    (lost,) = plan.lost
    assert (lost.event_id, lost.command, lost.error) == ("billing@2", None, "Unexplained")
    assert (plan.recorded.replan_count, plan.replayed.replan_count) == (1, 0)


def _change(task: str, **said: Any) -> dict[str, Any]:
    return {"op": "change", "task_id": task, **said}


# --- which plans, which policy -------------------------------------------------


@pytest.fixture
def three(registry: PlanRegistry) -> PlanRegistry:
    for name in ("p1", "p2", "p3"):
        registry.create("g", [{"id": "a", "title": "A"}], plan_id=name)
    registry.delete("p2")
    return registry


@pytest.mark.parametrize(
    "plans, expected",
    [
        (None, ["p1", "p2", "p3"]),
        ("p2", ["p2"]),
        (["p3", "p1", "p3"], ["p3", "p1"]),
        ([], []),
    ],
)
def test_one_plan_some_or_all_of_them(three: PlanRegistry, plans: Any, expected: list[str]) -> None:
    progress: list[tuple[int, int]] = []
    answer = three.replay.what_if(
        plans, policy={}, progress=lambda *how_far: progress.append(how_far)
    )
    assert [plan.plan_id for plan in answer.plans] == expected
    assert progress == sorted(progress)
    assert progress[-1][0] == progress[-1][1]


def test_a_plan_that_never_was_is_refused_before_anything_is_done(three: PlanRegistry) -> None:
    result: list[int] = []
    with pytest.raises(PlanNotFound):
        three.replay.what_if(
            ["p1", "nowhere"], policy={}, progress=lambda done, _: result.append(done)
        )
    assert result == []


@pytest.mark.parametrize(
    "policy, problem",
    [
        ({"decay": 2.0}, "decay: must be at most 1.0"),
        ({"threshold": 0.5}, "threshold: is not known here"),
        ({"prompt_weight": "much"}, "prompt_weight: must be a number"),
        ({"prompt_weight": 0.5, "output_weight": 0.6}, "must sum to 1"),
        (0.5, "policy: must be a policy, its name, or a mapping of its fields"),
        ("strict", "the preset 'strict' is not known; there are classic, steady"),
        ({"preset": "steady", "decay": 2.0}, "policy.decay: must be at most 1.0"),
        ({"exit_threshold": 2.0}, "exit_threshold: must be at most 1.0"),
        ({"exit_threshold": 0.5, "confidence_threshold": 0.6}, "must be at least"),
    ],
)
def test_an_invalid_policy_is_refused(registry: PlanRegistry, policy: Any, problem: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        registry.replay.what_if(policy=policy)
    assert problem in str(refusal.value)


def test_an_unknown_plan_is_refused(registry: PlanRegistry) -> None:
    for plans in (7, [7], ""):
        with pytest.raises(InvalidInput):
            registry.replay.what_if(plans, policy={})  # type: ignore[arg-type]


def test_a_part_of_a_policy_changes_each_plans_own(registry: PlanRegistry) -> None:
    for threshold in (0.3, 0.9):
        registry.create("g", [{"title": "T"}], confidence_threshold=threshold)
    changed = [plan.policy for plan in registry.replay.what_if(policy={"prompt_weight": 0.5}).plans]
    assert [(p.confidence_threshold, p.output_weight) for p in changed] == [(0.3, 0.5), (0.9, 0.5)]
    whole = Policy(decay=0.5)
    assert {plan.policy for plan in registry.replay.what_if(policy=whole).plans} == {whole}


def test_a_preset_is_a_whole_policy(registry: PlanRegistry) -> None:
    registry.create("g", [{"title": "T"}], policy={"decay": 0.3, "gate": "hold"})
    steady = registry.create("g", [{"title": "T"}], policy="steady")
    own = registry.get(steady.plan_id)
    assert own is not None
    by_hand = {"preset": "steady", "min_scored": 2, "prompt_weight": 0.5}
    for policy in ("steady", {"preset": "steady"}):
        answer = registry.replay.what_if(policy=policy)
        assert [plan.policy for plan in answer.plans] == [own.policy, own.policy]
    tried = registry.replay.what_if(policy=by_hand).plans[0].policy
    assert (tried.latch, tried.min_scored, tried.output_weight, tried.gate) == (
        True,
        2,
        0.5,
        "advise",
    )


def test_a_plan_whose_own_policy_contradicts_the_change_is_named(registry: PlanRegistry) -> None:
    registry.create("g", [{"title": "T"}], plan_id="p1", policy={"exit_threshold": 0.8})
    registry.create("g", [{"title": "T"}], plan_id="p2")
    answer = registry.replay.what_if(policy={"confidence_threshold": 0.9})
    assert [plan.plan_id for plan in answer.plans] == ["p2"]
    (unfit,) = answer.unfit
    assert unfit.plan_id == "p1"
    assert "exit_threshold 0.8 must be at least the confidence_threshold 0.9" in unfit.why
    assert answer.recorded.plans == answer.replayed.plans == 1


# --- what is stored ------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 7, 1_000])
def test_a_replay_under_each_plans_own_policy_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(plan_log, "PAGE", page)
    registry = registry_on(memory_event_store())
    RandomWork(registry, random.Random(page)).go_on(200)
    before = registry.history.events(limit=10_000)

    answer = registry.replay.what_if(policy={})

    assert len(answer.plans) > 10
    for plan in answer.plans:
        assert (plan.changed, plan.first_difference, plan.lost) == (0, None, ())
        assert plan.recorded == plan.replayed
        assert plan.fired == plan.would_have_fired
    assert registry.history.events(limit=10_000) == before


@on_real_judgements
def test_a_replay_of_real_judgements_under_their_policy_changes_nothing(
    registry: PlanRegistry, trace: RealTrace
) -> None:
    for line in trace.path.read_text("utf-8").splitlines():
        result = json.loads(line)
        getattr(registry, result.pop("op"))(**result)
    plans = registry.replay.what_if(policy={}).plans
    assert len(plans) == trace.plans
    assert sum(len(plan.samples) for plan in plans) == trace.scores
    assert {plan.changed for plan in plans} == {0}
    assert sum(len(plan.would_have_fired) for plan in plans) == trace.replans


@pytest.mark.parametrize("page", [1, 1_000])
def test_a_plan_that_cannot_be_read_is_named_beside_the_others(
    three: PlanRegistry, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(plan_log, "PAGE", page)
    beyond = Envelope(plan_id="p2", version=5, recorded_at=MORNING)
    plant(three._store, [RecordedEvent(HAS_PAUSED, beyond)])

    answer = three.replay.what_if(policy={})

    assert [plan.plan_id for plan in answer.plans] == ["p1", "p3"]
    (unreadable,) = answer.unreadable
    assert (unreadable.plan_id, unreadable.version, unreadable.why) == ("p2", 3, "it is missing")


def test_the_parts_of_an_answer_are_the_answer(three: PlanRegistry) -> None:
    beyond = Envelope(plan_id="p2", version=5, recorded_at=MORNING)
    plant(three._store, [RecordedEvent(HAS_PAUSED, beyond)])
    three.create("g", [{"title": "T"}], plan_id="p4", policy={"exit_threshold": 0.8})
    policy = {"confidence_threshold": 0.9}
    whole, seen = three.replay.what_if(policy=policy), list[tuple[int, int]]()

    *parts, last = three.replay.what_if_parts(
        policy=policy, progress=lambda done, total: seen.append((done, total))
    )

    assert [[plan.plan_id for plan in part.plans] for part in parts] == [["p1"], [], ["p3"], []]
    assert [plan for part in parts for plan in part.plans] == [*whole.plans]
    assert [plan for part in parts for plan in part.unreadable] == [*whole.unreadable]
    assert [plan for part in parts for plan in part.unfit] == [*whole.unfit]
    assert [part.recorded.plans for part in parts] == [1, 1, 2, 2]
    assert (last.plans, last.unreadable, last.unfit) == ((), (), ())
    assert (last.recorded, last.replayed) == (whole.recorded, whole.replayed)
    assert seen[-1][0] == seen[-1][1] > 0


def test_parts_of_a_wrong_question_are_refused_at_once(registry: PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="no_field"):
        registry.replay.what_if_parts(policy={"no_field": 1})
    with pytest.raises(InvalidInput, match="function of two numbers"):
        registry.replay.what_if_parts(policy={}, progress=7)  # type: ignore[arg-type]


def test_a_plan_that_never_was_has_no_commands(registry: PlanRegistry) -> None:
    assert list(recorded_commands.commands_of(registry._store, "nowhere")) == []


def test_a_plan_whose_creation_is_unreadable_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    with plangate.connect(path) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        registry.score_output("p", "a", 0.9)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE stored_events SET state = '{}' WHERE originator_version = 1")
            connection.commit()
        answer = registry.replay.what_if("p", policy={})
    assert [(plan.plan_id, plan.version) for plan in answer.unreadable] == [("p", 1)]


def test_of_an_update_the_output_score_is_named_that_the_gate_judged(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.update(plan_id, "a", prompt_score=0.9, output_score=0.2)
    registry.update(plan_id, "b", prompt_score=0.9)

    plan = the_only(registry, decay=0.5)

    assert plan.fired == plan.would_have_fired == ("billing@3",)
    assert plan.first_failure == "billing@3"
    assert [(sample.event_id, sample.score) for sample in plan.samples] == [
        ("billing@3", 0.2),
        ("billing@6", 0.9),
    ]


def test_a_result_that_does_not_exist_there_is_left_out_of_an_approval(
    registry: PlanRegistry, plan_id: str
) -> None:
    for task_id in "ab":
        registry.score_output(plan_id, task_id, 0.1, mark_done=False)
    registry.mark_task(plan_id, "c", "failed")
    registry.approve(plan_id, "good enough", accept=["a", "c"])

    plan = the_only(registry, confidence_threshold=0.0)

    assert [(lost.command, lost.error, lost.why) for lost in plan.lost] == [
        ("ApproveGate", None, "the task 'a' had no result to accept"),
    ]
    assert [(task.task_id, task.recorded, task.replayed) for task in plan.tasks] == [
        ("a", TaskStatus.DONE, TaskStatus.PENDING),
        ("b", TaskStatus.REPLANNING, TaskStatus.PENDING),
        ("c", TaskStatus.DONE, TaskStatus.DONE),
    ]


def test_it_says_on_how_many_tasks_each_confidence_rests(registry: PlanRegistry) -> None:
    policy = {"judges": "mean", "min_judges": 2}
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p", policy=policy)
    registry.score_output("p", "a", 0.4)

    (plan,) = registry.replay.what_if("p", policy={"min_judges": 1}).plans

    assert (plan.recorded.scored, plan.replayed.scored) == (0, 1)
    (sample,) = plan.samples
    assert (sample.recorded_scored, sample.replayed_scored) == (0, 1)
