"""`plangate evidence calibrate` answers the question, or says that it is inconclusive."""

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plangate.application.evidence.estimates import Estimate
from plangate.application.evidence.gate_worth import CostPoint, Costs
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.render.gate_worth import cost_table
from plangate.infrastructure.cli.render.judges import group_table
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
    assert "0.3 – 0.4 10 –" in shown
    assert "0.8 – 0.9 10 –" in shown
    assert "0.50 12 – – 12 –" in shown
    assert shown.count("not enough outcomes") == 1
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

    one = registry.evidence.calibrate().bins[9].accepted
    assert one.low is not None
    assert one.high is not None
    assert "Inconclusive: not enough outcomes: 2 of 10 of each sort" in shown
    assert f"0.9 – 1.0 24 92% [{100 * one.low:.0f}, {100 * one.high:.0f}] ━" in shown
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


# --- the gate, judges, groups and costs ---

STRICT = {"kind": "model", "name": "strict", "version": "1"}
MILD = {"kind": "human", "name": "mild"}


PLANS = 40


@pytest.fixture(scope="module")
def judged_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty plans over three years: one judge is right, the other turns mild half-way."""
    path = tmp_path_factory.mktemp("judged") / "plans.db"
    with connect(path) as registry:
        for number in range(PLANS):
            plan_id = f"p{number}"
            tasks = [{"id": f"t{n}", "title": "T"} for n in range(4)]
            registry.create("g", tasks, plan_id=plan_id, labels=["odd"] if number % 2 else [])
            day = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=30 * number)
            for place in range(4):
                judge = STRICT if place % 2 else MILD
                good = (number + place) % 3 > 0
                too_mild = judge is MILD and number >= PLANS / 2
                score = 0.9 if good or too_mild else 0.2 + place / 50
                registry.score_output(plan_id, f"t{place}", score, scorer=judge, occurred_at=day)
                outcome = "accepted" if good else "rejected"
                registry.record_outcome(plan_id, f"t{place}", outcome, source="ci")
                registry.approve(plan_id, "go on")
    return path


@pytest.fixture
def two_judges(judged_file: Path, database: Path) -> Iterator[PlanRegistry]:
    """The registry on a copy of them."""
    shutil.copy(judged_file, database)
    with connect(database) as registry:
        yield registry


def test_what_the_gate_would_have_stopped_is_shown(
    plangate: Plangate, two_judges: PlanRegistry
) -> None:
    gate = two_judges.evidence.calibrate().gate

    own = said(plangate)

    assert "What the gate would have stopped, by the plans' own policies" in own
    stopped = gate.stopped_bad + gate.stopped_good
    assert f"of the stopped, rejected {gate.stopped_bad} of {stopped} " in own
    assert (
        f"of the rejected, stopped {gate.stopped_bad} of {gate.stopped_bad + gate.missed_bad}"
        in own
    )
    other = said(plangate, "--policy", "steady", "--set", "confidence_threshold=0")
    assert "stopped, with preset=steady, confidence_threshold=0" in other
    assert "of the stopped, rejected 0 of 0 –" in other


def test_what_the_gate_cannot_judge_is_left_out_and_counted(
    plangate: Plangate, two_judges: PlanRegistry
) -> None:
    two_judges.create("g", [{"id": "t", "title": "T"}], plan_id="q")
    two_judges.score_prompt("q", "t", 0.5)
    two_judges.record_outcome("q", "t", "rejected", source="ci")
    two_judges.create("g", [{"id": "t", "title": "T"}], plan_id="r", policy={"exit_threshold": 0.9})

    shown = said(plangate, "--set", "confidence_threshold=0.95")

    assert "Left out: 1 outcome without an output score, 1 plan that the policy does not fit." in (
        shown
    )


@pytest.mark.usefixtures("two_judges")
def test_each_judge_is_shown_with_what_changed(plangate: Plangate) -> None:
    shown = said(plangate)

    assert "What a judge's score is worth: the share accepted, by an isotonic fit" in shown
    assert "judge outcomes 0.5 0.7 0.9" in shown
    assert "human:mild 80" in shown
    assert "Changed: human:mild drifts by +0.0" in shown
    assert "Changed: human:mild is too high by " in shown
    assert "Changed: model:strict" not in shown
    assert "(4 tests, corrected by Benjamini–Hochberg)" in shown


@pytest.mark.usefixtures("two_judges")
def test_a_judge_that_did_not_change_is_said_not_to_have(plangate: Plangate) -> None:
    before = [f"p{number}" for number in range(PLANS // 2)]

    assert "No judge is found to have changed (4 tests, corrected by" in said(plangate, *before)
    assert "Too few plans to test whether a judge changed." in said(plangate, *before[:12])


@pytest.mark.usefixtures("two_judges")
def test_groups_are_told_apart(plangate: Plangate) -> None:
    shown = said(plangate, "--by", "label")
    assert "By label label cases accepted too high ranking stopped ─" in shown
    assert " no label 80 6" in shown
    months = said(plangate, "--by", "month")
    assert "2023-01 8 – – – –" in months
    assert "By month" in months
    answer = plangate("evidence", "calibrate", "--by", "version", "--json").json
    names = [group["name"] for group in answer["groups"]]
    assert (answer["by"], names) == (
        "version",
        ["human:mild without a version", "model:strict 1"],
    )
    assert answer["groups"][0]["accepted"]["cases"] == 80


def test_no_table_is_shown_where_there_are_no_groups() -> None:
    shown = [str(line) for line in group_table("month", ())]

    assert shown == ["By month", "No outcome can be grouped."]


@pytest.mark.usefixtures("two_judges")
def test_costs_by_threshold_are_shown_with_the_cheapest(plangate: Plangate) -> None:
    cost = ("--cost", "missed=5", "stopped=1")

    shown = said(plangate, *cost)

    assert "Cost by threshold: a missed result 5, a good one stopped 1" in shown
    assert "threshold missed good stopped total a result" in shown
    assert "0.00 54 0 270 1.69 [" in shown
    refused = plangate("evidence", "calibrate", "--cost", "missed=1e308", "stopped=1")
    assert (refused.exit_code, refused.stdout) == (3, "")
    costs = plangate("evidence", "calibrate", *cost, "--json").json["costs"]
    assert f"{costs['cheapest']:.2f} " in shown
    assert "cheapest" in shown
    assert len(costs["points"]) == 21


def test_one_threshold_may_be_cheaper_than_every_other() -> None:
    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value, high=value, cases=90, plans=30)

    points = tuple(
        CostPoint(
            threshold=threshold,
            missed_bad=1,
            stopped_good=1,
            total=90 * mean,
            mean=estimate(mean),
            extra=estimate(mean - 1.0),
            overlaps=mean <= 1.0,
        )
        for threshold, mean in ((0.2, 1.5), (0.4, 1.0))
    )

    shown = list(cost_table(Costs(missed=5, stopped=1, points=points, cheapest=0.4)))

    assert str(shown[-1]) == "Every other threshold costs more than the cheapest."


def test_costs_of_too_few_outcomes_are_not_compared(plangate: Plangate, billing: str) -> None:
    shown = said(plangate, billing, "--cost", "missed=5", "stopped=1", "--by", "source")

    assert "Inconclusive: not enough outcomes: 0 of 20 outcomes, 0 of 10 plans" in shown
    assert shown.count("Inconclusive") == 2
    assert "By source" in shown


@pytest.mark.parametrize(
    "words, code, why",
    [
        (("--by", "weather"), 2, "'weather' is not one of"),
        (("--cost", "missed=5"), 2, "requires 2 arguments"),
        (("--cost", "missed=5", "late=1"), 3, "cost.stopped: is required"),
        (("--cost", "missed=0", "stopped=0"), 3, "must cost something"),
        (("--cost", "missed", "stopped"), 2, "write FIELD=VALUE"),
        (("--policy", "gentle"), 3, "gentle"),
    ],
)
def test_wrong_options_are_refused(
    plangate: Plangate, billing: str, words: tuple[str, ...], code: int, why: str
) -> None:
    refused = plangate("evidence", "calibrate", billing, *words)

    assert (refused.exit_code, refused.stdout) == (code, "")
    assert why in " ".join(refused.stderr.split())


@pytest.mark.usefixtures("two_judges")
def test_it_fits_eighty_columns(plangate: Plangate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    shown = plangate("evidence", "calibrate", "--by", "version", "--cost", "missed=5", "stopped=1")

    assert max(len(line.rstrip()) for line in shown.stdout.splitlines()) <= 80
