"""`plangate plan as-of`, `diff` and `explain` at a terminal."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from plangate.application.history.diff import PlanDiff
from plangate.application.history.explain import Explanation
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.commands import AddTask, Change, DropTask, MoveTask, NewTask
from plangate.infrastructure.cli.render.explain import Stair
from tests.infrastructure.cli.conftest import Plangate


@pytest.fixture
def scored(billing: str, registry: PlanRegistry) -> str:
    """A plan with one good task and one bad: the gate fired at event 6."""
    registry.update(billing, "a", prompt_score=0.9, output_score=0.8)
    registry.score_output(billing, "b", 0.55)
    return billing


def test_as_of_shows_a_plan_as_it_was_without_advice(plangate: Plangate, scored: str) -> None:
    said = plangate("plan", "as-of", scored, "--version", "4")

    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.startswith("As of version 4, ")
    assert "billing · active · version 4" in said.stdout
    assert "Go on." in said.stdout
    assert "plangate next" not in said.stdout
    blocked = plangate("plan", "as-of", scored, "--version", "7").stdout
    assert "In the way: b (replanning)" in blocked
    assert "plangate retry" not in blocked


def test_as_of_goes_by_time_too(plangate: Plangate, scored: str, registry: PlanRegistry) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    said = plangate("plan", "as-of", scored, "--at", later.isoformat(), "--json")

    assert PlanStatus.model_validate(said.json) == registry.history.as_of(scored, at=later)


@pytest.mark.parametrize(
    "words, expected",
    [
        ((), "give --version or --at"),
        (("--version", "1", "--at", "2026-01-01T00:00Z"), "give --version or --at"),
        (("--at", "noon"), "write a time as in 2026-01-31T12:00:00Z"),
    ],
)
def test_as_of_needs_one_point(
    plangate: Plangate, billing: str, words: tuple[str, ...], expected: str
) -> None:
    said = plangate("plan", "as-of", billing, *words)

    assert said.exit_code == 2
    assert expected in said.stderr


@pytest.mark.parametrize(
    "words, expected",
    [
        (("--version", "9"), "refused: version: the history of 'billing' ends at version 1"),
        (("--version", "0"), "refused: version: must be a version, a whole number from 1 on"),
        (("--at", "2026-01-01"), "refused: at: there was no plan 'billing' yet"),
        (("--at", "1999-01-01T00:00Z"), "refused: at: there was no plan 'billing' yet"),
    ],
)
def test_a_point_that_is_not_there_is_refused(
    plangate: Plangate, billing: str, words: tuple[str, ...], expected: str
) -> None:
    said = plangate("plan", "as-of", billing, *words)

    assert (said.exit_code, said.stdout) == (3, "")
    assert expected in said.stderr


def test_diff_shows_each_change_with_its_event(plangate: Plangate, scored: str) -> None:
    said = " ".join(plangate("plan", "diff", scored, "1", "billing@4").stdout.split())

    assert "billing@1 → billing@4 · 3 events" in said
    assert "~ rolling confidence none → 0.835 billing@3" in said
    assert "~ a: status pending → done billing@4" in said


def test_diff_shows_tasks_added_removed_and_moved(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    changes: list[Change] = [
        MoveTask(task_id="a"),
        AddTask(task=NewTask(id="c", title="C")),
        AddTask(task=NewTask(id="d", title="D")),
        DropTask(task_id="d"),
    ]
    registry.revise(billing, "another way", changes)
    registry.revise(billing, "less", [{"op": "drop", "task_id": "c"}])

    assert "↕  a: place 0 → 1  billing@3" in plangate("plan", "diff", billing, "1").stdout
    assert "+  c: added        billing@4" in plangate("plan", "diff", billing, "1", "6").stdout
    assert "-  c: dropped  billing@8" in plangate("plan", "diff", billing, "6").stdout


def test_diff_of_a_point_and_itself(plangate: Plangate, billing: str) -> None:
    assert "Nothing is different." in plangate("plan", "diff", billing, "1").stdout


def test_diff_answers_in_json(plangate: Plangate, scored: str, registry: PlanRegistry) -> None:
    said = plangate("plan", "diff", scored, "1", "7", "--json")

    assert said.json == registry.history.diff(scored, 1, 7).model_dump(mode="json")
    assert PlanDiff.model_validate(said.json).b.version == 7


@pytest.mark.parametrize("point", ["soon", "-", "½"])
def test_a_text_that_is_not_a_point_is_a_usage_error(
    plangate: Plangate, billing: str, point: str
) -> None:
    said = plangate("plan", "diff", billing, "1", point)

    assert (said.exit_code, said.stdout) == (2, "")
    assert "write a time as in" in said.stderr


def test_explain_shows_the_parts_the_threshold_and_what_would_flip_it(
    plangate: Plangate, scored: str
) -> None:
    said = plangate("explain", scored).stdout

    assert "billing@7 · 2 of 2 tasks scored" in said
    assert " a           0.90 @2  0.80 @3    46%   0.384  ━━" in said
    assert " b                 –  0.55 @5    54%   0.297  " in said
    assert "output ≥ 0.931" in said
    assert "output ≥ 0.623" in said
    assert " confidence                     100%   0.681  ━━" in said
    assert "0.681 is 0.039 below the threshold of 0.720. A replan is due." in said
    assert "The smallest change to flip it: output score of b, 0.550 → 0.623 (billing@5)." in said


def test_a_shown_score_flips_the_gate_when_it_is_typed_in(
    plangate: Plangate, scored: str, registry: PlanRegistry
) -> None:
    registry.score_output(scored, "b", 0.623)

    assert not registry.get_status(scored).needs_replan
    above = plangate("explain", scored).stdout
    assert "0.7204 is 0.0004 above the threshold of 0.7200." in above  # never rounded to nothing
    shown = above.split("output ≤ ")[-1].split()[0]
    registry.score_output(scored, "b", float(shown))
    assert registry.get_status(scored).needs_replan


def test_explain_shows_what_moved_the_confidence(
    plangate: Plangate, scored: str, registry: PlanRegistry
) -> None:
    registry.revise(scored, "not needed", [{"op": "drop", "task_id": "a"}])
    said = plangate("explain", scored, "--since", "billing@1").stdout
    later = plangate("explain", scored, "--since", "4").stdout
    nothing = plangate("explain", scored, "--since", "9").stdout

    (whole,) = (line for line in said.splitlines() if line.startswith(" confidence"))
    assert whole.split()[1:4] == ["100%", "0.550", "+0.550"]
    assert "Since billing@1, with nothing scored, it moved 4 times:" in said
    assert "the confidence fell from 0.835 to 0.681" in said
    assert "· billing@9: a: dropped; the confidence fell from 0.681 to 0.550" in said
    assert " a (no longer)" in later
    assert "Since billing@9, at 0.550, nothing moved it." in nothing


def test_explain_since_an_event_of_another_plan_is_refused(
    plangate: Plangate, billing: str
) -> None:
    said = plangate("explain", billing, "--since", "other@2")

    assert said.exit_code == 2
    assert "--since: 'other@2' is not an event of 'billing'" in said.stderr


def test_explain_of_a_plan_without_scores(plangate: Plangate, billing: str) -> None:
    said = " ".join(plangate("explain", billing).stdout.split())

    assert "billing@1 · no evidence yet" in said
    assert "Nothing is scored, so there is no confidence yet." in said
    assert "1.000" not in said + plangate("history", billing).stdout
    assert "no evidence yet" in plangate("replay", "what-if", billing, "--set", "decay=1").stdout
    assert "above the threshold" not in said


def test_explain_says_when_nothing_would_flip_it_and_when_it_is_just_there(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    tasks = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
    registry.create("g", tasks, plan_id="low", confidence_threshold=0.9)
    registry.score_output("low", "a", 0.1)
    registry.score_output("low", "b", 0.1)
    registry.create("g", tasks, plan_id="just", confidence_threshold=0.5)
    registry.score_output("just", "a", 0.5)

    assert (
        "No other value of a single score would change that." in plangate("explain", "low").stdout
    )
    assert "0.500 is just at the threshold of 0.500." in plangate("explain", "just").stdout


def test_explain_shows_the_conditions_of_a_latching_gate(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    policy = {"exit_threshold": 0.9, "latch": True}
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p", policy=policy)
    registry.score_output("p", "a", 0.5)
    registry.score_output("p", "a", 0.8)

    said = plangate("explain", "p").stdout

    assert "0.800 is 0.100 below the exit threshold of 0.900. A replan is due." in said
    assert "output ≥ 0.900" in said
    assert "· it fired, and does not again until the confidence reaches 0.9 or a replan is" in said


def test_explain_shows_of_many_tasks_those_that_count_most(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    tasks = [{"id": f"t{n}", "title": "T"} for n in range(40)]
    registry.create("g", tasks, plan_id="many", policy={"decay": 1.0})
    for task in tasks:
        registry.score_output("many", task["id"], 0.8)

    said = plangate("explain", "many", "--since", "1").stdout

    assert " 10 others " in said
    assert "25%   0.200  +0.200" in said
    assert " t9 " not in said.split("Since")[0]
    assert "it moved 1 time:" in said
    for score in range(40):
        registry.score_prompt("many", "t0", score / 40)
    assert "it moved 41 times; the latest 30:" in plangate("explain", "many", "--since", "1").stdout


def test_explain_answers_in_json(plangate: Plangate, scored: str, registry: PlanRegistry) -> None:
    said = plangate("explain", scored, "--version", "5", "--since", "3", "--json")

    expected = registry.history.explain(scored, version=5, since=3)
    assert Explanation.model_validate(said.json) == expected


def test_stairs_are_drawn_where_only_ascii_is_at_hand() -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(file=screen, width=10).print(Stair(0.2, 0.6, 0.75, "cyan"))
    screen.seek(0)

    assert screen.read() == "  ==== |  \n"


def test_hostile_text_is_escaped(plangate: Plangate, registry: PlanRegistry) -> None:
    hostile = "\x1b[2J[red]x[/red]"
    registry.create(hostile, [{"id": "a", "title": hostile}], plan_id="p")
    registry.score_output("p", "a", 0.4)
    registry.revise("p", "why", [{"op": "change", "task_id": "a", "title": f"{hostile}!"}])

    for words in (
        ("explain", "p", "--since", "1"),
        ("plan", "diff", "p", "1"),
        ("plan", "as-of", "p", "--version", "1"),
    ):
        said = plangate(*words).stdout
        assert "\x1b[2J" not in said
        assert "[red]x[/red]" in said
