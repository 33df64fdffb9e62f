"""Choosing a policy: which cases there are, how they are grouped, and what is recommended."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from plangate.application.errors import AnalysisMissing
from plangate.application.event_store import EventStore
from plangate.application.evidence.held_out import HeldOutFigures, PolicyCase, PolicySearch
from plangate.application.evidence.statistics import Statistics
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.replay.queries import ReplayQueries
from plangate.application.replay.tuning_cases import weighed_alike
from plangate.application.rerun import over_plans
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.policy import Policy
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.statistics import load_statistics
from tests.application.rerun.test_over_plans import Sharing
from tests.support.clocks import registry_on
from tests.support.examples import HAS_PAUSED, MORNING
from tests.support.stores import plant

ONE_GATE: dict[str, Any] = {"grid": {"confidence_threshold": [0.5]}, "policy": "classic"}
REPEATS = "repeats:0.5"


class Heard:
    """Statistics that keep what they were asked, and then answer."""

    def __init__(self) -> None:
        self.cases: list[PolicyCase] = []
        self.search = PolicySearch(0, (), 0)

    def held_out(self, cases: Sequence[PolicyCase], search: PolicySearch) -> HeldOutFigures:
        self.cases, self.search = list(cases), search
        return load_statistics().held_out(cases, search)


@pytest.fixture
def store() -> EventStore:
    return memory_event_store()


@pytest.fixture
def registry(store: EventStore) -> Iterator[PlanRegistry]:
    with registry_on(store) as registry:
        yield registry


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def replay(store: EventStore, heard: Heard) -> ReplayQueries:
    return ReplayQueries(store, statistics=lambda: cast("Statistics", heard))


def plan(
    registry: PlanRegistry, plan_id: str, *scores: float, goal: str = "Ship", **more: Any
) -> None:
    tasks = [{"id": f"t{n}", "title": f"T{n}"} for n in range(len(scores) or 1)]
    registry.create(goal, tasks, plan_id=plan_id, **more)
    for number, score in enumerate(scores):
        registry.score_output(plan_id, f"t{number}", score)


def many(registry: PlanRegistry, *, groups: int = 8, repeats: int = 3, gap: float = 0.4) -> None:
    """Work that is good in every second group, and judged with little noise."""
    chance = random.Random(1)
    for group in range(groups):
        for repeat in range(repeats):
            quality = 0.5 + (gap / 2 if group % 2 else -gap / 2)
            scores = [min(max(chance.gauss(quality, 0.05), 0.0), 1.0) for _ in range(2)]
            goal, silent = f"Goal {group}", {"confidence_threshold": 0.0}
            plan(registry, f"g{group}-{repeat}", *scores, goal=goal, policy=silent)


# --- cases ---


def test_a_result_with_an_outcome_is_a_case(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    plan(registry, "p", 0.4, 0.8, 0.9)
    registry.score_prompt("p", "t1", 0.1)
    registry.record_outcome("p", "t0", "rejected", source="ci")
    registry.record_outcome("p", "t1", "rejected", source="ci")
    registry.record_outcome("p", "t1", "accepted", source="ci")
    plan(registry, "unjudged")
    registry.record_outcome("unjudged", "t0", "accepted", source="ci")
    plan(registry, "without", 0.1)

    answer = replay.tune(**ONE_GATE)

    assert [(case.bad, case.stopped & 1) for case in heard.cases] == [(True, 1), (False, 0)]
    assert [case.mean for case in heard.cases] == pytest.approx([0.4, 0.6])
    assert (answer.cases, answer.bad, answer.plans, answer.groups) == (2, 1, 1, 1)
    assert (answer.without, answer.unrepeated) == (2, 0)
    assert answer.truth_means.startswith("A case is a task with a recorded outcome")


def test_a_plan_of_repeated_work_is_a_case(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    for number, score in enumerate((0.4, 0.45, 0.6)):
        plan(registry, f"low-{number}", score, score)
        plan(registry, f"high-{number}", score + 0.1, score + 0.1, goal="Sail")
        plan(registry, f"none-{number}", goal="Row")
    plan(registry, "once", 0.1, goal="Swim")
    plan(registry, "twice", 0.1, goal="Fly")
    plan(registry, "twice-2", 0.1, goal="Fly")

    answer = replay.tune(truth=REPEATS, **ONE_GATE)

    assert [(case.bad, case.stopped & 1) for case in heard.cases] == [
        *[(False, 0), (False, 0), (False, 0)],
        *[(True, 1), (True, 1), (True, 0)],
    ]
    assert (answer.cases, answer.bad, answer.plans, answer.groups) == (6, 3, 6, 2)
    assert (answer.without, answer.unrepeated) == (3, 3)
    assert answer.same_work == {"goal_and_titles": 6}
    assert "That is a proxy, not the truth" in answer.truth_means


def test_a_plan_says_what_it_repeats(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    plan(registry, "a", 0.4)
    plan(registry, "b", 0.4, goal="Sail", metadata={"replicate_of": "a"})
    plan(registry, "c", 0.9, goal="Row", metadata={"replicate_of": "a"})

    answer = replay.tune(truth=REPEATS, **ONE_GATE)

    assert [case.bad for case in heard.cases] == [False, False, False]
    assert {case.group for case in heard.cases} == {0}
    assert answer.same_work == {"replicate_of": 3}


def test_an_erased_plan_is_a_group_of_its_own_and_repeats_nothing(
    registry: PlanRegistry, replay: ReplayQueries
) -> None:
    for plan_id in "abcd":
        plan(registry, plan_id, 0.4)
        registry.record_outcome(plan_id, "t0", "accepted", source="ci")
    for plan_id in "ab":
        registry.delete(plan_id, reason="over")
        registry.erase(plan_id)

    assert replay.tune(**ONE_GATE).groups == 3
    assert replay.tune(truth=REPEATS, **ONE_GATE).cases == 0


def test_the_recorded_policy_and_the_presets_come_after_the_candidates(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    """The gate of the plan never fires, a classic one does, a steady one waits for more."""
    for number in range(3):
        plan(registry, f"p{number}", 0.6, policy={"confidence_threshold": 0.0})

    answer = replay.tune(truth=REPEATS, **ONE_GATE)

    assert [case.stopped for case in heard.cases] == [0b0100] * 3
    assert (heard.search.candidates, heard.search.fixed) == (1, 3)
    assert [line.name for line in answer.compared] == [
        *("tuned", "mean", "recorded", "classic", "steady", "always", "never")
    ]
    assert answer.compared[4].policy == Policy(
        **(Policy().model_dump() | {"order": "scored", "decay": 0.97, "confidence_threshold": 0.5}),
    ).model_copy(
        update={
            "min_scored": 4,
            "consecutive_lows": 3,
            "exit_threshold": 0.55,
            "latch": True,
            "max_replans": 3,
            "scarce_evidence": "judge",
        }
    )


def test_what_fired_as_recorded_is_taken_from_the_record(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    for number in range(3):
        plan(registry, f"p{number}", 0.6, policy={"confidence_threshold": 0.7})

    replay.tune(truth=REPEATS, grid={"confidence_threshold": [0.5]}, policy="classic")

    assert [case.stopped for case in heard.cases] == [0b0110] * 3


def test_an_unreadable_plan_is_named_and_left_out(
    store: EventStore, registry: PlanRegistry, replay: ReplayQueries
) -> None:
    plan(registry, "p", 0.4)
    gap = RecordedEvent(HAS_PAUSED, Envelope(plan_id="p", version=9, recorded_at=MORNING))
    plant(store, [gap])

    answer = replay.tune(truth=REPEATS, **ONE_GATE)

    assert [one.plan_id for one in answer.unreadable] == ["p"]
    assert answer.cases == 0


def test_processes_find_the_same(
    store: EventStore, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(registry)
    alone = ReplayQueries(store, statistics=load_statistics)
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    shared = ReplayQueries(store, Sharing(store), load_statistics)

    assert shared.tune(truth=REPEATS, **ONE_GATE) == alone.tune(truth=REPEATS, **ONE_GATE)


# --- groups and folds ---


def labelled(registry: PlanRegistry, **labels: list[str]) -> None:
    for number, (plan_id, own) in enumerate(labels.items()):
        plan(registry, plan_id, 0.4, goal=f"Goal {number}", labels=own)
        registry.record_outcome(plan_id, "t0", "accepted", source="ci")


def test_plans_with_a_label_in_common_are_one_group(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    labelled(registry, a=["red"], b=["blue"], c=["blue", "green"], d=["green"], e=[], f=[])

    replay.tune(by="label", **ONE_GATE)

    groups = [case.group for case in heard.cases]
    assert groups[1] == groups[2] == groups[3]
    assert len(set(groups)) == 4

    replay.tune(by="goal", **ONE_GATE)
    assert len({case.group for case in heard.cases}) == 6


def test_the_same_work_is_never_in_two_folds(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    for number in range(12):
        plan(registry, f"p{number}", 0.4, goal=f"Goal {number % 4}", labels=[f"l{number}"])
        registry.record_outcome(f"p{number}", "t0", "accepted", source="ci")

    for by in ("goal", "label"):
        replay.tune(by=by, folds=2, **ONE_GATE)
        folds: dict[int, set[int]] = {}
        for case in heard.cases:
            folds.setdefault(case.group, set()).add(case.fold)
        assert [len(of_group) for of_group in folds.values()] == [1] * 4
        assert sorted(case.fold for case in heard.cases) == [0] * 6 + [1] * 6


def test_folds_are_drawn_by_the_seed_and_each_has_its_share_of_bad_groups(
    registry: PlanRegistry, replay: ReplayQueries, heard: Heard
) -> None:
    for number in range(20):
        plan(registry, f"p{number}", 0.4, goal=f"Goal {number}")
        outcome = "rejected" if number < 4 else "accepted"
        registry.record_outcome(f"p{number}", "t0", outcome, source="ci")

    drawn = []
    for seed in (0, 0, 1, 2):
        replay.tune(folds=4, seed=seed, **ONE_GATE)
        drawn.append([case.fold for case in heard.cases])
        assert sorted(case.fold for case in heard.cases if case.bad) == [0, 1, 2, 3]
    assert drawn[0] == drawn[1]
    assert len({tuple(folds) for folds in drawn}) == 3


# --- the answer ---


def test_a_clear_gain_is_recommended(registry: PlanRegistry, replay: ReplayQueries) -> None:
    """Only the end of the work is bad, so that its plain mean says nothing."""
    chance = random.Random(3)
    for number in range(30):
        last_part = [0.1] * 2 if number % 2 else [0.9] * 2
        start = [0.9 if number % 2 else 0.1 for _ in range(2)]
        scores = [score + chance.uniform(-0.1, 0.1) for score in (*start, *last_part)]
        plan(registry, f"p{number}", *scores, goal=f"Goal {number}")
        outcome = "rejected" if number % 2 else "accepted"
        registry.record_outcome(f"p{number}", "t3", outcome, source="ci")
    grid = {"decay": [0.1, 0.2, 0.3], "confidence_threshold": [0.5]}

    answer = replay.tune(grid=grid, policy="classic")

    assert answer.recommended == Policy(decay=0.1, confidence_threshold=0.5)
    assert answer.changes == {"decay": 0.1, "confidence_threshold": 0.5}
    assert answer.alike == answer.tried == 3
    assert answer.why.startswith("On groups that it was not chosen by it does better")
    assert [fold.changes for fold in answer.folds] == [answer.changes] * 5
    assert {fold.figures.held_out for fold in answer.folds} == {1.0}

    costly = replay.tune(grid=grid, policy="classic", cost={"missed": 1, "stopped": 1})
    assert costly.recommended == answer.recommended
    assert (costly.measure, answer.measure) == ("cost", "balanced_accuracy")
    assert costly.compared[0].figures.held_out.value == 0.0


def test_what_the_plain_mean_does_as_well_is_not_recommended(
    registry: PlanRegistry, replay: ReplayQueries
) -> None:
    many(registry, groups=16)

    answer = replay.tune(truth=REPEATS, **ONE_GATE)

    assert answer.recommended is None
    assert answer.changes is not None
    assert answer.why == (
        "Nothing is recommended: what is tuned is not clearly better than a cut on the plain mean "
        "of the scores."
    )
    assert answer.compared[0].figures.held_out.value == 1.0


def test_with_too_few_cases_nothing_is_recommended(
    registry: PlanRegistry, replay: ReplayQueries
) -> None:
    assert replay.tune(**ONE_GATE).why == (
        "Nothing is recommended: no scored result has an outcome; repeats:CUT can stand in for "
        "outcomes."
    )
    assert replay.tune(truth=REPEATS, **ONE_GATE).why == (
        "Nothing is recommended: no work was planned 3 times or more."
    )
    many(registry, groups=4)
    few = replay.tune(truth=REPEATS, **ONE_GATE)
    assert few.why == (
        "Nothing is recommended: not enough cases: 12 of 20 cases, 6 of 10 of each sort, "
        "4 of 5 groups."
    )
    assert (few.changes, few.alike, few.folds) == (None, None, ())
    assert few.compared[0].policy is None


def test_some_plans_can_be_named(registry: PlanRegistry, replay: ReplayQueries) -> None:
    many(registry, groups=2)
    answer = replay.tune(["g0-0", "g0-1", "g0-2"], truth=REPEATS, **ONE_GATE)
    assert answer.cases == 3
    with pytest.raises(PlanNotFound):
        replay.tune("g9-0", **ONE_GATE)


def test_progress_is_reported(registry: PlanRegistry, replay: ReplayQueries) -> None:
    many(registry, groups=1)
    seen: list[tuple[int, int]] = []
    replay.tune(truth=REPEATS, progress=lambda done, of: seen.append((done, of)), **ONE_GATE)
    assert seen[-1][0] == seen[-1][1] > 0


def test_without_the_libraries_it_says_what_is_missing(registry: PlanRegistry) -> None:
    with pytest.raises(AnalysisMissing):
        registry.replay.tune()


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"truth": "rumours"}, "truth"),
        ({"truth": "outcomes:0.5"}, "truth"),
        ({"truth": "repeats"}, "truth"),
        ({"truth": "repeats:high"}, "truth"),
        ({"truth": "repeats:1.5"}, "truth"),
        ({"truth": "repeats:nan"}, "truth"),
        ({"truth": 5}, "truth"),
        ({"by": "author"}, "by"),
        ({"folds": 1}, "folds"),
        ({"folds": 21}, "folds"),
        ({"tries": 0}, "tries"),
        ({"tries": 1_001}, "tries"),
        ({"seed": -1}, "seed"),
        ({"cost": {"missed": 0, "stopped": 0}}, "cost"),
        ({"cost": {"missed": -1, "stopped": 1}}, "cost.missed"),
        ({"cost": {"missed": 1}}, "cost.stopped"),
        ({"grid": {}}, "grid"),
        ({"grid": {"decay": "0.5"}}, "grid.decay"),
        ({"grid": {"decay": list(range(1_001))}}, "grid"),
        ({"grid": {"dekay": [1]}}, "policy.dekay"),
        ({"policy": "strict"}, "policy"),
    ],
)
def test_wrong_input_is_refused(replay: ReplayQueries, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        replay.tune(**wrong)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_truth_can_be_given_again(registry: PlanRegistry, replay: ReplayQueries) -> None:
    many(registry)
    answer = replay.tune(truth=REPEATS, **ONE_GATE)
    assert replay.tune(truth=answer.truth, **ONE_GATE) == answer


def test_a_policy_weighs_scores_and_judges_as_the_plans_do_where_it_does_not_say(
    store: EventStore, registry: PlanRegistry
) -> None:
    shared = {"prompt_weight": 0.2, "output_weight": 0.8, "judges": "median"}
    for number in (1, 2):  # the plans do not agree on how many judges it takes
        policy = {**shared, "min_judges": number, "latch": True}
        registry.create("g", [{"title": "A"}], plan_id=f"p{number}", policy=policy)

    assert weighed_alike("steady", store, None) == {**shared, "preset": "steady"}
    given = {"judges": "min", "output_weight": 0.5}
    assert weighed_alike(given, store, None) == {**given, "prompt_weight": 0.5}
    assert weighed_alike("steady", store, "p2") == {**shared, "min_judges": 2, "preset": "steady"}
    assert weighed_alike(Policy(), store, None) == Policy()
