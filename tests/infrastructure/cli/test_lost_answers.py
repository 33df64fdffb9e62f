"""An answer that cannot be written: the program says so, and refuses nothing it recorded.

Programs that start by themselves stand for each way to lose an answer; those that are warm
already, for each command.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.text import Text

from plangate.application.errors import StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.commands import plans
from plangate.infrastructure.cli.streams import AnswerLost
from tests.infrastructure.cli.conftest import Plangate

PROGRAM = Path(sys.executable).with_name("plangate")
FULL = Path("/dev/full")

RECORDING = [
    "score p a --prompt .5",
    "next p",
    "next",
    "task claim p a",
    "task mark p a done",
    "task defer p a --reason r",
    "plan pause p --reason r",
    "plan archive p --reason r",
    "task outcome p a accepted --source ci",
    "plan delete p",
    "plan erase p --yes",
    "apply trace.jsonl",
    "create plan.yaml",
]
READING = [
    "list",
    "status p",
    "gate p",
    "plan graph p --format dot",
    "history p",
    "history p --format csv",
    "history p --format jsonl",
    "plan as-of p --version 1",
    "explain p",
    "replay check",
    "store doctor",
    "views status",
    "ledger key",
    "--help",
    "status --help",
    "--version",
    "--show-completion bash",
]
DOING = {
    "store migrate": "the store is ready",
    "store backup kept.db": "the backup was made",
    "store copy plans.db other.db": "the plans were copied",
    "export -o kept.plangate": "the bundle was made",
    "views rebuild": "the views were rebuilt",
    "ledger checkpoint": "the events are in the ledger",
    "ledger rebuild": "the ledger was rebuilt",
    "demo": "the plan P was created",
}
"""What is done beside recording, by the command that does it."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "trace.jsonl").write_text('{"op": "pause", "plan_id": "p", "reason": "r"}\n')
    (tmp_path / "plan.yaml").write_text("goal: g\ntasks: [{title: t}]\n")
    with connect(tmp_path / "plans.db") as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    return tmp_path / "plans.db"


def run(
    program: Path, store: Path, line: str, stdout: int | None
) -> subprocess.CompletedProcess[str]:
    """A program with this stdout, or without any."""
    environment = {
        "PLANGATE_DB": str(store),
        "PLANGATE_LEDGER_KEY": str(store) + ".key",
        # The shell is the named one: a runner need not have been started from any.
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    return subprocess.run(
        [program, *line.split()],
        env={**os.environ, **environment},
        cwd=store.parent,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        # Nothing but this one call, in a process without threads.
        preexec_fn=None if stdout is not None else _close_stdout,
    )


def _close_stdout() -> None:
    os.close(1)


def run_full(program: Path, store: Path, line: str) -> subprocess.CompletedProcess[str]:
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    with FULL.open("wb") as full:
        return run(program, store, line, full.fileno())


def run_closed(program: Path, store: Path, line: str) -> subprocess.CompletedProcess[str]:
    return run(program, store, line, None)


def run_unread(program: Path, store: Path, line: str) -> subprocess.CompletedProcess[str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run(program, store, line, writer)
    finally:
        os.close(writer)


def last_position(store: Path) -> int:
    with connect(store) as registry:
        return registry.history.last_position()


Run = Callable[[Path, Path, str], subprocess.CompletedProcess[str]]
FAILURES: list[tuple[Run, int, str]] = [
    (run_full, 74, "No space left on device"),
    (run_closed, 74, "Bad file descriptor"),
    (run_unread, 141, "Broken pipe"),
]
WAYS = pytest.mark.parametrize("run_it, code, why", FAILURES, ids=["full", "closed", "unread"])


def every_way(lines: list[str]) -> pytest.MarkDecorator:
    """Each command on one way, one after the other, and on the two others in the long run."""
    chosen = [
        pytest.param(line, *failure, marks=() if index % 3 == way else pytest.mark.soak)
        for index, line in enumerate(lines)
        for way, failure in enumerate(FAILURES)
    ]
    return pytest.mark.parametrize("line, run_it, code, why", chosen)


@every_way(RECORDING)
def test_a_command_that_was_recorded_is_not_called_refused(
    warm_plangate: Path, store: Path, line: str, run_it: Run, code: int, why: str
) -> None:
    outcome = run_it(warm_plangate, store, line)

    lost = f"error: the command was recorded; only its answer could not be written: {why}\n"
    assert (outcome.returncode, outcome.stderr) == (code, lost)
    assert last_position(store) > 1


@every_way(READING)
def test_a_lost_answer_of_a_question_is_not_a_refusal(
    warm_plangate: Path, store: Path, line: str, run_it: Run, code: int, why: str
) -> None:
    outcome = run_it(warm_plangate, store, line)

    lost = "" if code == 141 else f"the answer could not be written: {why}\n"
    assert (outcome.returncode, outcome.stderr.removeprefix("error: ")) == (code, lost)
    assert last_position(store) == 1


@every_way([*DOING])
def test_what_was_done_beside_recording_is_said(
    warm_plangate: Path, store: Path, line: str, run_it: Run, code: int, why: str
) -> None:
    outcome = run_it(warm_plangate, store, line)

    done = DOING[line]
    lost = f"error: {done}; only the answer could not be written: {why}\n"
    said = re.sub(r"plan \S+ was", "plan P was", outcome.stderr)
    assert (outcome.returncode, said) == (code, lost)


@WAYS
def test_a_program_reads_whether_the_command_was_recorded(
    store: Path, run_it: Run, code: int, why: str
) -> None:
    outcome = run_it(PROGRAM, store, "score p a --output .9 --json")

    error = json.loads(outcome.stderr)["error"]
    assert (outcome.returncode, error["type"], error["recorded"]) == (code, "AnswerLost", True)
    assert error["message"].endswith(why)


@WAYS
def test_a_command_that_changed_nothing_is_not_called_recorded(
    warm_plangate: Path, store: Path, run_it: Run, code: int, why: str
) -> None:
    run(warm_plangate, store, "plan pause p --reason r", subprocess.DEVNULL)
    before = last_position(store)

    outcome = run_it(warm_plangate, store, "plan pause p --reason r")

    nothing = f"there was nothing new to record; the answer could not be written: {why}\n"
    assert (outcome.returncode, outcome.stderr) == (code, f"error: {nothing}")
    assert last_position(store) == before


def test_a_refusal_stays_one_where_nothing_can_be_written(store: Path) -> None:
    line = f'"{PROGRAM}" --db "{store}" task mark p nowhere done >/dev/full 2>/dev/full; echo $?'
    full = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    line = f'"{PROGRAM}" --db "{store}" task mark p nowhere done >&- 2>&-; echo $?'
    closed = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert (full.stdout, full.stderr) == (closed.stdout, closed.stderr) == ("3\n", "")


def test_no_file_takes_the_descriptor_of_a_closed_stream(store: Path) -> None:
    line = f'"{PROGRAM}" --db "{store}" export -o kept.plangate <&- >&- 2>&-; echo $?'
    closed = subprocess.run(
        ["bash", "-c", line], cwd=store.parent, capture_output=True, text=True, check=True
    )

    assert closed.stdout == "74\n"
    assert run(PROGRAM, store, "import kept.plangate", subprocess.DEVNULL).returncode == 0


def test_an_answer_that_cannot_be_shown_is_not_a_refusal(
    plangate: Plangate, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Text:
        raise ZeroDivisionError("a flaw")

    monkeypatch.setattr(plans, "render_plan_act", lambda *_, **__: broken)

    said = plangate("plan", "pause", billing, "--reason", "r")

    why = "ZeroDivisionError: a flaw"
    assert (said.exit_code, said.stdout) == (74, "")
    assert said.stderr == (
        f"error: the command was recorded; only its answer could not be written: {why}\n"
    )


def test_a_task_that_was_taken_is_shown_though_its_gate_cannot_be_asked(
    plangate: Plangate, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    monkeypatch.setattr(PlanRegistry, "gate", unavailable)

    said = plangate("next", billing, "--json")

    assert (said.exit_code, said.json["task"]["id"], said.json["gate"]) == (0, "a", None)
    assert "the task was taken, but its gate could not be asked" in said.stderr


def test_a_store_that_fails_while_it_is_closed_refuses_nothing(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    plangate("create", "-", typed="goal: g\ntasks: [{title: t}]\nplan_id: p\n")

    def unavailable(*_: object) -> None:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(PlanRegistry, "close", unavailable)

    said = plangate("next", "p")

    assert said.exit_code == 0
    assert said.stderr == "warning: the store was not closed properly: the disk is gone\n"


def test_an_error_of_the_store_while_an_answer_is_written_is_a_refusal(
    plangate: Plangate, billing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> Iterator[None]:
        yield from ()
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr("plangate.application.history.queries.audit_entries", unavailable)

    for form in ("text", "json", "jsonl", "csv"):
        said = plangate("history", billing, "--format", form)
        assert (said.exit_code, said.stderr) == (4, "error: the disk is gone\n")


def test_a_lost_answer_names_its_cause() -> None:
    lost = AnswerLost(BrokenPipeError(32, "Broken pipe"))

    assert lost.reader_is_gone
    assert not AnswerLost(OSError(28, "No space left on device")).reader_is_gone
    assert str(lost) == "the answer could not be written: Broken pipe"
