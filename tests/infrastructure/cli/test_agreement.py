"""`plangate evidence agreement` says how far judges agree, or what is missing."""

import json
import re
import sys
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate
from tests.support.real_judgements import WHOLE

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "agreement.md"
TASKS = [{"id": name, "title": name.upper()} for name in "ab"]


def said(plangate: Plangate, *words: str) -> str:
    answer = plangate("evidence", "agreement", *words)
    assert answer.exit_code == 0, answer.stderr
    return " ".join(answer.stdout.split())


def judged(registry: PlanRegistry, judges: str = "xy", plans: int = 20) -> None:
    """Plans that the first judge finds low now and then, and the others never."""
    for number in range(plans):
        plan_id = f"p{number}"
        registry.create(f"work {number // 2}", TASKS, plan_id=plan_id)
        for judge in judges:
            for task in "ab":
                score = 0.2 if judge == "x" and number % 2 else 0.9
                registry.score_output(plan_id, task, score, scorer=f"model:{judge}")


def test_judges_are_compared_in_scores_and_verdicts(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    judged(registry)

    shown = said(plangate)

    assert "20 plans; scores of 2 judges: model:x 40, model:y 40" in shown
    assert "Two judges of the same tasks judge scores plans kappa alpha" in shown
    assert "model:x and model:y 40 20 " in shown
    assert "own 20 25% [" in shown
    assert "] 50% [" in shown
    assert "One judge again, on the same work (10 works by goal and titles)" in shown
    assert "all 2 80 20 " in shown
    assert "model:y 40 20 – " in shown
    assert shown.count("–: not enough scores: 0 of 10 of each sort (model:y)") == 1
    assert "95% intervals, from 1,000 draws of whole plans." in shown
    assert "95% intervals, from 1,000 draws of whole works." in shown
    assert "each with plans of the same work: no two judges scored plans of their own" in shown


def test_one_judge_is_asked_for_another(plangate: Plangate, registry: PlanRegistry) -> None:
    judged(registry, "x", plans=12)

    shown = said(plangate)

    assert "Two judges of the same tasks: one judge only, model:x: let another one" in shown
    assert "draws of the plans of each work: they speak of these works alone." in shown


def test_what_is_left_out_is_said(plangate: Plangate, registry: PlanRegistry) -> None:
    registry.create("g", [*TASKS, {"id": "c", "title": "C"}], plan_id="p",
                    policy={"exit_threshold": 0.8})  # fmt: skip
    for judge, tasks in (("x", "abc"), ("y", "a"), ("z", "abc")):
        for task in tasks:
            registry.score_output("p", task, 0.9, scorer=f"model:{judge}")

    shown = said(plangate, "--set", "confidence_threshold=0.9")

    assert "confidence_threshold 0.9: 2 verdicts missing, as it does not fit" in shown
    assert "Without 2 pairs in a plan that share less than half of what either" in shown


def test_many_pairs_are_shortened(plangate: Plangate, registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p")
    for judge in range(8):
        registry.score_output("p", "a", 0.9, scorer=f"model:j{judge}")

    assert "and 8 pairs more" in said(plangate)


def test_another_policy_is_tried_beside_the_usual_ones(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    judged(registry)

    options = ("--policy", "steady", "--set", "confidence_threshold=0.6", "--json")
    answer = plangate("evidence", "agreement", *options).json

    assert answer["policies"][-1] == "steady, confidence_threshold 0.6"
    assert answer == registry.evidence.agreement(
        policies={
            "steady, confidence_threshold 0.6": {"preset": "steady", "confidence_threshold": 0.6}
        }
    ).model_dump(mode="json")


def test_a_preset_alone_is_tried_anyway(plangate: Plangate) -> None:
    refused = plangate("evidence", "agreement", "--policy", "steady")

    assert refused.exit_code == 2
    assert "give --set with --policy" in refused.stderr


def test_without_scipy_it_says_what_to_install(
    plangate: Plangate, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(registry, plans=1)
    for module in list(sys.modules):
        if module.startswith("plangate.infrastructure.statistics."):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "scipy", None)

    refused = plangate("evidence", "agreement")

    assert refused.exit_code != 0
    assert "pip install 'plangate[analysis]'" in refused.stderr


@pytest.mark.skipif(not WHOLE.path.exists(), reason="the recording lies beside the checkout")
def test_the_page_shows_what_the_recording_leads_to(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert plangate("apply", str(WHOLE.path)).exit_code == 0
    block = re.search(
        r"^\$ plangate apply .*?^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert block is not None
    shown = plangate("evidence", "agreement").stdout
    lines = [line.rstrip() for line in shown.rstrip().splitlines()]
    assert block[0].splitlines()[2:-1] == lines


@pytest.mark.skipif(not WHOLE.path.exists(), reason="the recording lies beside the checkout")
def test_the_page_says_what_comes_of_repeats_that_are_named(
    plangate: Plangate, tmp_path: Path
) -> None:
    first: dict[str, str] = {}
    lines = [json.loads(line) for line in WHOLE.path.read_text("utf-8").splitlines()]
    for line in lines:
        if line["op"] == "create":
            review = line["plan_id"].rpartition("-r")[0]
            line["metadata"] = {"replicate_of": first.setdefault(review, line["plan_id"])}
    trace = tmp_path / "named.trace.jsonl"
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert plangate("apply", str(trace)).exit_code == 0

    answer = plangate("evidence", "agreement", "--json").json
    found = {one["policy"]: one for one in answer["repeats"]["verdicts"]}

    said = " ".join(PAGE.read_text("utf-8").split())
    for policy, sentence in (
        ("steady", "`steady` differs in {} of the plans, kappa {}"),
        ("threshold 0.5", "a threshold of 0.5 in {}, kappa {}"),
    ):
        differs, kappa = found[policy]["differs"], found[policy]["kappa"]
        assert sentence.format(percent(differs), plain(kappa)) in said


def percent(estimate: dict[str, float]) -> str:
    value, low, high = (round(100 * estimate[key]) for key in ("value", "low", "high"))
    return f"{value}% [{low}, {high}]"


def plain(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def test_works_that_are_left_out_are_counted(plangate: Plangate, registry: PlanRegistry) -> None:
    for number in range(14):
        judge = "x" if number % 2 else "y"
        registry.create(f"work {number // 12}", TASKS, plan_id=f"p{number}")
        registry.score_output(f"p{number}", "a", 0.9, scorer=f"model:{judge}")

    assert "Without 1 work of which a judge has a single plan." in said(plangate)
