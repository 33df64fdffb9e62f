"""No text of a plan acts on the terminal: control characters come out as escapes, in every form."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.render.text import harmless, harmless_json

PROGRAM = Path(sys.executable).with_name("plangate")
GOAL = "a\x9b31mRED\x1b]0;title\x07\u202ex\u2066y\u061cz\x7f\u2028"
RATIONALE = "\x1b[2J\x9b2J\x07\u200f"
ACTS = [
    b"\x1b[2J",
    b"\x1b]",
    *(sign.encode() for sign in "\x07\x7f\x9b\u202e\u2066\u061c\u2028\u200f"),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with connect(tmp_path / "plans.db") as registry:
        registry.create(GOAL, [{"id": "a", "title": "\x9b2J"}], plan_id="p")
        registry.score_prompt("p", "a", 0.1, rationale=RATIONALE)
    return tmp_path / "plans.db"


def run(store: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command: list[str | Path] = [PROGRAM, "--db", store, *words]
    return subprocess.run(command, check=False, timeout=60, capture_output=True)


def on_a_terminal(program: Path, store: Path, *words: str) -> bytes:
    """What a terminal gets on stdout and stderr."""
    screen, behind = pty.openpty()
    try:
        with subprocess.Popen(
            [program, "--db", store, *words],
            stdout=behind,
            stderr=behind,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        ) as process:
            os.close(behind)
            shown = b""
            try:
                while part := os.read(screen, 65_536):
                    shown += part
            except OSError:  # what Linux answers once the program has ended
                pass
            process.wait(timeout=60)
    finally:
        os.close(screen)
    return shown


COMMANDS = [
    ["status", "p"],
    ["status", "p", "--json"],
    ["list", "--json"],
    ["history", "p"],
    ["history", "p", "--json"],
    ["history", "p", "--format", "jsonl"],
    ["history", "p", "--format", "csv"],
    ["plan", "as-of", "p", "--version", "1", "--json"],
    ["plan", "graph", "p", "--format", "dot"],
    ["status", GOAL],
    ["status", GOAL, "--json"],
    ["task", "mark", "p", GOAL, "done", "--json"],
    ["status", "p", GOAL],
]


@pytest.mark.parametrize("words", COMMANDS, ids=range(len(COMMANDS)))
def test_no_text_acts_on_a_terminal(warm_plangate: Path, store: Path, words: list[str]) -> None:
    shown = on_a_terminal(warm_plangate, store, *words)

    assert shown
    assert [sign for sign in ACTS if sign in shown] == []


@pytest.mark.parametrize("words", [["status", "p", "--json"], ["list", "--json"]])
def test_json_is_escaped_also_in_a_pipe_and_means_the_same(store: Path, words: list[str]) -> None:
    answer = run(store, *words).stdout

    assert [sign for sign in ACTS if sign in answer] == []
    assert GOAL in (
        json.loads(answer).get("goal"),
        json.loads(answer).get("plans", [{}])[0].get("goal"),
    )


def test_csv_and_json_lines_keep_the_text_in_a_pipe(store: Path) -> None:
    table = run(store, "history", "p", "--format", "csv").stdout.decode()
    lines = run(store, "history", "p", "--format", "jsonl").stdout

    assert RATIONALE in [row["why"] for row in csv.DictReader(io.StringIO(table, newline=""))]
    assert [sign for sign in ACTS if sign in lines] == []
    assert RATIONALE in [json.loads(line)["why"] for line in lines.splitlines()]


def test_csv_on_a_terminal_is_escaped_as_the_tables_are(store: Path) -> None:
    shown = on_a_terminal(PROGRAM, store, "history", "p", "--format", "csv").decode()

    rows = csv.DictReader(io.StringIO(shown, newline=""))
    assert harmless(RATIONALE) in [row["why"] for row in rows]


def test_json_escapes_what_tables_write_out() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    signs = [sign for sign in every if unicodedata.category(sign) != "Cs"]
    for some in (signs[first : first + 256] for first in range(0, len(signs), 256)):
        text = "".join(some)
        escaped = harmless_json(json.dumps(text, ensure_ascii=False))

        assert json.loads(escaped) == text
        written_out = {sign for sign in some if harmless(sign, lines=True) != sign} - {"\t"}
        assert [sign for sign in written_out if sign in escaped and not sign.isascii()] == []
