"""The answer about agreement; which scores are compared, and the statistics, have own tests."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence import agreement
from plangate.application.evidence.agreement_results import Agreement, Drawn
from plangate.application.evidence.same_work import SameWork
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on

TASKS = [{"id": name, "title": name.upper()} for name in ("a", "b")]
LOW, HIGH = 0.2, 0.9


@pytest.fixture
def registry() -> Iterator[PlanRegistry]:
    with connect("memory:") as opened:
        yield opened


def judged(registry: PlanRegistry, plan_id: str, goal: str, **judges: tuple[float, ...]) -> None:
    registry.create(goal, TASKS, plan_id=plan_id)
    for judge, scores in judges.items():
        for task, score in zip("ab", scores, strict=True):
            registry.score_output(plan_id, task, score, scorer=f"model:{judge}")


def test_two_judges_of_the_same_tasks_are_compared(registry: PlanRegistry) -> None:
    for number in range(20):
        scores = (LOW, LOW) if number % 2 else (HIGH, HIGH)
        judged(registry, f"p{number}", f"work {number}", mild=(HIGH, HIGH), stern=scores)
    found = registry.evidence.agreement()
    assert [(str(one), one.plans, one.scores) for one in found.judges] == [
        ("model:mild", 20, 40),
        ("model:stern", 20, 40),
    ]
    part = found.same_tasks
    assert (part.drawn, part.pair_count, part.reason) == (Drawn.PLANS, 1, None)
    assert [str(judge) for judge in part.pairs[0].judges] == ["model:mild", "model:stern"]
    assert (part.kappa.cases, part.kappa.plans) == (40, 20)
    verdicts = {one.policy: one for one in part.verdicts}
    assert tuple(verdicts) == found.policies == ("own", "classic", "steady", "threshold 0.5")
    assert verdicts["own"].differs.value == 0.5
    assert verdicts["own"].fires.value == 0.25
    assert found.same_work.reason == "no two judges scored plans of their own of the same work"
    assert found.repeats.reason == "no judge scored several plans of the same work"
    assert (found.repeats.kappa.value, found.repeats.verdicts) == (None, ())
    assert Agreement.model_validate_json(found.model_dump_json()) == found


def test_judges_and_repeats_of_the_same_work_are_compared(registry: PlanRegistry) -> None:
    for number in range(24):
        scores = (LOW, HIGH) if number % 4 else (HIGH, HIGH)
        judge = "x" if number % 2 else "y"
        judged(registry, f"p{number}", f"work {number // 4}", **{judge: scores})
    found = registry.evidence.agreement()
    assert found.same_tasks.reason == "no task has scores of two judges in the same attempt"
    for part, names in ((found.same_work, ["model:x model:y"]), (found.repeats, None)):
        assert part.drawn is Drawn.PLANS_OF_WORKS
        assert part.works == {SameWork.GOAL_AND_TITLES: 6}
        shown = [" ".join(map(str, pair.judges)) for pair in part.pairs]
        assert shown == (names or ["model:x", "model:y"])
        assert part.alpha.value is not None


def test_whole_works_are_drawn_where_there_are_ten(registry: PlanRegistry) -> None:
    for number in range(20):
        judged(registry, f"p{number}", f"work {number // 2}", x=(LOW, HIGH))
    found = registry.evidence.agreement().repeats
    assert (found.drawn, found.kappa.value) == (Drawn.WORKS, 1.0)


def test_one_judge_is_asked_for_another(registry: PlanRegistry) -> None:
    assert registry.evidence.agreement().same_tasks.reason == "there are no scores"
    judged(registry, "p", "g", x=(LOW, HIGH))
    found = registry.evidence.agreement()
    assert found.same_tasks.reason == (
        "one judge only, model:x: let another one, with its own scorer, score the same tasks"
    )
    assert found.same_work.reason == "one judge only"


def test_more_policies_are_tried_by_name(registry: PlanRegistry) -> None:
    for number in range(20):
        judged(registry, f"p{number}", f"work {number}", x=(LOW, HIGH), y=(LOW, LOW))
    lax: dict[str, Any] = {"confidence_threshold": 0.0, "prompt_weight": 0.5}
    found = registry.evidence.agreement(policies={"lax": lax})
    assert found.policies[-1] == "lax"
    assert found.same_tasks.verdicts[-1].fires.value == 0


@pytest.mark.parametrize(
    "policies, problem",
    [
        ({"own": "steady"}, "the name 'own' is tried anyway"),
        ({"steady": "classic"}, "the name 'steady' is tried anyway"),
        ({"mine": "lucky"}, "lucky"),
    ],
)
def test_policies_that_cannot_be_tried_are_refused(
    registry: PlanRegistry, policies: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        registry.evidence.agreement(policies=policies)


def test_only_some_pairs_are_listed_those_with_the_most_plans_first(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MAX_PAIRS", 1)
    judged(registry, "p", "g", x=(LOW, HIGH), y=(LOW, LOW), z=(LOW, LOW))
    judged(registry, "q", "h", z=(LOW, HIGH), y=(LOW, LOW))
    found = registry.evidence.agreement().same_tasks
    assert found.pair_count == 3
    assert [[str(judge) for judge in pair.judges] for pair in found.pairs] == [
        ["model:y", "model:z"]
    ]


def test_a_policy_that_does_not_fit_a_plan_is_counted(registry: PlanRegistry) -> None:
    policy = {"confidence_threshold": 0.5, "exit_threshold": 0.6}
    registry.create("g", TASKS, plan_id="p", policy=policy)
    for judge in "xy":
        registry.score_output("p", "a", LOW, scorer=f"model:{judge}")
    found = registry.evidence.agreement(policies={"high": {"confidence_threshold": 0.7}})
    assert found.unfit == {"high": 2}


def test_a_plan_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    with connect(database) as registry:
        for plan_id in ("p", "q", "r"):
            judged(registry, plan_id, "g", x=(LOW, HIGH))
    with closing(sqlite3.connect(database)) as file:
        for plan_id, version in (("p", 1), ("q", 2)):
            file.execute(
                "UPDATE stored_events SET state = '{' "
                f"WHERE originator_id = '{plan_id}' AND originator_version = {version}"
            )
        file.commit()
    with connect(database) as registry:
        found = registry.evidence.agreement()
    assert [(one.plan_id, one.version) for one in found.unreadable] == [("p", 1), ("q", 2)]
    assert (found.plans, found.repeats.kappa.cases) == (1, 0)


def test_an_unknown_plan_and_a_bad_seed_are_refused(registry: PlanRegistry) -> None:
    with pytest.raises(PlanNotFound):
        registry.evidence.agreement("p")
    with pytest.raises(InvalidInput):
        registry.evidence.agreement(seed=-1)


def test_without_the_extra_it_says_so() -> None:
    with registry_on(memory_event_store()) as bare, pytest.raises(AnalysisMissing):
        bare.evidence.agreement()


def test_works_with_a_single_plan_of_a_judge_are_left_out_where_works_are_few(
    registry: PlanRegistry,
) -> None:
    for number in range(24):
        judge = "x" if number % 2 else "y"
        judged(registry, f"p{number}", f"work {number // 6}", **{judge: (LOW, HIGH)})
    judged(registry, "p24", "alone", x=(LOW, HIGH))
    judged(registry, "p25", "alone", y=(LOW, HIGH))
    part = registry.evidence.agreement().same_work
    assert (part.works, part.lone_works) == ({SameWork.GOAL_AND_TITLES: 4}, 1)
    assert part.kappa.value == 1.0
    alone = registry.evidence.agreement(["p24", "p25"]).same_work
    assert alone.reason == "a judge has a single plan of each work: 1 of 10 works"
    assert (alone.lone_works, alone.pair_count) == (1, 0)
