"""How the scores of several judges combine, and which of them have a say."""

import random
from copy import deepcopy
from itertools import permutations
from math import fsum
from statistics import mean, median

import pytest

from plangate.domain.judging import UNNAMED, JudgeKey, Judgement, judge_key
from plangate.domain.panel import Leeway, Panel, PanelRule
from plangate.domain.vocabulary import Judges, Scorer, ScorerKind

ANN, BEN, CY = (JudgeKey(ScorerKind.MODEL, name) for name in ("ann", "ben", "cy"))


def rule(judges: Judges, least: int = 1) -> PanelRule:
    return PanelRule(judges, least)


def by(judge: JudgeKey, score: float, version: int, *, clamped: bool = False) -> Judgement:
    return Judgement(score, version, clamped, judge)


def panel(*oldest_first: Judgement, judges: Judges = Judges.MEAN, least: int = 1) -> Panel:
    found = Panel.of(reversed(oldest_first), rule(judges, least))
    assert isinstance(found, Panel)
    return found


def test_versions_of_one_scorer_are_one_judge() -> None:
    old = Scorer(kind=ScorerKind.MODEL, name="judge", version="1")
    new = Scorer(kind=ScorerKind.MODEL, name="judge", version="2")
    assert judge_key(old) == judge_key(new) == JudgeKey(ScorerKind.MODEL, "judge")
    assert str(judge_key(new)) == "model:judge"


def test_scorers_of_one_name_and_another_kind_are_two_judges() -> None:
    model = Scorer(kind=ScorerKind.MODEL, name="sam")
    human = Scorer(kind=ScorerKind.HUMAN, name="sam")
    assert judge_key(model) != judge_key(human)


def test_scores_without_a_scorer_come_from_one_judge() -> None:
    assert judge_key(None) is UNNAMED
    assert str(UNNAMED) == "unnamed"


@pytest.mark.parametrize(
    "judges, scores, combined",
    [
        (Judges.NEWEST, [0.2, 0.9, 0.4], 0.2),
        (Judges.MEAN, [0.2, 0.9, 0.4], 0.5),
        (Judges.MEAN, [0.3], 0.3),
        (Judges.MIN, [0.9, 0.2, 0.4], 0.2),
        (Judges.MEDIAN, [0.9, 0.2, 0.4], 0.4),
        (Judges.MEDIAN, [0.9, 0.2, 0.4, 0.8], 0.6),
        (Judges.MEDIAN, [0.9, 0.2], 0.55),
        (Judges.MEDIAN, [0.7], 0.7),
        (Judges.TRIMMED, [0.9], 0.9),
        (Judges.TRIMMED, [0.9, 0.2], 0.55),
        (Judges.TRIMMED, [0.9, 0.2, 0.4], 0.4),
        (Judges.TRIMMED, [0.9, 0.2, 0.4, 0.8], 0.6),
        (Judges.TRIMMED, [0.0, 0.9, 0.3, 1.0, 0.6], 0.6),
    ],
)
def test_scores_combine(judges: Judges, scores: list[float], combined: float) -> None:
    assert rule(judges).combined(scores) == pytest.approx(combined, abs=1e-15)


def test_but_for_the_newest_the_order_of_the_scores_changes_no_bit() -> None:
    scores = [0.1, 0.2, 0.3, 0.7, 1 / 3]
    for judges in set(Judges) - {Judges.NEWEST}:
        assert len({rule(judges).combined(p) for p in permutations(scores)}) == 1


@pytest.mark.parametrize("judges", Judges)
def test_the_shares_of_the_scores_sum_to_what_they_combine_to(judges: Judges) -> None:
    chance = random.Random(17)
    for count in range(1, 8):
        scores = [chance.choice([0.0, 0.5, 1.0, chance.random()]) for _ in range(count)]
        shares = rule(judges).shares(scores)
        parts = [share * score for share, score in zip(shares, scores, strict=True)]
        assert fsum(shares) == pytest.approx(1.0, abs=1e-12)
        assert fsum(parts) == pytest.approx(rule(judges).combined(scores), abs=1e-12)


def test_what_is_left_out_has_no_share() -> None:
    assert rule(Judges.NEWEST).shares([0.4, 0.9]) == (1.0, 0.0)
    assert rule(Judges.MIN).shares([0.4, 0.9, 0.1]) == (0.0, 0.0, 1.0)
    assert rule(Judges.TRIMMED).shares([0.4, 0.9, 0.1, 0.5]) == (0.5, 0.0, 0.0, 0.5)
    assert rule(Judges.MEDIAN).shares([0.4, 0.9, 0.1, 0.5]) == (0.5, 0.0, 0.0, 0.5)
    assert rule(Judges.MEAN).shares([0.4, 0.9]) == (0.5, 0.5)


@pytest.mark.parametrize("judges", Judges)
def test_the_leeway_of_a_score_is_how_the_combined_one_follows_it(judges: Judges) -> None:
    chance = random.Random(23)
    for count in range(1, 8):
        scores = [chance.random() for _ in range(count)]
        for index in range(count):
            way = rule(judges).leeway(scores, index)
            for to in (0.0, 1.0, *(chance.random() for _ in range(20))):
                moved = [*scores[:index], to, *scores[index + 1 :]]
                combined = rule(judges).combined(moved)
                assert way.combined(to) == pytest.approx(combined, abs=1e-12)
                if way.low <= to <= way.high:
                    assert way.score_for(combined) == pytest.approx(to, abs=1e-11)


def test_a_score_counts_only_within_its_leeway() -> None:
    median_of_three = rule(Judges.MEDIAN).leeway([0.1, 0.4, 0.8], 0)
    assert median_of_three == Leeway(low=0.4, high=0.8, fixed=0.0, size=1)
    assert [median_of_three.combined(score) for score in (0.1, 0.6, 0.9)] == [0.4, 0.6, 0.8]
    assert rule(Judges.MEAN).leeway([0.2, 0.4], 1).score_for(0.5) == 0.8
    assert rule(Judges.NEWEST).leeway([0.2, 0.4], 1) == Leeway(0.0, 0.0, 0.2, 1)
    assert rule(Judges.NEWEST).leeway([0.2, 0.4], 0) == Leeway(0.0, 1.0, 0.0, 1)
    assert rule(Judges.MIN).leeway([0.2, 0.4, 0.6], 2) == Leeway(0.0, 0.2, 0.0, 1)


def test_each_judge_has_one_say_its_newest() -> None:
    found = panel(by(ANN, 0.1, 2), by(BEN, 0.5, 3), by(ANN, 0.9, 4))
    assert found.latest == (by(ANN, 0.9, 4), by(BEN, 0.5, 3))
    assert found.score == mean([0.9, 0.5])
    assert list(found) == [by(ANN, 0.9, 4), by(BEN, 0.5, 3), by(ANN, 0.1, 2)]
    assert found.counting == found.latest


def test_the_newest_score_alone_counts_where_the_policy_says_so() -> None:
    found = panel(by(ANN, 0.1, 2), by(BEN, 0.5, 3), judges=Judges.NEWEST, least=2)
    assert (found.score, found.counting) == (0.5, (by(BEN, 0.5, 3),))


def test_nothing_counts_before_enough_judges_scored() -> None:
    found = panel(by(ANN, 0.1, 2), by(ANN, 0.2, 3), least=3)
    assert (found.score, found.missing, found.counting) == (None, 2, ())
    found = panel(*reversed(found), by(BEN, 0.3, 4), least=3)
    assert (found.score, found.missing) == (None, 1)
    found = panel(*reversed(found), by(CY, 0.4, 5), least=3)
    assert (found.score, found.missing) == (mean([0.2, 0.3, 0.4]), 0)
    assert panel(*reversed(found), by(UNNAMED, 0.0, 6), least=3).missing == 0


def test_a_panel_of_nothing_is_nothing() -> None:
    assert Panel.of((), rule(Judges.MEAN)) == ()


def test_a_panel_is_the_same_once_it_was_copied() -> None:
    found = panel(by(ANN, 0.1, 2), by(BEN, 0.5, 3), by(CY, 0.7, 4), judges=Judges.MEDIAN)
    again = deepcopy(found)
    assert isinstance(again, Panel)
    assert (again, again.latest, again.score) == (found, found.latest, median([0.1, 0.5, 0.7]))
    assert again.rule == found.rule


def test_some_scores_may_be_others() -> None:
    three = panel(by(ANN, 0.2, 1), by(BEN, 0.4, 2), by(CY, 0.9, 3))
    assert three.combined_with({}) == three.score == 0.5
    assert three.combined_with({0: 0.3, 2: 0.8}) == 0.5
    assert three.combined_with({1: 1.0}) == pytest.approx(0.7)


def test_the_best_score_is_the_end_of_the_leeway() -> None:
    assert rule(Judges.MEAN).leeway([0.2, 0.5], 0) == Leeway(0.0, 1.0, 0.5, 2)
