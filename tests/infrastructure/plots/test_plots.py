"""Pictures are the same bytes every time, say what they show, and are there whole or not at all."""

from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

import plangate
from plangate.application.evidence.estimates import Estimate
from plangate.application.registry import PlanRegistry
from plangate.application.replay.policy_grid import Grid
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.assumptions import ASSUMED
from plangate.infrastructure import plots
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.plots import overview
from tests.support.clocks import registry_on

Answers = dict[str, WhatIf | Sweep]


def worked_on(registry: PlanRegistry, plan_id: str, goal: str = "Move billing") -> None:
    tasks = [{"id": task, "title": task} for task in ("schema", "back $x$ fill", "switch")]
    registry.create(goal, tasks, plan_id=plan_id)
    registry.score_output(plan_id, "schema", 0.9)
    registry.retract_score(plan_id, f"{plan_id}@2", "mistaken")
    registry.update(plan_id, "back $x$ fill", prompt_score=0.7, output_score=0.4)
    registry.approve(plan_id, "fine")
    registry.mark_task(plan_id, "switch", "failed")


def with_a_plan() -> PlanRegistry:
    registry = registry_on(memory_event_store())
    worked_on(registry, "billing")
    return registry


@pytest.fixture
def registry() -> PlanRegistry:
    return with_a_plan()


@pytest.fixture(scope="module")
def answers() -> Answers:
    registry = with_a_plan()
    one = registry.replay.what_if("billing", policy={"confidence_threshold": 0.5})
    for number in range(5):
        worked_on(registry, f"p{number}")
    grid: Grid = {
        "decay": [0.5, 1.0],
        "gate": ["hold", "advise"],
        "exit_threshold": [None, 0.8, 0.9],
    }
    return {
        "one": one,
        "many": registry.replay.what_if(policy="steady", ladder=True),
        "sweep": registry.replay.sweep(grid),
        "line": registry.replay.sweep({"confidence_threshold": [0.2, 0.4, 0.9]}),
    }


def words(svg: Path) -> str:
    """All the text of a picture."""
    drawn = ET.fromstring(svg.read_text("utf-8"))  # noqa: S314  (our own)
    return " ".join("".join(one.itertext()) for one in drawn.iter() if one.tag.endswith("text"))


@pytest.mark.parametrize(
    "which, suffix",
    [("one", ".PNG"), ("one", ".html"), ("many", ".svg"), ("sweep", ".svg")],
)
def test_the_same_answer_gives_the_same_bytes(
    answers: Answers, which: str, suffix: str, tmp_path: Path
) -> None:
    first, again = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    plots.plot(answers[which], first)
    with mpl.rc_context({"font.size": 30}):
        plots.plot(answers[which], str(again))
    drawn = first.read_bytes()
    assert drawn == again.read_bytes()
    assert len(drawn) > 5_000
    assert b"2026-" not in drawn
    assert b"atplotlib" not in drawn.replace(b"matplotlib.axis", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, again.name]


def test_each_kind_of_file_is_what_it_is_called(answers: Answers, tmp_path: Path) -> None:
    for suffix, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".html", b"<!DOCTYPE html>")):
        plots.plot(answers["one"], path := tmp_path / f"plot{suffix}")
        assert path.read_bytes().startswith(begins)
    page = (tmp_path / "plot.html").read_text("utf-8")
    assert page.count("<svg") == 1
    assert "<title>billing: Move billing</title>" in page
    assert "http" not in page.replace("http://www.w3.org/", "")


def test_one_plan_is_shown_with_its_thresholds_tasks_and_firings(
    answers: Answers, tmp_path: Path
) -> None:
    plots.plot(answers["one"], path := tmp_path / "plot.svg")
    shown = words(path)
    for said in (
        "billing: Move billing",
        "The gate fired once; it would never have fired with",
        "confidence threshold 0.5 (was 0.72)",
        "threshold 0.72",
        "threshold 0.5",
        "back $x$ fi…",
        "below the recorded threshold",
        "it fired",
        "it would have",
    ):
        assert said in shown


def test_many_plans_are_summed_up(answers: Answers, tmp_path: Path) -> None:
    plots.plot(answers["many"], path := tmp_path / "plot.svg")
    shown = words(path)
    for said in (
        "6 plans: the gate fires 0 times, not 6",
        "min scored 1 → 4",
        "latch false → true",
        "No one reacts to the gate",
        "12 of 36 commands (33%) come after the first difference",
        "plans, by how often the gate fires",
        "of 6 plans, fired by the n-th score",
        "results below",
        "No outcomes are recorded",
        "times the gate fires, as one change is added to the other",
        "confidence threshold 0.5",
    ):
        assert said in shown


def test_with_outcomes_the_price_stands_beside_the_gain(
    registry: PlanRegistry, tmp_path: Path
) -> None:
    worked_on(registry, "p0")
    registry.record_outcome("billing", "back $x$ fill", "rejected", source="ci")
    registry.score_output("p0", "schema", 0.9)
    registry.record_outcome("p0", "schema", "accepted", source="ci")
    path = tmp_path / "plot.svg"
    plots.plot(registry.replay.what_if(policy="steady"), path)
    shown = words(path)
    assert "1 accepted results: fewer is better" in " ".join(shown.split())
    assert "1 plans with a rejected result: warned in time" in shown
    assert "no interval: this registry was made without statistics" in shown
    sweep = registry.replay.sweep({"confidence_threshold": [0.2, 0.4, 0.9]})
    plots.plot(sweep, path)
    assert "tripped at results rejected later" in words(path)
    assert "bad plans warned in time" in words(path)
    point = sweep.recorded.outcomes
    assert point is not None
    known = Estimate(value=0.5, low=0.25, high=0.75, cases=40, plans=20)
    outcomes = point.model_copy(update={"share_of_bad": known, "share_of_good": known})
    recorded = sweep.recorded.model_copy(update={"outcomes": outcomes})
    points = tuple(
        one.model_copy(update={"totals": one.totals.model_copy(update={"outcomes": outcomes})})
        for one in sweep.points
    )
    plots.plot(sweep.model_copy(update={"recorded": recorded, "points": points}), path)
    assert "95 % intervals" in words(path)
    answer = registry.replay.what_if(policy="steady")
    both = {"recorded": recorded, "replayed": recorded}
    plots.plot(answer.model_copy(update=both), path)
    assert "thin lines: 95 % intervals" in words(path)


def test_each_picture_says_what_it_shows_and_a_page_has_its_numbers(
    answers: Answers, tmp_path: Path
) -> None:
    for which, caption in (
        ("one", "Both confidences after each score"),
        ("many", "What each change does, alone and with those above it"),
        ("sweep", "The policies"),
    ):
        plots.plot(answers[which], path := tmp_path / "plot.html")
        page = path.read_text("utf-8")
        assert f"<caption>{caption}</caption>" in page
        assert page.count(ASSUMED) == 2  # the label, and the description of the picture
    plots.plot(answers["one"], path := tmp_path / "plot.png")
    assert b"No one reacts to the gate" in path.read_bytes()


def test_a_sweep_names_its_lines_and_what_happened(answers: Answers, tmp_path: Path) -> None:
    plots.plot(answers["sweep"], path := tmp_path / "plot.svg")
    shown = words(path)
    assert "12 policies tried on 6 plans" in shown
    assert "decay 0.5, gate hold" in shown
    assert "exit threshold: none, 0.8, 0.9" in shown
    assert "tripped at results below the recorded threshold" in shown
    assert "No one reacts to the gate" in shown
    plots.plot(answers["line"], path)
    assert "3 policies tried on 6 plans" in words(path)


@pytest.mark.parametrize(
    "goal", ["<b> & $\\frac{1}{2}$", "two\nlines\x7f\u202e", "日本語 🚢", "x" * 4_000]
)
def test_peoples_words_are_drawn_as_they_are(
    registry: PlanRegistry, goal: str, tmp_path: Path
) -> None:
    worked_on(registry, "odd", goal)
    answer = registry.replay.what_if("odd", policy={"decay": 1.0})
    plots.plot(answer, tmp_path / "plot.html")
    plots.plot(answer, path := tmp_path / "plot.svg")
    assert "odd: " in words(path)


def test_there_may_be_nothing_to_show(tmp_path: Path) -> None:
    registry = registry_on(memory_event_store())
    plots.plot(registry.replay.what_if(policy="steady"), tmp_path / "none.svg")
    plots.plot(registry.replay.sweep({"decay": [1.0]}), tmp_path / "sweep.svg")
    registry.create("g", [{"title": "T"}], plan_id="p")
    plots.plot(registry.replay.what_if("p", policy="steady"), path := tmp_path / "one.svg")
    assert "p: g" in words(path)
    assert "1 policy tried on 0 plans" in words(tmp_path / "sweep.svg")


def test_what_is_changed_is_said_for_each_recorded_policy(
    registry: PlanRegistry, tmp_path: Path
) -> None:
    registry.create("g", [{"title": "T"}], policy={"decay": 0.3})
    plots.plot(registry.replay.what_if(policy={"gate": "hold"}), path := tmp_path / "a.svg")
    assert "Changed: gate advise → hold." in words(path)
    plots.plot(registry.replay.what_if(policy={"decay": 0.3}), path)
    assert "Changed in 1 plans: decay 0.85 → 0.3." in words(path)
    assert "Changed in 1 plans: nothing." in words(path)
    for threshold in (0.3, 0.4, 0.5):
        registry.create("g", [{"title": "T"}], confidence_threshold=threshold)
    plots.plot(registry.replay.what_if(policy={"confidence_threshold": 0.6, "decay": 0.5}), path)
    assert "And 2 other combinations of changes." in words(path)


def test_a_long_history_and_a_crowd_of_plans_are_drawn_more_simply(
    registry: PlanRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(50):
        registry.score_output("billing", "schema", 0.5)
    plots.plot(
        registry.replay.what_if("billing", policy={"decay": 0.5}), path := tmp_path / "long.svg"
    )
    assert "scores, in the order in which they came" in words(path)
    for number in range(3):
        worked_on(registry, f"p{number}")
    monkeypatch.setattr(overview, "_MOST_BARS", 10)
    plots.plot(registry.replay.what_if(policy={"decay": 0.5}), path)
    assert "4 plans: " in words(path)
    assert "48–53" in words(path)
    plots.plot(registry.replay.sweep({"gate": ["hold", "advise"]}), path)
    assert "advise" in words(path)
    many: Grid = {"decay": [n / 20 for n in range(1, 14)], "min_scored": list(range(1, 13))}
    plots.plot(registry.replay.sweep(many, "billing"), path)
    assert "min scored 11" in words(path)
    assert "min scored 12" not in words(path)


# --- refusals ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plot.jpg", "plot", "plot.svg.gz"])
def test_other_kinds_of_file_are_refused(answers: Answers, name: str, tmp_path: Path) -> None:
    with pytest.raises(
        plangate.CannotPlot, match=r"a plot is a file ending in \.png, \.svg, \.html"
    ):
        plots.plot(answers["one"], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_extra_is_named(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda _name: None)
    with pytest.raises(plangate.CannotPlot, match=r"pip install 'plangate\[plot\]'"):
        plots.plot(answers["one"], tmp_path / "plot.svg")


def test_what_cannot_be_written_leaves_nothing(answers: Answers, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere/plot\.svg'$"):
        plots.plot(answers["one"], tmp_path / "nowhere" / "plot.svg")
    (tmp_path / "taken.svg").mkdir()
    with pytest.raises(OSError, match=r"taken\.svg"):
        plots.plot(answers["one"], tmp_path / "taken.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.svg"]


def test_a_file_that_was_there_is_replaced(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    path.write_text("old")
    plots.plot(answers["one"], path)
    assert path.read_text("utf-8").startswith("<?xml")
