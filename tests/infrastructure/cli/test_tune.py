"""`plangate replay tune` shows what the folds choose beside what needs no choice."""

import json
import random

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.replay.tune import Tuning
from tests.infrastructure.cli.conftest import Plangate


@pytest.fixture
def reviewed(registry: PlanRegistry) -> None:
    """Three reviews of each of eight goals, of which every second is good."""
    chance = random.Random(1)
    for group in range(8):
        for repeat in range(3):
            tasks = [{"id": f"t{n}", "title": f"T{n}"} for n in range(2)]
            registry.create(f"Goal {group}", tasks, plan_id=f"g{group}-{repeat}")
            for task in range(2):
                score = min(max(chance.gauss(0.7 if group % 2 else 0.3, 0.05), 0.0), 1.0)
                registry.score_output(f"g{group}-{repeat}", f"t{task}", score)


ASKED = (
    *("replay", "tune", "--all", "--truth", "repeats:0.5", "--policy", "classic"),
    *("--grid", "confidence_threshold=0.45,0.5"),
)


def said(plangate: Plangate, *words: str) -> str:
    return " ".join(plangate(*words).stdout.split())


@pytest.mark.usefixtures("reviewed")
def test_it_shows_the_choice_the_baselines_and_the_folds(plangate: Plangate) -> None:
    shown = said(plangate, *ASKED)

    assert shown.startswith("Nothing is recommended: what is tuned is not clearly better than")
    assert "All cases would choose: confidence_threshold 0.45; 2 of 2 policies are" in shown
    assert "than the plain mean +0 points [+0, +0], than what was recorded" in shown
    assert "Its other fields have their defaults." in shown
    assert "Tried 2 policies on 24 plans, 12 of them bad, in 8 groups by goal." in shown
    assert "That is a proxy, not the truth" in shown
    assert "No one reacts to the gate" in shown
    assert "tuned 100 100 [40, 100] 100 [40, 100] 0 [0, 60] 100 [40, 100]" in shown
    for line in ("mean 100 100 [", "recorded ", "classic ", "steady ", "always 50 50 100 100 50"):
        assert line in shown
    assert "never 50 50 0 0 –" in shown
    assert "in %; 50 is chance." in shown
    assert shown.count("confidence_threshold 0.45 6 3 100 100") == 3

    shown = said(plangate, *ASKED, "--cost", "missed=5", "stopped=1", "--tries", "1")

    assert "the mean cost of a case, 5 for a bad one that is missed and 1 for a good" in shown
    assert "Tried 1 policy on 24 plans" in shown
    assert "never 2.50 2.50 [" in shown
    assert "than the plain mean +0.00 [+0.00, +0.00]" in shown

    result = plangate("--json", *ASKED, "--folds", "4", "--by", "label", "--seed", "3")

    answer = Tuning.model_validate(json.loads(result.stdout))
    assert (len(answer.folds), answer.by, answer.seed, answer.tried) == (4, "label", 3, 2)
    assert {one.id for one in answer.assumptions} >= {"no_reaction"}


def test_without_cases_it_says_why_and_what_can_stand_in(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")

    shown = said(plangate, "replay", "tune", "p", "--grid", "decay=1")

    assert shown.startswith("Nothing is recommended: no scored result has an outcome; repeats:CUT")
    assert "Nothing was tried: 1 plan without a case." in shown
    assert "Tried" not in shown


@pytest.mark.parametrize(
    "words, problem",
    [
        ((), "name plans, or give --all"),
        (("--all", "--truth", "rumours"), "must be outcomes, or repeats:CUT"),
        (("--all", "--cost", "missed=0", "stopped=0"), "must cost something"),
        (("--all", "--folds", "1"), "must be greater than or equal to 2"),
        (("--all", "--grid", "min_scored=1:2000:1"), "at most 1,000"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    plangate: Plangate, registry: PlanRegistry, words: tuple[str, ...], problem: str
) -> None:
    registry.create("g", [{"title": "A"}], plan_id="p")
    result = plangate("replay", "tune", *words)
    assert result.exit_code in {2, 3}  # a bad option, or an answer that is refused
    assert problem in " ".join(result.stderr.split())
