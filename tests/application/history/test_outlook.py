"""What the open tasks must reach is what a plan needs to end at its threshold."""

import random
from typing import Any

import pytest

from plangate.application.history.explain import Explanation
from plangate.application.history.outlook import Outlook, Prospect
from plangate.application.registry import PlanRegistry
from plangate.domain.confidence import reaches
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on

TASKS = [{"id": task, "title": task} for task in "abcde"]
JUDGES = ("ann", "ben")


def outlook(registry: PlanRegistry, plan_id: str) -> Outlook:
    found = registry.history.explain(plan_id).outlook
    assert found is not None
    return found


def some_work(registry: PlanRegistry, chance: random.Random) -> str:
    """A plan with some scores, retries, marks and moves."""
    policy: dict[str, Any] = {
        "order": chance.choice(["plan", "scored"]),
        "decay": chance.choice([0.85, 1.0, 0.5]),
        "confidence_threshold": chance.choice([0.3, 0.6, 0.95]),
        "min_judges": chance.choice([1, 1, 2]),
        "judges": chance.choice(["newest", "mean"]),
        "attempt_scores": chance.choice(["keep", "reset"]),
    }
    plan_id = registry.create("g", TASKS, policy=policy).plan_id
    for _ in range(chance.randint(0, 7)):
        task, score = chance.choice("abcde"), chance.random()
        match chance.randrange(5):
            case 0:
                registry.score_prompt(plan_id, task, score, scorer=chance.choice(JUDGES))
            case 1 | 2:
                registry.score_output(plan_id, task, score, scorer=chance.choice(JUDGES))
            case 3:
                registry.mark_task(plan_id, task, chance.choice(["failed", "done"]))
            case _:
                status = registry.get_status(plan_id)
                failed = [t.id for t in status.tasks if t.status in {"failed", "replanning"}]
                if failed:
                    registry.retry(plan_id, failed[0], "again")
    return plan_id


def ends_at(registry: PlanRegistry, plan_id: str, score: float) -> float:
    """Judge all open tasks in plan order, on a copy of the plan, and see where it ends."""
    plan = registry.get(plan_id)
    assert plan is not None
    for task in plan:
        open_to_score = task.status.value in {"pending", "in_progress"}
        if open_to_score and (task.outdated or task.output_score is None):
            for judge in JUDGES:
                registry.score_output(plan_id, task.id, score, scorer=judge)
    return registry.get_status(plan_id).rolling_confidence


@pytest.mark.parametrize("score", ["worst", "best", "needed"])
def test_the_outlook_is_where_the_plan_ends(score: str) -> None:
    prospects = set[Prospect]()
    for seed in range(40):
        with registry_on(memory_event_store()) as registry:
            plan_id = some_work(registry, random.Random(seed))
            found = registry.history.explain(plan_id).outlook
            if found is None:
                continue
            prospects.add(found.prospect)
            given = {"worst": 0.0, "best": 1.0, "needed": found.needed}[score]
            if given is None:
                continue
            end = ends_at(registry, plan_id, given)
            expected = {"worst": found.at_worst, "best": found.at_best, "needed": found.threshold}
            assert end == pytest.approx(expected[score], abs=1e-9)
            assert reaches(found.at_worst, found.threshold) is (found.prospect == "certain")
            assert reaches(found.at_best, found.threshold) is (found.prospect != "unreachable")
    assert prospects == set(Prospect)


def test_a_plan_with_nothing_left_to_judge_has_no_outlook(registry: PlanRegistry) -> None:
    plan_id = registry.create("g", TASKS[:2]).plan_id
    registry.score_output(plan_id, "a", 0.2)
    registry.mark_task(plan_id, "b", "done")
    assert registry.history.explain(plan_id).outlook is None


@pytest.mark.parametrize(
    "scores, tasks, sentence",
    [
        (
            [0.6],
            "abc",
            (
                "The 2 tasks still to be judged must reach 0.767 on average for the confidence to "
                "end at 0.720."
            ),
        ),
        (
            [0.6],
            "ab",
            "The task still to be judged must reach 0.822 for the confidence to end at 0.720.",
        ),
        (
            [0.0],
            "ab",
            "Even with 1 for the task still to be judged, the confidence ends at 0.541 at most.",
        ),
        (
            [0.0, 0.0],
            "abcd",
            (
                "Even with 1 for each of the 2 tasks still to be judged, the confidence ends at "
                "0.581 at most."
            ),
        ),
        (
            [1.0, 1.0, 1.0, 1.0],
            "abcde",
            ("Whatever the task still to be judged scores, the confidence ends at 0.730 or above."),
        ),
    ],
)
def test_the_outlook_in_words(
    registry: PlanRegistry, scores: list[float], tasks: str, sentence: str
) -> None:
    plan_id = registry.create("g", [{"id": task, "title": task} for task in tasks]).plan_id
    for task, score in zip(tasks, scores, strict=False):
        registry.score_output(plan_id, task, score)
    assert outlook(registry, plan_id).sentence == sentence


def test_a_tripped_gate_looks_at_its_exit_threshold(registry: PlanRegistry) -> None:
    plan_id = registry.create("g", TASKS[:2], policy={"exit_threshold": 0.9}).plan_id
    registry.score_output(plan_id, "a", 0.5)
    assert outlook(registry, plan_id).threshold == 0.9


def test_two_certain_tasks() -> None:
    found = Outlook(
        tasks=2, threshold=0.5, prospect=Prospect.CERTAIN, needed=None, at_worst=0.6, at_best=1.0
    )
    assert found.sentence == (
        "Whatever the 2 tasks still to be judged score, the confidence ends at 0.600 or above."
    )
    assert "outlook" in Explanation.model_fields
