"""The agent's loop of `examples/` in a real terminal, wide and narrow, as its page shows it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = "200"


class Terminal(NamedTuple):
    """A terminal in which a shell waits for lines."""

    type_line: Callable[[str], list[str]]
    """Types a line; the screen once it has ended."""
    resize: Callable[[int], None]
    """Gives it so many columns."""


def tmux(*words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        ["tmux", *words],
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in a copy of the loop's folder."""
    if shutil.which("tmux") is None:
        pytest.skip("install tmux: the loop in examples/agent_loop runs in it")
    folder = shutil.copytree(EXAMPLES / "agent_loop", tmp_path / "try")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    server = ["-L", f"plangate-{os.getpid()}", "-f", os.devnull]
    variables = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_DATA_HOME": str(tmp_path),
        "PYTHONUTF8": "1",
    }
    size = ["-x", "80", "-y", ROWS]
    shell = ["env", "-u", "PLANGATE_DB", "sh"]
    tmux(*server, "-u", "new-session", "-d", *size, "-c", folder, *shell, **variables)

    def type_line(line: str) -> list[str]:
        typed = f'clear; {line}; echo "exit code $?"; tmux wait-for -S ended'
        tmux(*server, "send-keys", typed, "C-m")
        tmux(*server, "wait-for", "ended")
        screen = tmux(*server, "capture-pane", "-p", "-J").rstrip().splitlines()
        code = max(n for n, shown in enumerate(screen) if shown.startswith("exit code "))
        return [shown.rstrip() for shown in screen[: code + 1]]

    def resize(columns: int) -> None:
        tmux(*server, "resize-window", "-x", str(columns), "-y", ROWS)

    yield Terminal(type_line, resize)
    tmux(*server, "kill-server")


@pytest.mark.parametrize("first,then", [(40, 80), pytest.param(80, 40, marks=pytest.mark.soak)])
def test_the_loop_goes_on_until_the_gate_fires_and_ends_once_all_is_done(
    terminal: Terminal, first: int, then: int
) -> None:
    terminal.resize(first)
    fired = terminal.type_line("./loop.sh")
    terminal.resize(then)
    retried = terminal.type_line('plangate retry 001-greeting T003 --reason "it greets no one"')
    complete = terminal.type_line("./loop.sh")

    assert [line for line in fired if line.startswith("agent:")] == [
        f"agent: {task} is done" for task in ("T001", "T002", "T003")
    ]
    assert "  plangate retry 001-greeting T003 --reason REASON" in fired
    assert fired[-1] == "exit code 10"
    assert retried[-2:] == ["  plangate next 001-greeting", "exit code 0"]
    assert "agent: T003 is done" in complete
    assert "Complete. Every task is done." in complete
    assert complete[-1] == "exit code 0"
    for line in (*fired, *complete):
        assert "…" not in line, "something was cut"


def test_the_page_shows_the_loop_as_it_is() -> None:
    page = (EXAMPLES / "README.md").read_text("utf-8")
    loop = (EXAMPLES / "agent_loop" / "loop.sh").read_text("utf-8")

    assert re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) == [loop]
    assert len(loop.splitlines()) == 10
