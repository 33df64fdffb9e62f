"""The program as the shell starts it: quiet when it is interrupted or its reader goes away."""

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from plangate.infrastructure.bootstrap import connect

PROGRAM = Path(sys.executable).with_name("plangate")


def plangate(database: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, "--db", database, *words],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("program", [[PROGRAM], [sys.executable, "-m", "plangate"]])
def test_the_version_is_shown(program: list[str | Path]) -> None:
    outcome = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)

    assert outcome.stdout == f"plangate {version('plangate')}\n"


def test_without_a_command_and_a_store_it_says_how_to_begin(tmp_path: Path) -> None:
    outcome = subprocess.run([PROGRAM], capture_output=True, check=False, timeout=60, cwd=tmp_path)

    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert b"plangate init" in outcome.stdout


@pytest.mark.parametrize("words", ["--help", "list", "list --json"])
def test_a_closed_pipe_ends_quietly(database: Path, words: str) -> None:
    connect(database).close()
    line = f'"{PROGRAM}" --db "{database}" {words} | true; echo "${{PIPESTATUS[0]}}"'
    outcome = subprocess.run(["bash", "-c", line], capture_output=True, check=True, timeout=60)

    assert (outcome.stdout, outcome.stderr) == (b"141\n", b"")


def test_a_screen_without_unicode_gets_plain_signs(database: Path) -> None:
    outcome = plangate(database, "demo", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert outcome.returncode == 0
    assert b"============================|" in outcome.stdout


def test_json_is_ascii_where_the_stream_is(database: Path) -> None:
    with connect(database) as registry:
        registry.create("Übergang", [{"title": "t"}], plan_id="p")

    plain = plangate(database, "status", "p", "--json", PYTHONIOENCODING="ascii")
    unicode = plangate(database, "status", "p", "--json", PYTHONUTF8="1")

    assert b'"\\u00dcbergang"' in plain.stdout
    assert '"Übergang"'.encode() in unicode.stdout


def test_an_interrupted_apply_says_how_far_it_came(database: Path) -> None:
    with subprocess.Popen(
        [PROGRAM, "--db", database, "apply", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A test run in the background ignores interrupts, and its children would too.
        preexec_fn=hear_interrupts,  # noqa: PLW1509  (nothing but this one call)
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b'{"op": "create", "goal": "g", "tasks": [{"title": "t"}]}\n[]\n')
        process.stdin.flush()
        while not process.stderr.readline().startswith(b"stdin:2: "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"stopped after 2 lines; run it again" in errors


def hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
