"""The smallest change flips the gate, and a slightly smaller one does not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application.history.flip import Balance, ScoreChange
from plangate.application.registry import PlanRegistry
from plangate.domain.confidence import reaches
from plangate.domain.event_ids import version_of
from plangate.domain.events import PlanEvent, TaskScored
from plangate.domain.evolve import fold
from plangate.domain.panel import Panel
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Judges, Recency, ScoreKind, Scorer, ScorerKind
from tests.support.examples import OUTPUT, PROMPT, created, replan, scored
from tests.support.properties import repeatable

SCORES = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.5, 0.72, 1.0]))
JUDGED = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(ScoreKind), SCORES, st.booleans()), max_size=14
)
SCORERS = [Scorer(kind=ScorerKind.MODEL, name=name) for name in ("ann", "ben", "cy")]
BY_JUDGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), SCORES), max_size=14)

POLICIES = st.builds(
    lambda weight, decay, threshold, exit_threshold, order: Policy(
        prompt_weight=weight,
        output_weight=1.0 - weight,
        decay=decay,
        confidence_threshold=threshold,
        exit_threshold=None if exit_threshold is None else max(threshold, exit_threshold),
        order=order,
    ),
    st.sampled_from([0.35, 0.5, 0.0, 1.0]),
    st.sampled_from([0.85, 1.0, 0.3, 1e-9, 5e-324]),
    st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.72, 1.0])),
    st.one_of(st.none(), st.sampled_from([0.8, 1.0])),
    st.sampled_from(Recency),
)

JUDGES = st.builds(
    lambda policy, judges, least: policy.model_copy(update={"judges": judges, "min_judges": least}),
    POLICIES,
    st.sampled_from(Judges),
    st.integers(1, 2),
)

Judged = Sequence[tuple[int, ScoreKind, float, bool]]


def history(policy: Policy, judged: Judged) -> list[PlanEvent]:
    """Tasks are scored, and after some of the scores the gate fires."""
    events: list[PlanEvent] = [created(*(f"t{n}" for n in range(8)), policy=policy)]
    for task, kind, score, fires in judged:
        events.append(scored(f"t{task}", kind, score))
        events += [replan(f"t{task}")] if fires else []
    return events


def panels(policy: Policy, judged: Sequence[tuple[int, int, float]]) -> list[PlanEvent]:
    """Tasks are scored by some of three judges."""
    return [
        created("t0", "t1", "t2", policy=policy),
        *(scored(f"t{n}", OUTPUT, score, scorer=SCORERS[judge]) for n, judge, score in judged),
    ]


def is_low(confidence: float, plan: Plan) -> bool:
    return not reaches(confidence, plan.gate.threshold(plan.policy))


def with_another(events: Sequence[PlanEvent], name: str, score: float) -> Plan:
    """The plan with another score at one event, and everything else unchanged."""
    place = (version_of(name) or 0) - 1
    other = events[place].model_copy(update={"score": score})
    return fold(Plan("p"), [*events[:place], other, *events[place + 1 :]])


def nearly(change: ScoreChange, balance: Balance, place: int) -> float:
    """A score that changes the confidence by 1e-13 less than the given one."""
    version = version_of(change.event_id)
    (slope,) = [x.slope for x in balance.levers(place) if x.judgement.version == version]
    back = 1e-13 / slope
    away = change.to_score - change.from_score
    return change.to_score - back if away > 0 else change.to_score + back


@repeatable
@given(POLICIES, JUDGED)
def test_the_smallest_change_flips_the_gate_and_slightly_less_does_not(
    policy: Policy, judged: Judged
) -> None:
    _flips_and_slightly_less_does_not(history(policy, judged))


@repeatable
@given(JUDGES, BY_JUDGES)
def test_so_does_the_smallest_change_of_one_judge(
    policy: Policy, judged: Sequence[tuple[int, int, float]]
) -> None:
    _flips_and_slightly_less_does_not(panels(policy, judged))


def _flips_and_slightly_less_does_not(events: list[PlanEvent]) -> None:
    plan = fold(Plan("p"), events)
    balance = Balance.of(plan)
    for place, task in enumerate(balance.tasks):
        change = balance.smallest_change(place)
        if change is None:
            continue
        flipped = with_another(events, change.event_id, change.to_score)
        assert change.task_id == task.id
        assert 0.0 <= change.to_score <= 1.0
        low = is_low(plan.rolling_confidence, plan)
        assert is_low(flipped.rolling_confidence, plan) is not low
        assert flipped.rolling_confidence == change.rolling_confidence
        less = nearly(change, balance, place)
        if min(change.from_score, change.to_score) < less < max(change.from_score, change.to_score):
            nearly_there = with_another(events, change.event_id, less)
            assert is_low(nearly_there.rolling_confidence, plan) is low


@repeatable
@given(POLICIES, JUDGED)
def test_where_none_can_not_even_the_best_or_the_worst_score_flips_the_gate(
    policy: Policy, judged: Judged
) -> None:
    _not_even_an_extreme_score_flips_it(history(policy, judged))


@repeatable
@given(JUDGES, BY_JUDGES)
def test_where_no_judge_can_not_even_the_best_or_the_worst_score_flips_the_gate(
    policy: Policy, judged: Sequence[tuple[int, int, float]]
) -> None:
    _not_even_an_extreme_score_flips_it(panels(policy, judged))


def _not_even_an_extreme_score_flips_it(events: list[PlanEvent]) -> None:
    plan = fold(Plan("p"), events)
    balance = Balance.of(plan)
    for place, task in enumerate(balance.tasks):
        if balance.smallest_change(place) is None:
            for kind in ScoreKind:
                given = task.judgements(kind)
                for judgement in given.latest if isinstance(given, Panel) else given[:1]:
                    for extreme in (0.0, 1.0):
                        other = with_another(events, f"p@{judgement.version}", extreme)
                        low = is_low(plan.rolling_confidence, plan)
                        assert is_low(other.rolling_confidence, plan) is low


@repeatable
@given(POLICIES, JUDGED)
def test_the_smaller_change_of_a_tasks_two_scores_is_given(policy: Policy, judged: Judged) -> None:
    plan = fold(Plan("p"), history(policy, judged))
    balance = Balance.of(plan)
    for place in range(len(balance.tasks)):
        of_each = [balance._smallest(lever) for lever in balance.levers(place)]
        sizes = [change.size for change in of_each if change]
        result = balance.smallest_change(place)
        assert (result.size if result else None) == min(sizes, default=None)


def test_small_examples_worked_out_by_hand() -> None:
    """(0.5 × 0.8 + c) / 1.5 = 0.72 at c = 0.68; the prompt alone would have to be 1.18."""
    policy = Policy(prompt_weight=0.4, output_weight=0.6, decay=0.5)
    plan = fold(
        Plan("p"),
        history(
            policy, [(0, OUTPUT, 0.8, False), (1, PROMPT, 0.5, False), (1, OUTPUT, 0.6, False)]
        ),
    )
    balance = Balance.of(plan)

    earlier, later = balance.smallest_change(0), balance.smallest_change(1)

    assert earlier is None  # even 1.0 leads no further than (0.5 + 0.56) / 1.5 = 0.707
    assert later is not None
    assert (later.task_id, later.kind, later.event_id) == ("t1", OUTPUT, "p@4")
    assert later.from_score == 0.6
    assert later.to_score == pytest.approx(0.8, abs=1e-11)  # 0.4 × 0.5 + 0.6 × 0.8 = 0.68


def test_a_confidence_exactly_at_the_threshold_flips_by_a_hair() -> None:
    plan = fold(Plan("p"), history(Policy(), [(0, OUTPUT, 0.72 - 1e-12, False)]))
    assert not plan.needs_replan

    change = Balance.of(plan).smallest_change(0)

    assert change is not None
    assert 0.0 < change.size < 1e-15


def test_a_score_that_leads_to_within_a_hair_of_the_threshold_is_not_enough() -> None:
    """With 1.0 for the second task the confidence is 0.75, a hair below the threshold."""
    policy = Policy(decay=1.0, confidence_threshold=0.75 + 1e-12 + 5e-14)
    plan = fold(Plan("p"), history(policy, [(0, OUTPUT, 0.5, False), (1, OUTPUT, 0.75, False)]))

    assert Balance.of(plan).smallest_change(1) is None


def test_the_smallest_change_works_when_the_task_is_scored_again(registry: PlanRegistry) -> None:
    tasks = [{"id": task, "title": task} for task in "abc"]
    plan_id = registry.create("g", tasks).plan_id
    registry.update(plan_id, "a", prompt_score=0.9, output_score=0.7)
    registry.score_output(plan_id, "b", 0.6)
    plan = registry.get(plan_id)
    assert plan is not None
    assert plan.needs_replan
    change = Balance.of(plan).smallest_change(1)
    assert change is not None

    status = registry.score_output(plan_id, "b", change.to_score, mark_done=False)

    assert not status.needs_replan
    assert status.rolling_confidence == change.rolling_confidence


def test_a_tripped_gate_opens_at_the_given_score_and_not_below(
    registry: PlanRegistry,
) -> None:
    policy = {"exit_threshold": 0.8, "latch": True, "order": "scored"}
    tasks = [{"id": task, "title": task} for task in "ab"]
    plan_id = registry.create("g", tasks, policy=policy).plan_id
    registry.score_output(plan_id, "b", 0.9)
    registry.score_output(plan_id, "a", 0.5)
    plan = registry.get(plan_id)
    assert plan is not None
    assert plan.gate.tripped
    change = Balance.of(plan).smallest_change(1)
    assert change is not None
    assert change.task_id == "a"

    assert registry.score_output(plan_id, "a", change.to_score - 1e-11).gate.tripped
    assert not registry.score_output(plan_id, "a", change.to_score).gate.tripped


def test_a_gate_fires_at_the_given_score_and_not_above(
    registry: PlanRegistry,
) -> None:
    tasks = [{"id": task, "title": task} for task in "ab"]
    plan_id = registry.create("g", tasks, policy={"latch": True}).plan_id
    registry.score_output(plan_id, "a", 0.9)
    registry.score_output(plan_id, "b", 0.8)
    plan = registry.get(plan_id)
    assert plan is not None
    change = Balance.of(plan).smallest_change(1)
    assert change is not None

    assert not registry.score_output(plan_id, "b", change.to_score + 1e-11).replan_due
    assert registry.score_output(plan_id, "b", change.to_score).replan_due


def test_scores_are_those_of_events(registry: PlanRegistry, plan_id: str) -> None:
    registry.score_prompt(plan_id, "a", 0.3)
    registry.score_prompt(plan_id, "a", 0.4)
    plan = registry.get(plan_id)
    assert plan is not None

    change = Balance.of(plan).smallest_change(0)

    assert change is not None
    brought = registry.history.of(plan_id)[(version_of(change.event_id) or 0) - 1].event
    assert isinstance(brought, TaskScored)
    assert (brought.kind, brought.score) == (PROMPT, change.from_score) == (PROMPT, 0.4)
