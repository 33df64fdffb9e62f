"""When a difference between plans is a finding: enough plans, a large effect, and no chance."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.comparisons import Shifted
from plangate.application.evidence.distributions.distributions import Distributions
from plangate.application.evidence.distributions.judge_scores import _GROUPS
from plangate.application.evidence.distributions.plan_sample import AddedTasks, PlanSample
from plangate.application.evidence.finding import (
    FROM_DISTRIBUTIONS,
    EventList,
    Finding,
    FindingKind,
    JudgedBy,
)
from plangate.application.evidence.statistics import no_statistics
from plangate.application.registry import PlanRegistry
from plangate.domain.events import GateApproved, PlanEvent, PlanRevised
from plangate.domain.vocabulary import ScoreKind, Scorer, ScorerKind
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.statistics import load_statistics
from tests.support.examples import MORNING, OUTPUT, A, created, replan, retracted, scored
from tests.support.samples import ByActor, Sure, sample_of

K = FindingKind


def by(
    name: str,
    score: float,
    task: str = A,
    kind: ScoreKind = OUTPUT,
    sort: ScorerKind = ScorerKind.MODEL,
    version: str | None = None,
) -> PlanEvent:
    return scored(task, kind, score, scorer=Scorer(kind=sort, name=name, version=version))


def plans(count: int, *events: PlanEvent | ByActor, since: int = 0) -> Iterator[PlanSample]:
    """Plans with the same events, each of other work."""
    for number in range(since, since + count):
        plan = created().model_copy(update={"goal": f"Work {number}"})
        yield sample_of(plan, *events, plan_id=f"p{number:03}", first=1 + 100 * number)


def found(*samples: Iterator[PlanSample] | Sequence[PlanSample]) -> list[Finding]:
    distributions = Distributions()
    for some in samples:
        for sample in some:
            distributions.add(sample)
    return list(distributions.findings(Sure()))


def shown(*samples: Iterator[PlanSample] | Sequence[PlanSample]) -> list[tuple[FindingKind, str]]:
    return [(one.kind, one.about or "") for one in found(*samples)]


# --- judges beside each other ---


def test_a_judge_is_milder_from_ten_plans_and_a_tenth_on() -> None:
    assert shown(plans(10, by("x", 0.6), by("y", 0.5))) == [(K.JUDGE_MILDER, "model:x")]
    assert shown(plans(9, by("x", 0.9), by("y", 0.5))) == []
    assert shown(plans(10, by("x", 0.599), by("y", 0.5))) == []


def test_the_judge_that_differs_from_most_is_named_with_all_of_them() -> None:
    milder = found(plans(10, by("x", 0.9), by("y", 0.5), by("z", 0.52)))
    assert [(one.kind, one.about) for one in milder] == [(K.JUDGE_MILDER, "model:x")]
    assert milder[0].sentence == (
        "the model x scores the same outputs 0.40 higher than the model y, 0.38 higher than the "
        "model z (Wilcoxon signed-rank test over 10 plans: p 0.0010; 0.0020 adjusted for 3 "
        "comparisons)"
    )
    harsher = found(plans(10, by("x", 0.5), by("y", 0.9), by("z", 0.92)))
    assert [(one.kind, one.about) for one in harsher] == [(K.JUDGE_HARSHER, "model:x")]
    assert "0.40 lower than the model y, 0.42 lower than the model z" in harsher[0].sentence


def test_of_two_judges_the_one_further_from_a_third_is_named() -> None:
    few = plans(9, by("x", 0.5), by("z", 0.95), since=10)
    assert shown(plans(10, by("x", 0.5), by("y", 0.9)), few) == [(K.JUDGE_HARSHER, "model:x")]


def test_two_judges_can_each_differ_from_their_own_fellows() -> None:
    one = plans(10, by("x", 0.9), by("y", 0.5))
    other = plans(10, by("v", 0.9), by("w", 0.5), since=10)
    assert {about for _, about in shown(one, other)} == {"model:x", "model:v"}


def test_programs_are_not_compared() -> None:
    assert shown(plans(12, by("x", 0.5), by("tests", 1.0, sort=ScorerKind.CODE))) == []


def test_a_judge_without_a_name_is_compared_as_one() -> None:
    (finding,) = found(plans(10, by("x", 0.5), scored(score=0.9)))
    assert (finding.kind, finding.about) == (K.JUDGE_MILDER, "unnamed")
    assert finding.sentence.startswith("the judge without a name scores the same outputs 0.40 hi")


def twice(first: tuple[PlanEvent, ...], second: tuple[PlanEvent, ...]) -> Iterator[PlanSample]:
    """Ten works, each planned twice."""
    for number in range(10):
        plan = created().model_copy(update={"goal": f"Work {number}"})
        for half, events in enumerate((first, second)):
            name, position = f"p{number}-{half}", 200 * number + 100 * half
            yield sample_of(plan, *events, plan_id=name, first=position + 1)


def test_plans_of_the_same_work_are_compared_unless_it_failed_before() -> None:
    low, high = (by("x", 0.5),), (by("y", 0.9),)
    prompts = (by("y", 0.9, kind=ScoreKind.PROMPT),)
    assert shown(twice(low, high)) == [(K.JUDGE_MILDER, "model:y")]
    assert shown(twice((*low, replan()), high)) == []
    assert shown(twice(low, (*high, replan()))) == [(K.JUDGE_MILDER, "model:y")]
    assert shown(twice(high, low)) == [(K.JUDGE_MILDER, "model:y")]
    assert shown(twice(low, prompts)) == []


def test_work_that_fails_while_it_is_planned_again_is_compared() -> None:
    samples = list(twice((by("x", 0.5), replan()), (by("y", 0.9),)))
    meanwhile = [
        one if one.failed_at is None else replace(one, failed_at=10_000) for one in samples
    ]
    assert shown(meanwhile) == [(K.JUDGE_MILDER, "model:y")]
    unknown = [one if one.failed_at is None else replace(one, created_at=None) for one in samples]
    assert shown(unknown) == []


def test_erased_works_and_programs_are_not_compared() -> None:
    erased = [
        replace(one, created=created().model_copy(update={"goal": None}))
        for one in twice((by("x", 0.5),), (by("y", 0.9),))
    ]
    assert shown(erased) == []
    program = (by("tests", 1.0, sort=ScorerKind.CODE),)
    assert shown(twice((by("x", 0.5),), program)) == []
    assert shown([PlanSample("p")]) == []


# --- one judge's scores ---

SPREAD = tuple(by("x", score, str(n)) for n, score in enumerate((0.3, 0.4, 0.5, 0.58, 0.9, 0.95)))


def test_scores_are_heaped_where_far_more_are_just_above() -> None:
    above = [by("x", 0.74, f"t{n}") for n in range(4)]
    (finding,) = found(plans(10, *SPREAD, *above))
    assert (finding.kind, finding.about) == (K.HEAPED_AT_THRESHOLD, "model:x")
    assert finding.sentence.startswith(
        "of the outputs that the model x scored within 0.1 of the threshold, 40 of 40 are just "
        "above, and 50 % would be expected ("
    )
    assert shown(plans(9, *SPREAD, *above)) == []
    even = [by("x", 0.66)]
    assert shown(plans(10, *SPREAD, *above, *even)) == [(K.HEAPED_AT_THRESHOLD, "model:x")]
    assert shown(plans(10, *SPREAD, *above, *even, *even, *even)) == []


def test_few_scores_near_the_threshold_and_coarse_scales_are_not_judged() -> None:
    assert shown(plans(19, *SPREAD, by("x", 0.74))) == []
    assert shown(plans(20, *SPREAD, by("x", 0.74))) == [(K.HEAPED_AT_THRESHOLD, "model:x")]
    grades = [by("x", grade, f"g{n}") for n, grade in enumerate((0.0, 0.25, 0.5, 0.75, 1.0))]
    assert shown(plans(20, *grades, *([by("x", 0.75)] * 9))) == []
    few = [by("x", 0.1), by("x", 0.3), by("x", 0.74), by("x", 0.75)]
    assert shown(plans(20, *few)) == []


def test_more_plans_than_groups_are_counted_all_the_same() -> None:
    (finding,) = found(plans(_GROUPS + 5, *SPREAD, by("x", 0.74)))
    assert f"{_GROUPS + 5} of {_GROUPS + 5} are just above" in finding.sentence


VARIED = tuple(by("y", score, f"y{n}") for n, score in enumerate((0.3, 0.5, 0.7, 0.9)))


def test_a_judge_is_constant_beside_fellows_who_vary() -> None:
    same = [by("x", 0.8), by("x", 0.81)]
    (finding,) = found(plans(10, *same, *VARIED))
    assert (finding.kind, finding.about) == (K.CONSTANT_SCORES, "model:x")
    assert finding.sentence.startswith(
        "the model x gave 20 of 20 outputs about 0.80; the usual score of its fellows is 25 % of "
        "theirs ("
    )
    assert shown(plans(9, *same, *same, *VARIED)) == []
    assert shown(plans(10, by("x", 0.8), *VARIED)) == []
    assert shown(plans(10, *same, by("x", 0.1), *VARIED)) == []
    assert shown(plans(12, *same)) == []


def test_a_program_that_always_passes_is_not_constant_and_one_that_never_does_is() -> None:
    def programs(score: float) -> list[tuple[FindingKind, str]]:
        varied = [
            by("y", one, f"y{n}", OUTPUT, ScorerKind.CODE) for n, one in enumerate((0.2, 0.6))
        ]
        same = [by("tests", score, task, OUTPUT, ScorerKind.CODE) for task in "ab"]
        return shown(plans(10, *same, *varied))

    assert programs(1.0) == []
    assert programs(0.5) == [(K.CONSTANT_SCORES, "code:tests")]


def test_a_judge_without_a_name_is_beside_all_others_and_models_beside_models() -> None:
    same = [scored(score=0.8)] * 2
    assert shown(plans(10, *same, *VARIED)) == [(K.CONSTANT_SCORES, "unnamed")]
    people = [by("p", 0.8, f"p{n}", OUTPUT, ScorerKind.HUMAN) for n in range(2)]
    assert shown(plans(10, *people, *VARIED)) == []


# --- before and after a change ---


def test_a_judge_takes_the_place_of_another_where_that_one_judges_no_more() -> None:
    before, after = plans(10, by("x", 0.5)), plans(10, by("y", 0.6), since=10)
    assert shown(before, after) == [(K.JUDGE_SWAPPED, "model:y")]
    assert shown(plans(10, by("x", 0.5)), plans(10, by("y", 0.4), since=10)) == []
    assert shown(plans(9, by("x", 0.1)), plans(10, by("y", 0.9), since=10)) == []
    again = plans(1, by("x", 0.5), since=20)
    assert shown(plans(10, by("x", 0.5)), plans(10, by("y", 0.9), since=10), again) == []


def test_the_newest_judge_before_is_the_one_whose_place_is_taken() -> None:
    samples = [
        plans(10, by(name, score), since=10 * number)
        for number, (name, score) in enumerate({"x": 0.2, "y": 0.6, "z": 0.65}.items())
    ]
    (finding,) = found(*samples)
    assert finding.sentence.startswith(
        "the model y took the place of the model x, and scores outputs 0.40 higher ("
    )
    assert finding.event_ids == ("p009@2", "p010@2")


def test_what_others_scored_meanwhile_is_taken_off() -> None:
    def with_stayer(before: float, after: float) -> list[Finding]:
        first = plans(10, by("x", 0.5), by("s", before, "b"))
        return found(first, plans(10, by("y", 0.8), by("s", after, "b"), since=10))

    assert with_stayer(0.5, 0.8) == []
    (finding,) = with_stayer(0.5, 0.6)
    assert "0.20 higher, what others scored +0.10 meanwhile taken off (" in finding.sentence


def test_a_new_version_scores_otherwise_in_either_direction() -> None:
    for change, direction in ((0.1, "higher"), (-0.1, "lower")):
        before = plans(10, by("x", 0.5, version="1"))
        (finding,) = found(before, plans(10, by("x", 0.5 + change, version="2"), since=10))
        assert (finding.kind, finding.about) == (K.VERSION_SHIFTED, "model:x")
        assert finding.sentence.startswith(
            f"version 2 of the model x followed version 1, and scores outputs 0.10 {direction} ("
        )


def test_plans_with_several_versions_or_without_one_are_not_compared() -> None:
    both = (by("x", 0.9, version="1"), by("x", 0.9, version="2"))
    assert shown(plans(10, by("x", 0.5, version="1")), plans(12, *both, since=10)) == []
    assert shown(plans(10, by("x", 0.5)), plans(10, by("x", 0.9, version="2"), since=10)) == []


# --- actors ---


def retractions(actor: str | None, count: int, of: int = 4) -> list[PlanEvent | ByActor]:
    scores: list[PlanEvent] = [by("x", 0.9)] * of
    events: list[PlanEvent] = [*scores, *[retracted(event="p@2")] * count]
    return [event if actor is None else (event, actor) for event in events]


def test_an_actor_retracts_far_more_of_its_scores_than_the_others() -> None:
    others = list(plans(10, *retractions("bob", 0), since=20))
    (finding,) = found(plans(10, *retractions("ada", 1)), others)
    assert (finding.kind, finding.about) == (K.RETRACTS_OFTEN, "ada")
    assert finding.sentence.startswith(
        "over 10 plans, ada retracted 25 % of its scores; the others 0 % ("
    )
    assert shown(plans(9, *retractions("ada", 4)), others) == []
    assert shown(plans(10, *retractions("ada", 4)), others[:9]) == []
    assert shown(plans(10, *retractions("ada", 1, of=11)), others) == []
    assert shown(plans(10, *retractions(None, 4)), others) == []


def test_who_retracts_what_others_scored_is_compared_with_all_scores() -> None:
    events = [*retractions("bob", 0), (retracted(event="p@2"), "eve")]
    (finding,) = found(plans(10, *events))
    assert (finding.about, round(finding.judged_by.effect, 2) if finding.judged_by else 0) == (
        "eve",
        0.25,
    )


def test_an_actor_approves_far_more_often_than_the_others_who_answer() -> None:
    def answers(actor: str, *given: PlanEvent) -> list[PlanEvent | ByActor]:
        return [event for one in given for event in (replan(), (one, actor))]

    approved, revised = GateApproved(at=MORNING), PlanRevised(at=MORNING)
    others = list(plans(10, *answers("bob", approved, revised, revised, revised), since=20))
    approving = plans(10, *answers("ada", approved, revised))
    assert shown(approving, others) == [(K.APPROVES_OFTEN, "ada")]
    little = plans(10, *answers("ada", *[approved] * 2, *[revised] * 3))
    assert shown(little, others) == []


# --- added tasks ---


def padding(added: int, planned: int, by_: float = 0.2, *, lifted: bool = True) -> PlanSample:
    shown_by = EventList.of(None, "p@5", "p@6")
    tasks = AddedTasks((0.5 + by_,) * added, (0.5,) * planned, lifted, shown_by)
    return PlanSample("p", added=tasks)


def test_a_plan_is_padded_where_easy_tasks_lifted_it() -> None:
    (finding,) = found([padding(3, 4)])
    assert (finding.kind, finding.about, finding.plan_id, finding.severity) == (
        K.PADDED,
        None,
        "p",
        "warning",
    )
    assert finding.sentence == (
        "3 tasks that were added when the rolling confidence was low score 0.70 on average, and "
        "4 planned ones 0.50; without them it is below the threshold (Mann-Whitney test over 1 "
        "plan: p 0.0010; the only comparison)"
    )
    assert shown([padding(2, 4), padding(3, 3)]) == []
    assert shown([padding(3, 4, 0.19), padding(3, 4, lifted=False)]) == []


def test_a_little_better_is_expected_after_a_revision() -> None:
    sure, distributions = Sure(), Distributions()
    distributions.add(padding(3, 4))
    list(distributions.findings(sure))
    assert sure.compared == [[Shifted((0.5,) * 4, [0.6] * 3)]]


# --- how it was judged ---


def test_small_p_values_are_not_written_out() -> None:
    judged = JudgedBy(
        test="a test",
        measure="a measure",
        effect=0.5,
        p=0.00009,
        adjusted_p=0.0001,
        comparisons=2,
        plans=20,
    )
    assert judged.text == "a test over 20 plans: p < 0.0001; 0.0001 adjusted for 2 comparisons"


def test_chance_gives_no_finding() -> None:
    distributions = Distributions()
    for number in range(10):
        for one in plans(1, by("x", 0.9 if number % 2 else 0.5), by("y", 0.65), since=number):
            distributions.add(one)
    assert list(distributions.findings(load_statistics)) == []


# --- the report ---

OFF = {"severity": dict.fromkeys(FROM_DISTRIBUTIONS, "off")}


@pytest.fixture
def two_judges(registry: PlanRegistry) -> PlanRegistry:
    """A registry without statistics, in which one judge is milder in ten plans."""
    for number in range(10):
        registry.create(f"Work {number}", [{"id": "a", "title": "A"}], plan_id=f"p{number}")
        for name, score in (("x", 0.75), ("y", 0.95)):
            registry.score_output(f"p{number}", "a", score, scorer=name, rationale="Read.")
    return registry


def test_without_statistics_the_report_says_what_was_not_judged(two_judges: PlanRegistry) -> None:
    report = two_judges.evidence.findings()
    assert (report.finding_count, report.not_judged) == (
        0,
        "Distributions were not judged: this registry was made without statistics",
    )
    assert two_judges.evidence.findings(config=OFF).not_judged is None
    assert two_judges.evidence.findings(["p1", "p2"]).not_judged is None
    with pytest.raises(AnalysisMissing):
        no_statistics()


def test_a_finding_of_many_plans_is_accepted_by_whom_it_is_about() -> None:
    with connect("memory:") as registry:
        for number in range(10):
            registry.create(f"Work {number}", [{"id": "a", "title": "A"}], plan_id=f"p{number}")
            for name, score in (("x", 0.75), ("y", 0.95)):
                registry.score_output(f"p{number}", "a", score, scorer=name, rationale="Read.")

        def counts(**exception: str) -> tuple[int, int]:
            accept = [{**exception, "reason": "It is known."}]
            report = registry.evidence.findings(config={"accept": accept})
            return report.finding_count, report.accepted_count

        assert counts(about="model:y") == (0, 1)
        assert counts(about="model:y", kind="judge_milder") == (0, 1)
        assert counts(kind="judge_milder") == (0, 1)
        assert counts(about="model:x") == (1, 0)
        assert counts(plan_id="p9") == (1, 0)
