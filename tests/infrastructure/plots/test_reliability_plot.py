"""The picture of a calibration: the same bytes every time, and silent where there is too little."""

import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from plangate.application.evidence.calibration import Calibration
from plangate.application.registry import PlanRegistry
from plangate.infrastructure import plots
from plangate.infrastructure.bootstrap import connect

ROOT = Path(__file__).parents[3]
_NOT_ENOUGH = "not enough outcomes"


@pytest.fixture
def store() -> Iterator[PlanRegistry]:
    """Thirty plans of three tasks; what was judged low is mostly rejected."""
    with connect("memory:") as registry:
        for number in range(30):
            tasks = [{"id": f"t{n}", "title": "T"} for n in range(3)]
            registry.create("g", tasks, plan_id=f"p{number}")
            for place, task in enumerate(tasks):
                score = 0.45 + 0.2 * place + number / 1_000
                accepted = (number * 3 + place) % 4 < place + 1
                registry.score_output(f"p{number}", task["id"], score)
                outcome = "accepted" if accepted else "rejected"
                registry.record_outcome(f"p{number}", task["id"], outcome, source="ci")
        yield registry


def words(answer: Calibration, path: Path) -> str:
    plots.plot(answer, path)
    return text_of(path)


def text_of(path: Path) -> str:
    drawn = ET.fromstring(path.read_text("utf-8"))  # noqa: S314  (our own)
    return " ".join("".join(one.itertext()) for one in drawn.iter() if one.tag.endswith("text"))


def test_the_question_its_answer_and_both_pictures_are_there(
    store: PlanRegistry, tmp_path: Path
) -> None:
    answer = store.evidence.calibrate()

    shown = words(answer, tmp_path / "a.svg")

    assert answer.ranking.value is not None
    for said in (
        "Does low confidence predict rejection?",
        "90 outcomes of 30 plans",
        f"in {100 * answer.ranking.value:.0f} % [",
        "accepted, by confidence",
        "line and band: what it is worth,",
        "of those below, rejected",
        "of the rejected, below",
        "of those that pass, accepted",
    ):
        assert said in shown
    assert _NOT_ENOUGH not in shown
    plots.plot(store.evidence.calibrate(), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_the_cost_of_each_threshold_is_drawn_with_the_cheapest(
    store: PlanRegistry, tmp_path: Path
) -> None:
    answer = store.evidence.calibrate(cost={"missed": 5, "stopped": 1})
    assert answer.costs is not None

    shown = words(answer, tmp_path / "a.svg")

    assert "cost of a result by the gate's threshold: missed 5, good one stopped 1" in shown
    assert f"cheapest: {answer.costs.cheapest:g}" in shown
    dear = store.evidence.calibrate(cost={"missed": 0.5, "stopped": 9})
    assert "cheapest: 0" in words(dear, tmp_path / "b.svg")
    few = store.evidence.calibrate(["p0"], cost={"missed": 5, "stopped": 1})
    assert "cheapest" not in words(few, tmp_path / "c.svg")


def test_with_too_few_outcomes_it_says_so_and_draws_no_figure(
    store: PlanRegistry, tmp_path: Path
) -> None:
    shown = words(store.evidence.calibrate([f"p{n}" for n in range(5)]), tmp_path / "a.svg")

    assert shown.count(_NOT_ENOUGH) == 2
    assert "Not enough outcomes: 15 of 20 outcomes, 5 of 10 plans" in shown
    assert "of those below" not in shown


def test_the_picture_in_the_documentation_is_what_its_command_draws(tmp_path: Path) -> None:
    example = runpy.run_path(str(ROOT / "examples" / "judged_work.py"))
    with connect("memory:") as registry:
        for line in example["lines"](random.Random(7)):
            getattr(registry, line.pop("op"))(**line)
        answer = registry.evidence.calibrate(by="version", cost={"missed": 5, "stopped": 1})
        shown = words(answer, tmp_path / "a.svg")

    assert shown == text_of(ROOT / "docs" / "pictures" / "calibration.svg")
