"""Which scores come from one judge."""

from plangate.domain.judging import UNNAMED, JudgeKey, judge_key
from plangate.domain.vocabulary import Scorer, ScorerKind


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
