"""`explain` says what each judge said, how that combines, and what waits for more judges."""

import random
from datetime import UTC, datetime
from math import fsum
from typing import Any

import pytest

from plangate.application.history.explain import Explanation, recent
from plangate.application.registry import PlanRegistry
from plangate.domain.vocabulary import Judges
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on

TASKS = [{"id": task, "title": task} for task in "abc"]
JUDGES = (None, "ann", "ben", "human:ann")


def plan_with(registry: PlanRegistry, **policy: Any) -> str:
    return registry.create("g", TASKS, plan_id="p", policy=policy).plan_id


@pytest.mark.parametrize("judges", Judges)
def test_what_each_judge_brings_sums_to_the_confidence(judges: Judges) -> None:
    """At every version, but under `newest`, which tells no judges apart by itself."""
    chance = random.Random(judges)
    least = 2 if judges is Judges.NEWEST else 1
    with registry_on(memory_event_store()) as registry:
        plan = plan_with(registry, judges=judges, min_judges=least)
        for _ in range(30):
            score = registry.score_prompt if chance.random() < 0.4 else registry.score_output
            task, judge = chance.choice("abc"), chance.choice(JUDGES)
            score(plan, task, chance.random(), scorer=judge)
            result = registry.history.explain(plan)
            assert brought(result) == pytest.approx(result.rolling_confidence, abs=1e-12)
    assert any(len(score.judges) > 2 for _, _, score in result.judged_parts)


def brought(result: Explanation) -> float:
    parts = [score for part in result.contributions for score in (part.prompt, part.output)]
    judges = [judge for score in parts if score is not None for judge in score.judges]
    for score in filter(None, parts):
        said = fsum(judge.share * judge.score for judge in score.judges)
        assert said == pytest.approx(score.score, abs=1e-12)
    return fsum([result.base, *(judge.contribution for judge in judges)])


def test_each_judge_is_named_with_its_score_as_given(registry: PlanRegistry) -> None:
    judged = datetime(2025, 12, 30, 9, tzinfo=UTC)
    plan = plan_with(registry, judges="trimmed")
    registry.score_output(plan, "a", 4, scale=(1, 5), scorer="ann", occurred_at=judged)
    registry.score_output(plan, "a", 0.2, scorer="human:ben")
    registry.score_output(plan, "a", 0.9)
    (part,) = registry.history.explain(plan).contributions
    assert part.output is not None
    assert (part.output.score, part.output.raw_score, part.output.scale) == (0.75, None, None)
    assert (part.output.clamped, part.output.occurred_at) == (False, None)
    assert part.output.event_id == "p@7"
    unnamed, ben, ann = part.output.judges
    assert [one.judge for one in (unnamed, ben, ann)] == ["unnamed", "human:ben", "model:ann"]
    assert [one.share for one in (unnamed, ben, ann)] == [0.0, 0.0, 1.0]
    assert (ann.score, ann.raw_score, ann.scale, ann.occurred_at) == (0.75, 4.0, (1, 5), judged)
    assert (ann.contribution, ben.contribution) == (0.75, 0.0)


def test_a_score_that_alone_counts_lists_no_judges(registry: PlanRegistry) -> None:
    plan = plan_with(registry)
    registry.score_output(plan, "a", 0.9, scorer="ann")
    result = registry.history.explain(plan)
    assert result.contributions[0].output is not None
    assert (result.contributions[0].output.judges, result.judged_parts) == ((), ())
    assert result.flip is not None
    assert result.flip.judge is None


def test_the_change_of_one_judge_names_it(registry: PlanRegistry) -> None:
    plan = plan_with(registry, judges="median")
    for judge, score in (("ann", 0.2), ("ben", 0.6), ("cy", 0.9)):
        registry.score_output(plan, "a", score, scorer=judge)
    flip = registry.history.explain(plan).flip
    assert flip is not None
    assert (flip.judge, flip.from_score) == ("model:ben", 0.6)
    assert flip.text == "output score of a by model:ben, 0.600 → 0.720 (p@5)"


def test_what_waits_for_judges_is_a_condition(registry: PlanRegistry) -> None:
    plan = plan_with(registry, min_judges=2)
    assert registry.history.explain(plan).conditions == (
        "a score counts once 2 judges have given theirs",
    )
    registry.score_output(plan, "a", 0.2, scorer="ann")
    registry.score_prompt(plan, "b", 0.2, scorer="ann")
    result = registry.history.explain(plan)
    assert result.conditions == (
        "a score counts once 2 judges have given theirs: 'a' waits for 1 more judge",
    )
    assert (result.base, result.contributions, result.evidence.scored) == (1.0, (), 0)


def test_each_move_is_a_sentence(registry: PlanRegistry) -> None:
    plan = plan_with(registry)
    registry.score_output(plan, "a", 0.9, scorer="ann@2")
    registry.score_output(plan, "b", 0.6)
    registry.retract_score(plan, "p@4", "the wrong file")
    registry.retract_score(plan, "p@2", "the wrong file")
    movement = registry.history.explain(plan, since=1).movement
    assert movement is not None
    assert [(move.judge, move.sentence) for move in movement.moves] == [
        ("model:ann", "p@2: a: output scored 0.90 by model ann@2; the confidence begins at 0.900"),
        (
            "unnamed",
            (
                "p@4: b: output scored 0.60 by an unnamed scorer; "
                "the confidence fell from 0.900 to 0.738"
            ),
        ),
        (None, "p@6: b: output score p@4 withdrawn; the confidence rose from 0.738 to 0.900"),
        (None, "p@7: a: output score p@2 withdrawn; no score is left"),
    ]


def test_a_page_lists_the_latest_moves_first(registry: PlanRegistry) -> None:
    plan = plan_with(registry)
    for number in range(12):
        registry.score_prompt(plan, "a", number / 100)
    result = registry.history.explain(plan, since=recent(13))
    assert [move.event_id for move in result.latest_moves] == [f"p@{n}" for n in range(13, 3, -1)]
    assert registry.history.explain(plan).latest_moves == ()
    assert (recent(1), recent(200), recent(202)) == (1, 1, 2)
