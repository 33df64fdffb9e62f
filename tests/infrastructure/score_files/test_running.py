"""A command that is run ends with all of its group, and how it ended is known."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plangate.infrastructure.score_files.running import run_command


def test_the_exit_code_and_the_output_are_known(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run = run_command(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (run.exit_code, run.failure, run.output_bytes, run.output) == (3, None, 8, b"")
    assert len(run.output_sha256) == 64
    kept = run_command(["sh", "-c", "echo out; echo err >&2"], keep_output=True)
    assert (kept.exit_code, kept.output) == (0, b"out\n")
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize(
    "command, failure",
    [
        (["/no/such/command"], "it could not be started: [Errno 2]"),
        (["a\0b"], "it could not be started: embedded null byte"),
        (["sh", "-c", "kill -9 $$"], "it was ended by SIGKILL"),
    ],
)
def test_what_did_not_start_or_was_ended_by_a_signal_is_no_result(
    command: list[str], failure: str
) -> None:
    run = run_command(command)
    assert (run.failure or "").startswith(failure)


def test_a_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    run = run_command(["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"], time_limit=0.3)
    assert (run.failure, run.exit_code) == ("it took longer than 0.3 s", -signal.SIGTERM)
    assert has_ended(int(pid.read_text()))


def test_what_it_left_behind_ends_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    run = run_command(["sh", "-c", f"sleep 600 & echo $! > {pid}"])
    assert (run.failure, run.exit_code) == (None, 0)
    assert has_ended(int(pid.read_text()))


def test_a_signal_to_the_caller_ends_the_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600"
    program = (
        "from plangate.infrastructure.score_files.running import run_command\n"
        f"run_command(['sh', '-c', {script!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as caller:
        while not pid.exists():
            assert caller.poll() is None
            time.sleep(0.01)
        caller.terminate()
        assert caller.wait(timeout=60) == 128 + signal.SIGTERM
    assert has_ended(int(pid.read_text()))


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be reaped by its new parent."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
