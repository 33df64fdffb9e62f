"""`plangate evidence calibrate` answers the question, or says that it is inconclusive."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def judged(registry: PlanRegistry, accepted: Callable[[float], bool]) -> None:
    """Twelve plans of two tasks with outcomes, and one task that was never scored."""
    for number in range(12):
        plan_id, scores = f"p{number}", (0.3 + number / 100, 0.8 + number / 100)
        tasks = [{"id": f"t{n}", "title": "T"} for n in range(3)]
        registry.create("g", tasks, plan_id=plan_id)
        for place, score in enumerate(scores):
            outcome = "accepted" if accepted(score) else "rejected"
            registry.score_output(plan_id, f"t{place}", score)
            registry.record_outcome(plan_id, f"t{place}", outcome, source="ci")
    registry.record_outcome("p0", "t2", "accepted", source="ci")


def said(plangate: Plangate, *words: str) -> str:
    return " ".join(plangate("evidence", "calibrate", *words).stdout.split())


def test_a_good_judge_is_confirmed_with_its_statistics(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    judged(registry, lambda score: score > 0.5)

    shown = said(plangate)

    assert "24 outcomes of 12 plans (ci 24): 12 accepted, 12 rejected; task confidence" in shown
    assert "; 1 of unscored tasks left out" in shown
    assert "Yes: of a rejected and an accepted task, the rejected one had the lower" in shown
    assert "in 100% [74, 100] (chance: 50%)." in shown
    brier = registry.evidence.calibrate().brier
    assert f"Brier score {brier.value:.3f} [{brier.low:.3f}, {brier.high:.3f}]; always" in shown
    assert "0.3 – 0.4 10 not enough outcomes" in shown
    assert "0.8 – 0.9 10 not enough outcomes" in shown
    assert "0.50 12 not enough outcomes not enough outcomes 12 not enough outcomes" in shown
    assert "0.05" not in shown  # a gate that divides nothing is not shown
    assert "from 1,000 draws of whole plans" in shown


def test_a_judge_who_is_upside_down_is_reported(plangate: Plangate, registry: PlanRegistry) -> None:
    judged(registry, lambda score: score < 0.5)

    assert "On the contrary: of a rejected" in said(plangate)


def test_chance_is_called_chance(plangate: Plangate, registry: PlanRegistry) -> None:
    judged(registry, lambda score: round(score * 100) % 2 == 0)

    shown = said(plangate, "--confidence", "rolling", "--seed", "3")

    assert "No better than chance: of a rejected" in shown
    assert "rolling confidence" in shown


def test_with_enough_in_a_bin_a_bar_shows_whether_it_is_where_it_should_be(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    for number in range(12):
        tasks = [{"id": f"t{n}", "title": "T"} for n in range(2)]
        registry.create("g", tasks, plan_id=f"p{number}")
        for task in ("t0", "t1"):
            registry.score_output(f"p{number}", task, 0.95)
            registry.record_outcome(
                f"p{number}", task, "accepted" if number else "rejected", source="ci"
            )

    shown = said(plangate)

    assert "Inconclusive: not enough outcomes: 2 of 10 of each sort" in shown
    assert "0.9 – 1.0 24 92% [75, 100] ━" in shown
    assert "The mark is the mean confidence" in shown


def test_without_outcomes_it_is_inconclusive_also_in_json(plangate: Plangate, billing: str) -> None:
    shown = said(plangate, billing)

    assert "0 outcomes of 0 plans: 0 accepted, 0 rejected; task confidence" in shown
    assert "Inconclusive: not enough outcomes: 0 of 20 outcomes, 0 of 10 plans" in shown
    assert "gate" not in shown

    answer = plangate("evidence", "calibrate", billing, "--json").json
    estimates = [answer["ranking"], answer["brier"], answer["base_brier"]]
    estimates += [one["accepted"] for one in answer["bins"]]
    estimates += [
        point[name] for point in answer["thresholds"] for name in ("precision", "recall", "passed")
    ]
    assert len(estimates) == 3 + 10 + 19 * 3
    for estimate in estimates:
        assert (estimate["value"], estimate["low"], estimate["high"]) == (None, None, None)
        assert estimate["reason"].startswith("not enough outcomes: ")


def test_the_same_command_gives_the_same_answer(plangate: Plangate, registry: PlanRegistry) -> None:
    judged(registry, lambda score: score > 0.395)

    assert (
        plangate("evidence", "calibrate", "--json").json
        == plangate("evidence", "calibrate", "--json").json
    )
    once, other = (plangate("evidence", "calibrate", "--seed", s, "--json").json for s in "01")
    assert once["brier"]["value"] == other["brier"]["value"]
    assert once["brier"]["low"] != other["brier"]["low"]


def test_unreadable_plans_are_reported(
    plangate: Plangate, registry: PlanRegistry, billing: str, database: Path
) -> None:
    registry.pause(billing, "lunch")
    with closing(sqlite3.connect(database)) as file:
        file.execute("UPDATE stored_events SET state = '{' WHERE originator_version = 2")
        file.commit()

    assert plangate("evidence", "calibrate").stderr.startswith(
        "warning: billing@2 cannot be read: "
    )


def test_without_scipy_the_extra_is_named(
    plangate: Plangate, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plangate.infrastructure.statistics.scipy_statistics", None)

    refused = plangate("evidence", "calibrate", billing)

    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "pip install 'plangate[analysis]'" in refused.stderr


def test_it_can_be_drawn(plangate: Plangate, billing: str, tmp_path: Path) -> None:
    assert plangate("evidence", "calibrate", billing, "--plot", "picture.html").exit_code == 0
    assert "not enough outcomes" in (tmp_path / "picture.html").read_text("utf-8")

    refused = plangate("evidence", "calibrate", billing, "--plot", "picture.gif")
    assert (refused.exit_code, (tmp_path / "picture.gif").exists()) == (2, False)
