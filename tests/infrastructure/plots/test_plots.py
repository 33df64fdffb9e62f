"""Pictures are the same bytes every time, say what they show, and are there whole or not at all."""

from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

import plangate
from plangate.application.registry import PlanRegistry
from plangate.application.replay.policy_grid import Grid
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
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


@pytest.fixture
def registry() -> PlanRegistry:
    registry = registry_on(memory_event_store())
    worked_on(registry, "billing")
    return registry


@pytest.fixture
def answers(registry: PlanRegistry) -> Answers:
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
        "many": registry.replay.what_if(policy="steady"),
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
    assert b"2026" not in drawn
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
        "The gate fired once; it would have fired never with",
        "confidence threshold 0.5 (was 0.72)",
        "threshold 0.72",
        "threshold 0.5",
        "back $x$ fi…",
        "a task fails",
        "the gate fires",
    ):
        assert said in shown


def test_many_plans_are_summed_up(answers: Answers, tmp_path: Path) -> None:
    plots.plot(answers["many"], path := tmp_path / "plot.svg")
    shown = words(path)
    assert "6 plans: 6 replans, or 0" in shown
    assert "min scored 4 (was 1)" in shown
    assert "latch true (was false)" in shown
    assert "how the tasks end" in shown


def test_a_sweep_names_its_lines_and_what_happened(answers: Answers, tmp_path: Path) -> None:
    plots.plot(answers["sweep"], path := tmp_path / "plot.svg")
    shown = words(path)
    assert "12 policies tried on 6 plans" in shown
    assert "decay 0.5, gate hold" in shown
    assert "exit threshold: none, 0.8, 0.9" in shown
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


def test_policies_that_differ_from_plan_to_plan_are_not_spelled_out(
    registry: PlanRegistry, tmp_path: Path
) -> None:
    registry.create("g", [{"title": "T"}], policy={"decay": 0.3})
    plots.plot(registry.replay.what_if(policy={"gate": "hold"}), path := tmp_path / "a.svg")
    assert "Under another policy: gate hold (was advise)." in words(path)
    plots.plot(registry.replay.what_if(policy="steady"), path)
    assert "consecutive lows 3; " in words(path)
    plots.plot(registry.replay.what_if(policy={"decay": 0.3, "latch": False}), path)
    assert "decay 0.3; " in words(path)
    registry.create("g", [{"title": "T"}], confidence_threshold=0.3)
    plots.plot(registry.replay.what_if(policy={"decay": 0.3}), path)
    assert "Each plan under its own policy, with the requested changes" in words(path)


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
    monkeypatch.setattr(overview, "_SINGLY", 2)
    plots.plot(registry.replay.what_if(policy={"decay": 0.5}), path)
    assert "4 plans: " in words(path)
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
    with pytest.raises(FileNotFoundError):
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
