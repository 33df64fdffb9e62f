"""A trace: good lines are kept, bad lines reported, and nothing is recorded twice."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import (
    ConcurrentChange,
    CorruptEvent,
    StoreFull,
    StoreUnavailable,
)
from plangate.application.history.queries import HistoryQueries
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.answers import Tally, TraceReport
from plangate.infrastructure.cli.input import traces
from plangate.infrastructure.cli.input.traces import LineResult, apply_lines, read_lines
from tests.infrastructure.cli.conftest import Output, Plangate

CREATE = {"op": "create", "plan_id": "p", "goal": "g", "tasks": [{"id": "a", "title": "A"}]}
SCORE = {"op": "score_output", "plan_id": "p", "task_id": "a", "score": 0.9}
POOR = {**SCORE, "score": 0.1}
FAILED = {"op": "record_scoring_failure", "plan_id": "p", "task_id": "a", "kind": "output"}


def trace(*commands: dict[str, Any]) -> str:
    return "".join(json.dumps(command) + "\n" for command in commands)


def outcomes(registry: PlanRegistry, text: str, run: str | None = None) -> list[LineResult]:
    return list(apply_lines(registry, read_lines(io.BytesIO(text.encode())), run=run))


def report(said: Output) -> TraceReport:
    return TraceReport.model_validate(said.json)


WRONG = [
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": NaN}', "there is no NaN"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": -Infinity}', "-Infinity"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": 1e999}', "finite number"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": true}', "be a number"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": "1"}', "be a number"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "zz", "score": 1}', "has no task 'zz'"),
    (b'{"op": "score_output", "plan_id": "q", "task_id": "a", "score": 1}', "there is no plan 'q'"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a"}', "score: is required"),
    (b'{"op": "score_output", "plan_id": "p", "task_id": "a", "score": 1, "x": 1}', "x: is not"),
    (b'{"op": "score_output", "plan_id": "p", "plan_id": "q"}', "duplicate key 'plan_id'"),
    (b'{"op": "create", "plan_id": "p", "goal": "g", "tasks": [{"title": "t"}]}', "already a plan"),
    (b'{"op": "create", "goal": " ", "tasks": [{"title": "t"}]}', "goal: must not be blank"),
    (b'{"op": "create", "goal": "g", "tasks": [{"title": ""}]}', "tasks[0].title: must not be"),
    (b'{"op": "create", "goal": "g", "tasks": 1}', "tasks: must be a list"),
    (b'{"op": "create", "goal": "\\ud800", "tasks": [{"title": "t"}]}', "goal: must not hold a"),
    (b'{"op": "mark_task", "plan_id": "p", "task_id": "a", "status": "over"}', "status: must be"),
    (b'{"op": "delete", "plan_id": 7}', "plan_id: must be text"),
    (b'{"op": "next_task", "plan_id": "p", "idempotency_key": 7}', "idempotency_key: must be text"),
    (b'{"op": "next_task", "plan_id": "p", "actor": "a\\u0000"}', "actor: must not hold the"),
    (b'{"op": "get_status", "plan_id": "p"}', "op: 'get_status' is not known; accepted: create"),
    (b'{"op": ["create"]}', "is not known"),
    (b'{"plan_id": "p"}', "op: is required; accepted: create"),
    (b"[]", "must be a JSON object"),
    (b"create p", "is not JSON: Expecting value at column 1"),
    (b'{"op": "next_task", "plan_id": "\xe9"}', "is not UTF-8: byte 0xE9 at column 33"),
    (b"[" * 100_000, "is nested too deep"),
    (b'{"op": ' + b"9" * 5_000 + b"}", "cannot be read"),
]


@pytest.mark.parametrize("line, why", WRONG, ids=range(len(WRONG)))
def test_a_bad_line_is_reported_with_its_number_and_the_others_are_kept(
    plangate: Plangate, registry: PlanRegistry, line: bytes, why: str
) -> None:
    typed = trace(CREATE).encode() + b"\n" + line + b"\n" + trace(SCORE).encode()

    said = plangate("apply", "-", typed=typed)

    assert said.exit_code == 3
    assert said.stderr.startswith("stdin:3: ")
    assert why in said.stderr
    assert "3 lines: 2 recorded, 0 unchanged, 1 refused." in said.stdout
    assert registry.get_status("p").tasks[0].output_score == 0.9
    assert len(registry.list_plans().plans) == 1


def test_what_a_refused_line_leads_to_is_said_once(plangate: Plangate) -> None:
    other = {**SCORE, "plan_id": "q"}
    typed = trace({**CREATE, "goal": " "}, SCORE, SCORE, SCORE, other, CREATE)

    said = plangate("apply", "-", typed=typed)

    assert said.stderr.splitlines()[1:] == [
        "stdin:1: goal: must not be blank",
        "stdin:5: there is no plan 'q'",
        "warning: stdin:1: 3 later lines went with it: there is no plan 'p'",
    ]
    assert "6 lines: 1 recorded, 0 unchanged, 5 refused." in said.stdout


def test_programs_read_the_refused_lines_in_the_answer(plangate: Plangate) -> None:
    said = plangate("apply", "-", "--json", typed=trace(CREATE, {**SCORE, "task_id": "zz"}))

    (refused,) = report(said).refused
    assert (said.exit_code, said.stderr, refused.line) == (3, "", 2)
    assert refused.error["type"] == "TaskNotFound"
    assert refused.error["task_id"] == "zz"


def test_every_command_can_stand_in_a_trace(plangate: Plangate, registry: PlanRegistry) -> None:
    typed = trace(
        {**CREATE, "confidence_threshold": 0.5, "metadata": {"n": 1}},
        {"op": "next_task", "plan_id": "p", "actor": "agent-7"},
        {"op": "score_prompt", "plan_id": "p", "task_id": "a", "score": 0.7},
        {"op": "update", "plan_id": "p", "task_id": "a", "prompt_score": 0.2, "output_score": 0.1},
        {**FAILED, "reason": "The judge timed out."},
        {"op": "retract_score", "plan_id": "p", "event_id": "p@5", "reason": "Wrong task."},
        {"op": "mark_task", "plan_id": "p", "task_id": "a", "status": "done", "reason": None},
        SCORE,
        {"op": "delete", "plan_id": "p"},
    )

    first = report(plangate("apply", "-", "--json", typed=typed))
    events = registry.history.events()
    second = report(plangate("apply", "-", "--json", typed=typed))

    assert (first.lines, first.recorded, first.unchanged) == (9, 9, 0)
    assert first.added == Tally(plans=1, scores=4, replans=1)
    assert (second.recorded, second.unchanged, second.added) == (0, 9, Tally())
    assert second.already_there == first.added
    assert registry.history.events() == events
    assert events[1].envelope.actor == "agent-7"


def test_equal_lines_are_commands_of_their_own(registry: PlanRegistry) -> None:
    text = trace(CREATE, SCORE, SCORE, SCORE)

    assert [outcome.recorded for outcome in outcomes(registry, text)] == [True] * 4
    assert [outcome.recorded for outcome in outcomes(registry, text)] == [False] * 4
    assert [outcome.recorded for outcome in outcomes(registry, text + trace(SCORE))][-1]


def test_mending_one_line_shifts_no_other(registry: PlanRegistry) -> None:
    wrong, mended = {**SCORE, "task_id": "zz"}, {**SCORE, "score": 0.8}
    outcomes(registry, trace(CREATE, SCORE, wrong, SCORE, POOR))

    again = outcomes(registry, "\n" + trace(CREATE, SCORE, mended, SCORE, POOR))

    assert [outcome.recorded for outcome in again] == [False, False, True, False, False]


def test_how_a_line_is_laid_out_does_not_matter(registry: PlanRegistry) -> None:
    outcomes(registry, trace(CREATE, SCORE))
    turned = dict(reversed(SCORE.items()))

    again = outcomes(registry, "\ufeff" + trace(CREATE).replace("\n", "\r\n") + " " + trace(turned))

    assert [(outcome.recorded, outcome.error) for outcome in again] == [(False, None)] * 2


def test_a_line_may_bring_its_own_key(registry: PlanRegistry) -> None:
    own = {**SCORE, "idempotency_key": "mine"}

    result = outcomes(registry, trace(CREATE, own, own, {**own, "score": 0.8}))

    assert [outcome.recorded for outcome in result] == [True, True, False, False]
    assert type(result[-1].error).__name__ == "IdempotencyKeyReused"
    assert registry.history.of("p")[1].envelope.idempotency_key == "mine"


@pytest.mark.parametrize("command", [SCORE, {**SCORE, "idempotency_key": "mine"}])
def test_a_run_with_a_name_is_one_of_its_own(
    registry: PlanRegistry, command: dict[str, Any]
) -> None:
    outcomes(registry, trace(CREATE, command))

    for expected in (True, False):
        (outcome,) = outcomes(registry, trace(command), run="second judge")
        assert outcome.recorded is expected


def test_a_plan_without_an_id_is_found_again(registry: PlanRegistry) -> None:
    text = trace({"op": "create", "goal": "g", "tasks": [{"title": "t"}]}) * 2

    assert [outcome.recorded for outcome in outcomes(registry, text)] == [True, True]
    assert [outcome.recorded for outcome in outcomes(registry, text)] == [False, False]
    assert len(registry.list_plans().plans) == 2


def test_lines_that_change_nothing_are_counted_as_such(plangate: Plangate) -> None:
    nothing = {"op": "mark_task", "plan_id": "p", "task_id": "a", "status": "pending"}
    absent = {"op": "delete", "plan_id": "nowhere"}

    said = report(plangate("apply", "-", "--json", typed=trace(CREATE, nothing, absent)))

    assert (said.recorded, said.unchanged) == (1, 2)


@pytest.mark.parametrize(
    "line",
    [
        {"op": "next_task", "labels": ["none has this"]},
        {"op": "mark_task", "plan_id": "p", "task_id": "a", "status": "pending"},
    ],
)
def test_what_others_record_at_the_same_time_does_not_count(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch, line: dict[str, Any]
) -> None:
    class Busy(PlanRegistry):
        def execute(self, plan_id: Any, command: Any, **context: Any) -> Any:
            self.score_prompt("p", "a", 0.5)
            return super().execute(plan_id, command, **context)

    outcomes(registry, trace(CREATE))
    monkeypatch.setattr(registry, "__class__", Busy)

    (outcome,) = outcomes(registry, trace(line))

    assert (outcome.recorded, outcome.error) == (False, None)


def test_a_clamped_score_is_warned_about_once(plangate: Plangate) -> None:
    typed = trace(CREATE, {**SCORE, "score": 85})

    first, second = (plangate("apply", "-", "--json", typed=typed) for _ in range(2))

    assert first.stderr == (
        "warning: stdin:2: output score 85.0 is outside [0, 1] and counts as 1.0\n"
    )
    assert (report(first).warnings, report(second).warnings, second.stderr) == (1, 0, "")


@pytest.mark.parametrize(
    "scores, later", [(1, ""), (2, "; 1 later score likewise"), (9, "; 8 later scores likewise")]
)
def test_scores_without_a_token_are_warned_about_once_a_trace(
    plangate: Plangate, scores: int, later: str
) -> None:
    claim = {"op": "next_task", "plan_id": "p", "worker": "w7"}
    prompt = {"op": "score_prompt", "plan_id": "p", "task_id": "a", "score": 0.9}
    typed = trace(CREATE, claim, *[{**prompt, "rationale": str(n)} for n in range(scores)])

    said = plangate("apply", "-", "--json", typed=typed)

    held = "'a' was scored without a token while w7 holds it"
    assert said.stderr == f"warning: stdin:3: {held}{later}\n"
    assert report(said).warnings == scores


def test_a_line_that_was_acknowledged_is_recorded_though_the_log_cannot_be_read_back(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store did not answer")

    monkeypatch.setattr(HistoryQueries, "events", unavailable)

    (outcome,) = outcomes(registry, trace(CREATE))

    assert (outcome.recorded, outcome.error) == (True, None)
    assert registry.history.last_position() == 1


def test_the_caller_of_the_run_is_the_caller_of_lines_that_name_none(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    typed = trace(CREATE, {**SCORE, "actor": "agent-7"})
    plangate("apply", "-", "--actor", "nightly", "--correlation-id", "run-1", typed=typed)

    envelopes = [recorded.envelope for recorded in registry.history.of("p")]
    assert [(e.actor, e.correlation_id) for e in envelopes[:2]] == [
        ("nightly", "run-1"),
        ("agent-7", "run-1"),
    ]


def test_strict_stops_at_the_first_bad_line_and_says_how_to_resume(plangate: Plangate) -> None:
    typed = trace(CREATE, {**SCORE, "task_id": "zz"}, SCORE)

    shown = plangate("apply", "-", "--strict", typed=typed)
    stopped = report(plangate("apply", "-", "--strict", "--json", typed=typed))
    resumed = report(plangate("apply", "-", "--strict", "--json", typed=typed.replace("zz", "a")))

    assert shown.exit_code == 3
    assert "Stopped at line 2; the lines before it are done." in shown.stdout
    assert (stopped.lines, stopped.stopped_at, stopped.recorded) == (2, 2, 0)
    assert (resumed.recorded, resumed.unchanged, resumed.stopped_at) == (2, 1, None)


def test_a_line_that_is_too_long_is_refused_whole(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "MAX_LINE", 200)
    fits = json.dumps(CREATE).ljust(200)
    long = json.dumps({**SCORE, "rationale": "x" * 1_000})

    result = outcomes(registry, f"{fits}\n{long}\n{trace(SCORE)}{long}")

    assert [(o.line.number, str(o.error or "")) for o in result] == [
        (1, ""),
        (2, "is longer than 200 bytes"),
        (3, ""),
        (4, "is longer than 200 bytes"),
    ]


@pytest.mark.parametrize(
    "error, stops_the_run",
    [
        (StoreFull("no space"), True),
        (StoreUnavailable("locked"), True),
        (ConcurrentChange("p"), True),
        (CorruptEvent("p", 1, "it is missing"), False),
    ],
)
def test_only_a_store_that_cannot_serve_stops_the_run(
    registry: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    *,
    stops_the_run: bool,
) -> None:
    class Failing(PlanRegistry):
        def execute(self, plan_id: Any, command: Any, **context: Any) -> Any:
            if command.op == "score_output":
                raise error
            return super().execute(plan_id, command, **context)

    monkeypatch.setattr(registry, "__class__", Failing)

    result = outcomes(registry, trace(CREATE, SCORE, SCORE))

    assert [outcome.line.number for outcome in result] == ([1, 2] if stops_the_run else [1, 2, 3])
    assert result[-1].stops_the_run is stops_the_run


def test_on_a_terminal_a_bar_shows_how_far_it_is(
    plangate: Plangate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "[red]\x1b{0}.jsonl").write_text(trace(CREATE, SCORE), "utf-8")

    said = plangate("apply", "[red]\x1b{0}.jsonl")

    assert said.exit_code == 0
    assert "[red]\\x1b{0}.jsonl" in said.stderr
    assert "100%" in said.stderr
    assert "line 2" in said.stderr
    assert "[progress" not in said.stderr


def test_the_file_is_read_one_line_at_a_time(registry: PlanRegistry) -> None:
    read: list[int] = []

    def watched() -> Iterator[traces.Line]:
        for line in read_lines(io.BytesIO(trace(CREATE, SCORE).encode())):
            read.append(line.number)
            yield line

    running = apply_lines(registry, watched(), run=None)
    next(running)

    assert read == [1]
    assert registry.get_status("p").version == 1
