"""Which scores and verdicts of two judges, or of one again, are compared."""

from collections.abc import Iterator
from typing import Any

import pytest

from plangate.application.event_store import EventStore
from plangate.application.evidence.agreement_cases import AgreementCases
from plangate.application.evidence.run_pairs import Judges, of_two_judges, repeats
from plangate.application.evidence.works_in_log import RepeatedWorks, repeated_works
from plangate.application.progress import no_progress
from plangate.application.registry import PlanRegistry
from plangate.application.rerun import over_plans
from plangate.application.rerun.over_plans import add_plans
from plangate.application.rerun.policies import rules_of
from plangate.application.rerun.rerun import Rules
from plangate.infrastructure.memory.events import memory_event_store
from tests.application.rerun.test_over_plans import Sharing
from tests.support.clocks import registry_on

TASKS = [{"id": name, "title": name.upper()} for name in ("a", "b", "c", "d")]
LOW, HIGH = 0.2, 0.9
MEAN = {"confidence_threshold": 0.5, "decay": 1.0}


@pytest.fixture
def store() -> EventStore:
    return memory_event_store()


@pytest.fixture
def registry(store: EventStore) -> Iterator[PlanRegistry]:
    with registry_on(store) as opened:
        yield opened


def create(registry: PlanRegistry, plan_id: str = "p", **more: Any) -> None:
    registry.create(more.pop("goal", "Ship"), TASKS, plan_id=plan_id, policy=MEAN, **more)


def score(
    registry: PlanRegistry, judge: str, *scores: float | None, plan_id: str = "p", **more: Any
) -> None:
    """Score the tasks in order."""
    for task, given in zip("abcd", scores, strict=False):
        if given is not None:
            registry.score_output(plan_id, task, given, scorer=f"model:{judge}", **more)


def collected(store: EventStore, *rules: Rules | None, sharing: Any = None) -> AgreementCases:
    works = repeated_works(store, None, no_progress)
    cases = AgreementCases(rules or (None,), works.of_plan)
    add_plans(cases, store, sharing, None, no_progress)
    return cases


def rows(pairs: dict[Judges, Any]) -> dict[str, list[list[float]]]:
    """The pairs of scores, and of verdicts, of each row."""
    return {
        " ".join(str(judge.name) for judge in judges): [
            [*sums.numbers[start : start + 4], *sums.numbers[start + 8 : start + sums.width]]
            for start in range(0, len(sums.numbers), sums.width)
        ]
        for judges, sums in pairs.items()
    }


def test_two_judges_of_one_plan_are_compared_task_by_task(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", LOW, LOW, HIGH, HIGH)
    score(registry, "y", LOW, HIGH, HIGH, HIGH)
    # both low, x alone, y alone, none; neither gate fires at last, but x's fires at first
    assert rows(collected(store).pairs) == {"x y": [[1, 1, 0, 2, 1, 0, 0, 0]]}


def test_the_gate_of_each_judge_sees_the_scores_of_that_judge_alone(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", HIGH, HIGH, HIGH, HIGH)
    score(registry, "y", HIGH, LOW, LOW, LOW)
    never = rules_of({"confidence_threshold": 0.0})
    found = rows(collected(store, None, never).pairs)
    assert found == {"x y": [[0, 0, 3, 1, 0, 0, 1, 0, 0, 0, 0, 1]]}


def test_only_what_both_scored_is_compared(registry: PlanRegistry, store: EventStore) -> None:
    create(registry)
    score(registry, "x", LOW, HIGH, HIGH, HIGH)
    score(registry, "y", None, HIGH, HIGH, LOW)
    # without task a, no gate fires for x; with d, the mean of y is still above the threshold
    assert rows(collected(store).pairs) == {"x y": [[0, 0, 1, 2, 0, 0, 0, 1]]}


def test_verdicts_are_not_compared_where_two_judges_share_less_than_half(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", LOW, HIGH, HIGH, HIGH)
    score(registry, "y", LOW)
    cases = collected(store)
    assert rows(cases.pairs) == {"x y": [[1, 0, 0, 0, 0, 0, 0, 0]]}
    assert cases.partly == 1


def test_judges_without_a_common_task_are_not_compared(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", LOW)
    score(registry, "y", None, LOW)
    cases = collected(store)
    assert not cases.pairs
    assert not len(cases.joint)


def test_the_newest_score_that_was_not_retracted_counts(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", LOW, LOW)
    score(registry, "x", HIGH)
    score(registry, "y", HIGH, HIGH)
    score(registry, "y", LOW)
    score(registry, "z", HIGH)
    scored = [e for e in registry.history.of("p") if e.event.type == "task-scored"]
    for entry in scored[-2:]:  # y's second score, and the only one of z
        registry.retract_score("p", entry.envelope.event_id, "mistaken")
    assert [row[:4] for row in rows(collected(store).pairs)["x y"]] == [[0, 1, 0, 1]]


def test_attempts_and_kinds_are_compared_each_by_itself(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x", LOW)
    registry.retry("p", "a", "again")
    score(registry, "y", HIGH)
    registry.score_prompt("p", "a", LOW, scorer="model:x")
    assert not collected(store).pairs
    registry.score_prompt("p", "a", HIGH, scorer="model:y")
    assert [row[:4] for row in rows(collected(store).pairs)["x y"]] == [[0, 1, 0, 0]]


def test_versions_of_a_scorer_are_one_judge_and_scores_without_one_are_another(
    registry: PlanRegistry, store: EventStore
) -> None:
    create(registry)
    score(registry, "x@1", LOW)
    score(registry, "x@2", HIGH)
    registry.score_output("p", "a", LOW)
    cases = collected(store)
    assert [str(judge) for judge in cases.plans_of] == ["model:x", "unnamed"]
    assert [row[:4] for row in rows(cases.pairs)["x None"]] == [[0, 0, 1, 0]]


def test_a_gate_that_waits_for_several_judges_is_asked_for_one(
    registry: PlanRegistry, store: EventStore
) -> None:
    registry.create("g", TASKS, plan_id="p", policy={**MEAN, "min_judges": 2})
    score(registry, "x", LOW)
    score(registry, "y", LOW)
    assert [row[4:] for row in rows(collected(store).pairs)["x y"]] == [[1, 0, 0, 0]]


def test_a_policy_that_does_not_fit_a_plan_has_no_verdicts(
    registry: PlanRegistry, store: EventStore
) -> None:
    policy = {**MEAN, "exit_threshold": 0.6}
    registry.create("g", TASKS, plan_id="p", policy=policy)
    score(registry, "x", LOW)
    score(registry, "y", LOW)
    cases = collected(store, rules_of({"confidence_threshold": 0.7}), None)
    assert [row[4:] for row in rows(cases.pairs)["x y"]] == [[0, 0, 0, 0, 1, 0, 0, 0]]
    assert cases.unfit == {0: 2}


# --- the same work ---


def test_plans_of_the_same_work_are_compared_judge_by_judge(
    registry: PlanRegistry, store: EventStore
) -> None:
    for plan_id, judge, scores in (
        ("p", "x", (LOW, HIGH, HIGH, HIGH)),
        ("q", "x", (HIGH, HIGH, HIGH, HIGH)),
        ("r", "y", (LOW, LOW, LOW, LOW)),
    ):
        create(registry, plan_id)
        score(registry, judge, *scores, plan_id=plan_id)
    create(registry, "s", goal="Other work")
    score(registry, "x", LOW, plan_id="s")
    cases = collected(store)
    assert [run.plan for run in cases.runs] == [0, 1, 2]
    # each plan holds its pairs: p has one low of four, q none
    assert rows(repeats(cases.runs, 1)) == {
        "x": [[0, 1, 0, 3, 0, 1, 0, 0], [0, 0, 1, 3, 0, 0, 1, 0]]
    }
    crossed = rows(of_two_judges(cases.runs, 1))["x y"]
    total = [sum(column) for column in zip(*crossed, strict=True)]
    # of 2 x 1 pairs of plans, which count as 1.5: an eighth of the scores are both low
    assert total == pytest.approx([0.75, 0.0, 5.25, 0.0, 0.75, 0.0, 0.75, 0.0])


def test_judges_that_share_a_plan_of_a_work_are_compared_there_alone(
    registry: PlanRegistry, store: EventStore
) -> None:
    for plan_id in ("p", "q"):
        create(registry, plan_id)
        score(registry, "x", LOW, plan_id=plan_id)
    score(registry, "y", LOW)
    cases = collected(store)
    assert rows(cases.pairs) == {"x y": [[1, 0, 0, 0, 1, 0, 0, 0]]}
    assert not of_two_judges(cases.runs, 1)
    assert list(rows(repeats(cases.runs, 1))) == ["x"]


def test_only_first_attempts_are_compared_with_other_plans(
    registry: PlanRegistry, store: EventStore
) -> None:
    for plan_id in ("p", "q"):
        create(registry, plan_id)
        score(registry, "x", LOW, plan_id=plan_id)
    registry.retry("p", "a", "again")
    score(registry, "x", HIGH)
    assert [list(run.scores) for run in collected(store).runs] == [[LOW], [LOW]]


def test_tasks_of_the_same_work_go_by_their_titles_or_by_their_ids_if_erased(
    registry: PlanRegistry, store: EventStore
) -> None:
    tasks = [{"id": task, "title": title} for task, title in (("a", "T"), ("b", "t!"), ("c", "?"))]
    registry.create("Ship", tasks, plan_id="p")
    registry.create("Ship", tasks[::-1], plan_id="q", metadata={"replicate_of": "p"})
    for plan_id, scores in (("p", (0.1, 0.2, 0.3)), ("q", (0.4, 0.5, 0.6))):
        score(registry, "x", *scores, plan_id=plan_id)
    by_label: dict[int, list[float]] = {}
    for run in collected(store).runs:
        for label, given in zip(run.labels, run.scores, strict=True):
            by_label.setdefault(label, []).append(given)
    # the first task called T of each, and the second, in the order of each plan
    assert sorted(by_label.values()) == [[0.1, 0.5], [0.2, 0.4], [0.3, 0.6]]
    registry.delete("p")
    registry.erase("p")
    erased, other = collected(store).runs
    assert not set(erased.labels) & set(other.labels)


def test_a_dropped_task_is_not_compared_with_other_plans(
    registry: PlanRegistry, store: EventStore
) -> None:
    for plan_id in ("p", "q"):
        create(registry, plan_id)
        score(registry, "x", LOW, HIGH, plan_id=plan_id)
    registry.revise("p", reason="not needed", changes=[{"op": "drop", "task_id": "a"}])
    assert [list(run.scores) for run in collected(store).runs] == [[HIGH], [LOW, HIGH]]


def test_works_are_those_of_several_plans(registry: PlanRegistry, store: EventStore) -> None:
    for number, goal in enumerate(("Ship", "Sail", "ship!", "Walk")):
        create(registry, f"p{number}", goal=goal)
    create(registry, "p4", goal="Run", metadata={"replicate_of": "p3"})
    found = repeated_works(store, None, no_progress)
    assert found.of_plan == {"p0": 0, "p2": 0, "p3": 1, "p4": 1}
    assert [str(by) for by in found.by] == ["goal_and_titles", "replicate_of"]
    assert repeated_works(store, ["p0", "p1"], no_progress) == RepeatedWorks({}, ())


def test_plans_shared_out_over_processes_give_the_same_cases(
    registry: PlanRegistry, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_EVENTS_AT_ONCE", 1)
    for number in range(9):
        create(registry, f"p{number}", goal=f"work {number // 2}")
        score(registry, "x", LOW, HIGH, HIGH, plan_id=f"p{number}")
        score(registry, "y", LOW, LOW, plan_id=f"p{number}")
    alone, shared = collected(store), collected(store, sharing=(sharing := Sharing(store)))
    assert len(sharing.slices) > 3
    assert (alone.plans, alone.plans_of) == (shared.plans, shared.plans_of)
    assert alone.scores_of == shared.scores_of
    assert alone.runs == shared.runs
    assert vars(alone.joint) == vars(shared.joint)
    assert {k: vars(v) for k, v in alone.pairs.items()} == {
        k: vars(v) for k, v in shared.pairs.items()
    }
