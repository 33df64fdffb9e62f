"""`plangate apply` is killed at random moments and run again, until the whole trace is in."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import perf_counter, sleep
from typing import Any

from plangate.application.recorded_event import RecordedEvent
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.reliability.workers import apply_trace
from tests.support.soak import Say, short_and_long

SCORES = 12
FEW_PLANS, MANY_PLANS = 16, 40
KILLS_EACH = 5
"""So often `apply` is killed before it may finish."""

A_FEW_LINES = 0.02
"""The most seconds that `apply` runs after reporting the line at which it is killed."""

_REPORTED_LINE = re.compile(rb"trace\.jsonl:(\d+): ")


@dataclass(frozen=True)
class _Death:
    """The line that `apply` reports before it is killed, and how many seconds later that is."""

    line: int
    delay: float


@dataclass(frozen=True)
class _Run:
    """How one `apply` ended, and the last line that it reported."""

    exit_code: int | None
    last_reported: int


@short_and_long("kills", KILLS_EACH, 100)
def test_apply_killed_at_random_moments_keeps_whole_lines_and_finishes_the_rest(
    tmp_path: Path, say: Say, kills: int
) -> None:
    trace, rng, started = tmp_path / "trace.jsonl", Random(6), perf_counter()
    lines = list(_lines(FEW_PLANS if kills == KILLS_EACH else MANY_PLANS))
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert _apply(tmp_path / "undisturbed.db", trace).exit_code == 3
    whole = _log(tmp_path / "undisturbed.db")
    killed = finished = 0
    while killed < kills:
        finished += 1
        database = tmp_path / f"{finished}.db"
        for line in sorted(rng.sample(_reported_lines(lines), KILLS_EACH)):
            run = _apply(database, trace, _Death(line, rng.uniform(0, A_FEW_LINES)))
            log = _log(database)
            assert log == whole[: len(log)]
            assert len(log) in _ends_of_commands(whole)
            assert _commands(log) >= run.last_reported - 1  # the first line is not a command
            killed += run.exit_code == -SIGKILL
        assert _apply(database, trace).exit_code == 3
        assert _log(database) == whole
    _nothing_is_added_by_another_run(database, trace)
    say(
        "kill -9 of plangate apply",
        kills=killed,
        traces_finished=finished,
        commands_in_the_trace=_commands(whole),
        seconds=round(perf_counter() - started, 1),
    )


def _lines(plans: int) -> Iterator[dict[str, Any]]:
    """A line that is refused, and then only lines that record something.

    Scores over 1 are reported as soon as they are recorded; the refused line is
    reported first, as a sign of life.
    """
    yield {"op": "paint"}
    tasks = [{"id": f"t{n}", "title": f"Task {n}"} for n in range(SCORES)]
    for n in range(SCORES):
        for plan_id in (f"plan-{number}" for number in range(plans)):
            if n == 0:
                yield {"op": "create", "plan_id": plan_id, "goal": "Ship it", "tasks": tasks}
            of_task: dict[str, Any] = {"plan_id": plan_id, "task_id": f"t{n}"}
            match n % 4:
                case 0:
                    yield {"op": "next_task", "plan_id": plan_id}
                    yield {"op": "score_output", **of_task, "score": 0.3}
                case 1:
                    yield {"op": "score_output", **of_task, "score": 1.25}
                case 2:
                    yield {"op": "update", **of_task, "prompt_score": 0.9, "output_score": 0.8}
                case _:
                    yield {"op": "score_prompt", **of_task, "score": 7}


def _reported_lines(lines: list[dict[str, Any]]) -> list[int]:
    """The numbers of the lines, each reported as soon as it is done."""
    return [n for n, line in enumerate(lines, 1) if n == 1 or line.get("score", 0) > 1]


def _apply(
    database: Path, trace: Path, death: _Death | None = None, options: Sequence[str] = ()
) -> _Run:
    """Run `plangate apply` to its end, or until it is killed."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone, ours:
        report = trace.with_name("report")
        process = alone.start(apply_trace, database, trace, report, theirs, options)
        theirs.close()
        reported = b""
        while death and _last_reported(reported) < death.line:
            some = os.read(ours.fileno(), 65_536)
            assert some, "apply ended by itself"
            reported += some
        if death:
            sleep(death.delay)  # no pipe could stand for this: the moment is to be any moment
            alone.kill()
        while some := os.read(ours.fileno(), 65_536):
            reported += some
        process.join(PATIENCE)
        return _Run(process.exitcode, _last_reported(reported))


def _last_reported(reported: bytes) -> int:
    return max((int(number) for number in _REPORTED_LINE.findall(reported)), default=0)


def _log(database: Path) -> list[tuple[Any, ...]]:
    with connect(database) as registry:
        return [_fact(recorded) for recorded in registry.history.events(limit=10_000)]


def _fact(recorded: RecordedEvent) -> tuple[Any, ...]:
    """What is the same in every run: all but times and salts."""
    envelope = recorded.envelope
    return (
        envelope.causation_id,
        envelope.event_id,
        envelope.idempotency_key,
        recorded.event.model_dump(exclude={"at"}),
    )


def _commands(log: Sequence[tuple[Any, ...]]) -> int:
    return sum(cause is None for cause, *_ in log)


def _ends_of_commands(log: Sequence[tuple[Any, ...]]) -> set[int]:
    return {place for place, (cause, *_) in enumerate(log) if cause is None} | {len(log)}


def _nothing_is_added_by_another_run(database: Path, trace: Path) -> None:
    before = _log(database)
    _apply(database, trace, options=["--json"])
    report = json.loads(trace.with_name("report").read_text("utf-8"))
    assert (report["recorded"], report["unchanged"]) == (0, _commands(before))
    assert _log(database) == before
