"""What people see: safe whatever its text, and no wider than the terminal."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from rich.console import Console, Group

from plangate.application.registry import PlanRegistry
from plangate.domain.events import PlanEvent
from plangate.infrastructure.cli.answers import GateDecisions
from plangate.infrastructure.cli.render.event_text import event_table
from plangate.infrastructure.cli.render.gauge import Gauge
from plangate.infrastructure.cli.render.lists import plan_tables
from plangate.infrastructure.cli.render.status import render_gate, render_gates, render_status
from plangate.infrastructure.cli.render.text import count, harmless
from tests.infrastructure.cli.conftest import Plangate

HOSTILE = [
    "[red]red[/red]",
    "[/]",
    "[link=https://example.org]click[/link]",
    ":boom:",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "one\r\rtwo\x08",
    "right\u202eto left\u2066",
    "\u2028next line",
    "\x7f",
    "%s {} {0} $HOME `id`",
    "<script>alert(1)</script>",
]


def drawn(shown: object, *, width: int = 80, encoding: str = "utf-8") -> str:
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=screen, width=width, highlight=False, markup=False, emoji=False)
    console.print(shown)
    screen.seek(0)
    return screen.read()


def hint(*words: str) -> str:
    return " ".join(words)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_on_every_screen(
    plangate: Plangate, registry: PlanRegistry, text: str
) -> None:
    task = {"id": "a", "title": text, "description": text}
    plan_id = registry.create(text, [task], plan_id="p").plan_id

    screens = [
        plangate("list").stdout,
        plangate("status", plan_id).stdout,
        plangate("next", plan_id).stdout,
        plangate("score", plan_id, "a", "--output", "0.1", "--rationale", text, "--full").stdout,
        plangate("task", "mark", plan_id, "a", "pending", "--reason", text, "--full").stdout,
        drawn(event_table(registry.history.of(plan_id)), width=200),
    ]

    for screen in screens:
        assert not set(screen) & set("\x1b\x07\x08\x7f\x9b\r\u202e\u2066\u2028")
        assert harmless(text).strip()[:20] in screen


def test_hostile_text_in_a_refusal_is_escaped(plangate: Plangate) -> None:
    said = plangate("create", "-", typed='goal: g\n"\\e[2J[red]": x\ntasks: [{title: t}]\n')

    assert "\x1b" not in said.stderr
    assert "\\x1b[2J[red]" in said.stderr


@pytest.mark.parametrize(
    "text, shown",
    [("a\tb\nc", "a b c"), ("\x1b[0m", "\\x1b[0m"), ("é 漢 👩\u200d🚀", "é 漢 👩\u200d🚀")],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_line_breaks_can_be_kept_and_erased_text_is_marked() -> None:
    assert harmless("a\nb\x07", lines=True) == "a\nb\\x07"
    assert harmless(None) == "(erased)"


def test_one_is_singular() -> None:
    assert (count(1, "task"), count(2_000, "task")) == ("1 task", "2,000 tasks")


@pytest.mark.parametrize(
    "confidence, threshold, bar",
    [
        (0.0, 0.5, "-----|----"),
        (0.3, 0.5, "===--|----"),
        (1.0, 0.5, "=====|===="),
        (1.0, 1.0, "=========|"),
        (1.0, 0.0, "|========="),
    ],
)
def test_the_gauge_fills_up_to_the_confidence_and_marks_the_threshold(
    confidence: float, threshold: float, bar: str
) -> None:
    gauge = Gauge(confidence, threshold, passes=True, width=10)

    assert drawn(gauge, encoding="ascii").strip() == bar
    assert drawn(gauge).strip() == bar.translate(str.maketrans("=-|", "━─┃"))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_nothing_is_wider_than_the_terminal(registry: PlanRegistry, width: int) -> None:
    tasks = [{"id": "t" * 200, "title": "A long title " * 30}, {"id": "b", "title": "B"}]
    plan = registry.create("A goal " * 100, tasks, plan_id="p" * 200)
    registry.score_output(plan.plan_id, "b", 0.1, rationale="why " * 100)
    plan, decision = registry.get_status(plan.plan_id), registry.gate(plan.plan_id)
    screens: list[Callable[[], str]] = [
        lambda: drawn(render_status(plan, hint), width=width),
        lambda: drawn(Group(*plan_tables(iter(registry.list_plans()))), width=width),
        lambda: drawn(render_gate(plan)(decision, hint), width=width),
        lambda: drawn(render_gates(GateDecisions(decisions=(decision,)), hint), width=width),
        lambda: drawn(event_table(registry.history.of(plan.plan_id)), width=width),
    ]

    for screen in screens:
        assert max(map(len, screen().splitlines())) <= width


def test_status_shows_what_only_some_tasks_have(billing: str, registry: PlanRegistry) -> None:
    registry.score_output(billing, "a", 0.1)
    into = [{"id": "b1", "title": "B1", "priority": 7}, {"id": "b2", "title": "B2"}]
    changes: list[dict[str, object]] = [
        {"op": "change", "task_id": "a", "labels": ["x", "y"]},
        {"op": "split", "task_id": "b", "into": into},
        {"op": "change", "task_id": "b2", "depends_on": ["a", "b1"]},
        {"op": "replace", "task_id": "b1", "by": {"id": "c", "title": "C"}},
    ]
    registry.revise(billing, "r", changes)
    registry.next_task(billing, worker="agent-7")
    registry.defer_task(billing, "b2", "in review")
    registry.next_task(billing, worker="agent-8")

    shown = drawn(render_status(registry.get_status(billing), hint), width=200)
    lines = [line.strip() for line in shown.splitlines()]

    assert "attempt 2 · 1 replan · labels x, y" in lines
    assert f"held by agent-8, token {registry.get_status(billing).version}" in lines
    assert "deferred: in review" in lines
    assert "replaces b1 · priority 7" in lines
    assert "split from b · after a, c" in lines
    assert "In the way: b2 (unmet dependencies); b2 (deferred)" in lines


def test_waiting_for_others_is_an_obstacle_only_where_no_task_can_be_taken(
    billing: str, registry: PlanRegistry
) -> None:
    registry.revise(billing, "r", [{"op": "change", "task_id": "b", "depends_on": ["a"]}])

    def obstacles() -> str:
        return re.sub(r"\s+", " ", drawn(render_status(registry.get_status(billing), hint)))

    assert "In the way" not in obstacles()
    registry.next_task(billing)
    assert "In the way: b (unmet dependencies)" in obstacles()


def test_no_colour_leaves_the_terminal(plangate: Plangate, billing: str) -> None:
    assert "\x1b" not in plangate("status", billing).stdout


def test_every_event_has_a_text(registry: PlanRegistry) -> None:
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    registry.score_output("p", "a", 7, scorer={"kind": "human", "name": "ana"}, rationale="Superb")
    registry.record_scoring_failure("p", "a", "prompt", "It timed out.")
    registry.score_prompt("p", "a", 0.25)
    registry.retract_score("p", "p@2", "Wrong task.")
    registry.score_output("p", "a", 0.5)
    registry.approve("p", "It is the judge.", accept=["a"])
    registry.mark_task("p", "a", "failed")
    registry.retry("p", "a", "Once more.")
    registry.pause("p", "Lunch.")
    registry.resume("p", "Fed.")
    registry.archive("p", "Put away.")
    registry.restore("p", "Needed.")
    task = registry.next_task("p", worker="agent-7", lease=60)
    assert task is not None
    assert task.claim is not None
    registry.heartbeat("p", "a", task.claim.token)
    registry.release("p", "a")
    registry.defer_task("p", "a", "A decision.", until=datetime.now(UTC) + timedelta(days=1))
    registry.undefer_task("p", "a", reason="It came.")
    new: dict[str, object] = {"id": "b", "title": "B", "description": "…", "depends_on": ["a"]}
    described: dict[str, object] = {"depends_on": [], "priority": 3, "labels": [], "metadata": {}}
    registry.revise(
        "p",
        "Too wide.",
        [
            {"op": "add", "task": new},
            {"op": "add", "task": {"id": "c", "title": "C"}, "before": "b"},
            {"op": "change", "task_id": "b", **described},
            {"op": "move", "task_id": "a"},
            {"op": "split", "task_id": "c", "into": [{"id": i, "title": i * 3} for i in "de"]},
            {"op": "replace", "task_id": "d", "by": {"id": "f", "title": "F", "labels": ["x"]}},
            {"op": "change", "task_id": "a", "depends_on": ["e"]},
            {"op": "drop", "task_id": "e"},
        ],
    )
    registry.record_outcome("p", "e", "rejected", source="review", note="Too slow.")
    registry.delete("p", reason="Over.")

    recorded = [*registry.history.of("p")]
    registry.erase("p")
    recorded.append(registry.history.of("p")[-1])
    shown = re.sub(" {3,}", "  ", drawn(event_table(recorded), width=150))

    assert {type(entry.event) for entry in recorded} == set(get_args(get_args(PlanEvent)[0]))
    for said in (
        "plan of 1 task: g",
        "given as 7.0 and clamped; by human ana: Superb",
        "a: scoring the prompt failed  by an unnamed scorer: It timed out.",
        "a: prompt scored 0.25",
        "a: output score p@2 withdrawn",
        "Wrong task.",
        "confidence 0.412 is below 0.720",
        "gate approved, accepting a  It is the judge.",
        "a: replanning → done  approved",
        "a: deferred  A decision. for ",
        "a: no longer deferred  It came.",
        "a: attempt 2  Once more.",
        "plan paused  Lunch.",
        "plan restored  Needed.",
        "a: pending → in progress  claimed by agent-7 for 60 s",
        "a: lease renewed  for 60 s",
        "plan revised  Too wide.",
        "b: added at the end  B, a description, after a",
        "c: added before b  C",
        "b: changed  after nothing, priority 3, labels none, meta",
        "a: moved at the end",
        "c: split into d, e  ddd; eee",
        "d: replaced by f  F, labels x",
        "a: changed  after e",
        "e: dropped  no longer waiting for it: a",
        "e: rejected  by review: Too slow.",
        "Over.",
        "text erased",
    ):
        assert said in shown
