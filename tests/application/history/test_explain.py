"""`explain` splits the rolling confidence into parts that sum to it and name their events."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plangate.application.history.explain import Explanation
from plangate.application.history.points import Moment
from plangate.application.plan_log import plan_steps
from plangate.application.registry import PlanRegistry
from plangate.application.results import Evidence
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.event_ids import version_of
from plangate.domain.events import ReplanTriggered, TaskScored
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.app import app
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork
from tests.support.real_judgements import RealTrace, on_real_judgements


def by_task(result: Explanation) -> float:
    return fsum([result.base, *(part.contribution for part in result.contributions)])


def by_score(result: Explanation) -> float:
    parts = [
        score for part in result.contributions for score in (part.prompt, part.output) if score
    ]
    return fsum([result.base, *(score.contribution for score in parts)])


def deviations(registry: PlanRegistry, plan_ids: Sequence[str]) -> tuple[int, int, float]:
    """How many versions and replans there are, and by how much an explanation is off at most."""
    versions, replans, worst = 0, 0, 0.0
    for plan_id in plan_ids:
        scores = dict[int, TaskScored]()
        for step in plan_steps(registry._store, plan_id):
            if isinstance(step.recorded.event, TaskScored):
                scores[step.after.version] = step.recorded.event
            result = Explanation.of(step.after, Moment.of(step), scores)
            recorded = [result.rolling_confidence, step.after.rolling_confidence]
            if isinstance(step.recorded.event, ReplanTriggered):
                recorded.append(step.recorded.event.rolling_confidence)
                replans += 1
            worst = max(worst, *(abs(by_task(result) - confidence) for confidence in recorded))
            worst = max(worst, *(abs(by_score(result) - confidence) for confidence in recorded))
            versions += 1
        assert registry.history.explain(plan_id) == result
    return versions, replans, worst


def test_contributions_sum_to_the_rolling_confidence_at_every_version() -> None:
    with registry_on(memory_event_store()) as registry:
        work = RandomWork(registry, random.Random(11))
        work.go_on(250)
        versions, replans, worst = deviations(registry, [plan.plan_id for plan in work._plans])

    assert (versions > 200, replans > 5) == (True, True)
    assert worst <= 1e-12


@on_real_judgements
def test_contributions_sum_to_every_recorded_confidence_of_real_judgements(
    tmp_path: Path, trace: RealTrace
) -> None:
    database = tmp_path / "plans.db"
    CliRunner().invoke(app, ["--db", str(database), "apply", str(trace.path)])
    plan_ids = {json.loads(line)["plan_id"] for line in trace.path.read_text("utf-8").splitlines()}

    with connect(database) as registry:
        versions, replans, worst = deviations(registry, sorted(plan_ids))

    print(f"{versions} versions, {replans} replans, off by {worst:.1e} at most")
    assert (len(plan_ids), versions, replans) == (trace.plans, trace.events, trace.replans)
    assert worst <= 1e-12


def test_every_part_has_its_weight_and_its_event(registry: PlanRegistry, plan_id: str) -> None:
    """Weights 0.85 and 1: shares 0.85 / 1.85 and 1 / 1.85."""
    registry.update(plan_id, "a", prompt_score=0.9, output_score=0.8)
    registry.score_output(plan_id, "c", 0.55)

    result = registry.history.explain(plan_id)

    a, c = result.contributions
    assert (result.plan_id, result.goal, result.task_count, result.base) == (
        plan_id,
        "Move billing",
        3,
        0.0,
    )
    assert (result.at.version, result.at.event_id) == (7, "billing@7")
    assert (a.task_id, a.title, a.status, c.task_id) == ("a", "A", "done", "c")
    assert (a.weight, c.weight) == (0.85, 1.0)
    assert a.share == pytest.approx(0.85 / 1.85)
    assert a.confidence == pytest.approx(0.35 * 0.9 + 0.65 * 0.8)
    assert a.contribution == a.share * a.confidence
    assert a.prompt is not None
    assert a.output is not None
    assert (a.prompt.score, a.prompt.share, a.prompt.event_id) == (0.9, 0.35, "billing@2")
    assert (a.output.score, a.output.share, a.output.event_id) == (0.8, 0.65, "billing@3")
    assert c.prompt is None
    assert c.output is not None
    assert (c.output.share, c.output.event_id) == (1.0, "billing@5")
    assert result.rolling_confidence == registry.get_status(plan_id).rolling_confidence
    assert result.distance == result.rolling_confidence - 0.72
    assert (result.needs_replan, result.replan_due) == (True, True)
    assert result.flip == c.flip
    assert c.flip is not None
    assert a.flip is not None
    assert c.flip.size < a.flip.size


@pytest.mark.parametrize(
    "policy, scores, conditions",
    [
        ({}, [0.5, 0.5], []),
        (
            {"consecutive_lows": 3},
            [0.5, 0.5],
            ["it fires at 3 low output scores in a row: 2 so far"],
        ),
        (
            {"min_scored": 9, "max_replans": 1},
            [0.5],
            [
                "it fires at 3 scored tasks: 1 so far",
                "after 1 replan only an approval leads on: 0 so far",
            ],
        ),
        (
            {"exit_threshold": 0.8, "max_replans": 4},
            [0.5, 0.75],
            [
                (
                    "it fired, and does so at every output score until the confidence reaches 0.8 "
                    "or a replan is answered"
                ),
                "after 4 replans only an approval leads on: 2 so far",
            ],
        ),
        (
            {"latch": True, "consecutive_lows": 2},
            [0.5, 0.5],
            [
                (
                    "it fired, and does not again until the confidence reaches 0.72 "
                    "or a replan is answered"
                ),
            ],
        ),
    ],
)
def test_other_conditions_of_the_gate_are_described(
    registry: PlanRegistry, policy: dict[str, Any], scores: list[float], conditions: list[str]
) -> None:
    tasks = [{"id": task, "title": task} for task in "abc"]
    plan_id = registry.create("g", tasks, policy=policy).plan_id
    for task, score in zip("abc", scores, strict=False):
        registry.score_output(plan_id, task, score)

    assert list(registry.history.explain(plan_id).conditions) == conditions


def test_a_tripped_gate_compares_with_the_exit_threshold(
    registry: PlanRegistry,
) -> None:
    policy = {"exit_threshold": 0.9}
    plan_id = registry.create("g", [{"id": "a", "title": "A"}], policy=policy).plan_id
    registry.score_output(plan_id, "a", 0.8)
    before = registry.history.explain(plan_id)
    registry.score_output(plan_id, "a", 0.5)
    registry.score_output(plan_id, "a", 0.8)

    result = registry.history.explain(plan_id)

    assert (before.gate_threshold, before.distance) == (0.72, 0.8 - 0.72)
    assert (result.gate_threshold, result.distance) == (0.9, 0.8 - 0.9)
    assert (result.needs_replan, result.gate.tripped) == (False, True)
    assert result.flip is not None
    assert result.flip.to_score == pytest.approx(0.9, abs=1e-11)


def test_replaced_scores_are_left_out(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.3)
    registry.score_output(plan_id, "a", 0.9)
    registry.retract_score(plan_id, "billing@5", "the wrong file")

    result = registry.history.explain(plan_id)

    assert result.contributions[0].output is not None
    assert result.contributions[0].output.event_id == "billing@2"


def test_a_plan_without_scores_has_full_confidence_and_nothing_to_flip(
    registry: PlanRegistry, plan_id: str
) -> None:
    result = registry.history.explain(plan_id)

    assert (result.base, result.contributions, result.flip) == (1.0, (), None)
    assert (result.rolling_confidence, result.movement) == (1.0, None)


def test_an_earlier_version_can_be_explained(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.9)
    then = registry.history.explain(plan_id)
    registry.score_output(plan_id, "b", 0.2)
    registry.delete(plan_id)

    assert registry.history.explain(plan_id, version=then.at.version) == then


def test_a_movement_is_listed_by_event_and_by_task(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.9)
    registry.next_task(plan_id)
    registry.score_output(plan_id, "b", 0.6)
    changes = [{"op": "drop", "task_id": "a"}, {"op": "move", "task_id": "b"}]
    registry.revise(plan_id, "another way", changes)
    registry.score_output(plan_id, "c", 0.8)

    result = registry.history.explain(plan_id, since=2)

    movement = result.movement
    assert movement is not None
    assert (movement.since.event_id, movement.rolling_confidence) == ("billing@2", 0.9)
    events = registry.history.of(plan_id)
    moved = [(m.task_id, events[(version_of(m.event_id) or 0) - 1].event) for m in movement.moves]
    assert [(task_id, type(event).__name__) for task_id, event in moved] == [
        ("b", "TaskScored"),
        ("a", "TaskDropped"),
        ("c", "TaskScored"),
    ]
    assert movement.moves[0].before == 0.9
    assert movement.moves[-1].after == result.rolling_confidence
    assert all(one.after == other.before for one, other in pairwise(movement.moves))
    assert [shift.task_id for shift in movement.tasks] == ["c", "b", "a"]
    shifted = fsum(shift.after - shift.before for shift in movement.tasks)
    assert shifted == pytest.approx(result.rolling_confidence - 0.9, abs=1e-12)


def test_a_movement_since_before_the_first_score(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.9)

    movement = registry.history.explain(plan_id, since=1).movement

    assert movement is not None
    assert (movement.rolling_confidence, movement.base) == (1.0, 1.0)
    assert [(move.before, move.after) for move in movement.moves] == [(1.0, 0.9)]
    assert [(shift.before, shift.after) for shift in movement.tasks] == [(0.0, 0.9)]


def test_since_may_be_a_moment_and_may_be_now(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_output(plan_id, "a", 0.9)
    scored = registry.history.of(plan_id)[1]
    assert isinstance(scored.event, TaskScored)

    movement = registry.history.explain(plan_id, since=scored.envelope.recorded_at).movement

    assert movement is not None
    assert (movement.since.version, movement.moves, movement.tasks) == (3, (), ())


@pytest.mark.parametrize(
    "asked, problem",
    [
        ({"version": 9}, "version: the history of 'billing' ends at version 1"),
        ({"version": "now"}, "version: must be a version, a whole number from 1 on"),
        ({"since": "then"}, "since: must be a version, a whole number from 1 on"),
        ({"since": 9}, "since: the history of 'billing' ends at version 1"),
    ],
)
def test_unknown_points_are_refused(
    registry: PlanRegistry, plan_id: str, asked: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        registry.history.explain(plan_id, **asked)

    assert str(caught.value) == problem


def test_a_since_after_the_version_is_refused(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_prompt(plan_id, "a", 0.9)

    with pytest.raises(InvalidInput, match="since: that is version 2, which comes after version 1"):
        registry.history.explain(plan_id, version=1, since=2)


def test_a_plan_that_never_was_is_not_explained(registry: PlanRegistry) -> None:
    for asked in ({}, {"version": 1}, {"since": 1}):
        with pytest.raises(PlanNotFound):
            registry.history.explain("nowhere", **asked)


def test_a_score_on_a_scale_is_explained_as_the_judge_gave_it() -> None:
    judged = datetime(2025, 12, 30, 9, tzinfo=UTC)
    with registry_on(memory_event_store()) as registry:
        registry.create("g", [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], plan_id="p")
        registry.score_output("p", "a", 9, scale=(1, 5), occurred_at=judged)
        registry.score_prompt("p", "b", 0.5)
        registry.record_scoring_failure("p", "b", "output", "out of quota")
        first, second = (result := registry.history.explain("p")).contributions

    assert first.output is not None
    assert second.prompt is not None
    assert (first.output.score, first.output.raw_score, first.output.scale) == (1.0, 9.0, (1, 5))
    assert (first.output.clamped, first.output.occurred_at) == (True, judged)
    assert (second.prompt.raw_score, second.prompt.scale) == (None, None)
    assert (second.prompt.clamped, second.prompt.occurred_at) == (False, None)
    assert result.evidence == Evidence(
        scored=2, tasks=2, scoring_failed=1, clamped=1, done_unscored=0, awaits_judges=0
    )
