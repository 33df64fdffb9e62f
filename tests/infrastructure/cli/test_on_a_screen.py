"""On a real screen: a long history opens in a pager, and a watched status follows the log."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate

PROGRAM = Path(sys.executable).with_name("plangate")
Started = tuple[subprocess.Popen[bytes], int]


@contextmanager
def on_a_screen(
    *words: str | Path, **variables: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program with a terminal for its output; the descriptor reads what is on the screen."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", **variables}
    with subprocess.Popen(
        [PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env=environment,
        # A test run in the background ignores interrupts, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        os.close(slave)
        try:
            yield process, master
        finally:
            process.kill()
            os.close(master)


def read_until(screen: int, wanted: bytes) -> bytes:
    shown = b""
    while wanted not in shown:
        try:
            piece = os.read(screen, 65536)
        except OSError:  # the program has ended
            piece = b""
        if not piece:
            raise AssertionError(f"{wanted!r} is not in {shown!r}")
        shown += piece
    return shown


def test_a_watched_status_follows_the_log_until_it_is_interrupted(
    registry: PlanRegistry, billing: str, database: Path
) -> None:
    with on_a_screen("--db", database, "status", billing, "--watch") as (process, screen):
        read_until(screen, b"plangate --db")
        registry.score_output(billing, "a", 0.875)
        read_until(screen, b"0.875")
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 130


def test_a_history_on_a_screen_goes_through_the_pager(
    registry: PlanRegistry, billing: str, database: Path, tmp_path: Path
) -> None:
    registry.score_output(billing, "a", 0.875)
    paged = tmp_path / "paged"
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat >'{paged}'\n", "utf-8")
    pager.chmod(0o755)

    with on_a_screen("--db", database, "history", billing, PAGER=str(pager)) as (process, _):
        assert process.wait(timeout=30) == 0

    assert "output scored 0.88" in paged.read_text("utf-8")


def test_leaving_the_pager_early_ends_the_command_well(
    registry: PlanRegistry, billing: str, database: Path
) -> None:
    for _ in range(300):
        registry.score_output(billing, "a", 0.9)

    with on_a_screen("--db", database, "history", billing, PAGER="true") as (process, _):
        assert process.wait(timeout=60) == 0


def test_n_shows_the_newest_oldest_first(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    for score in (0.81, 0.82, 0.83):
        registry.score_output(billing, "a", score)

    entries = plangate("history", billing, "-n", "2", "--json").json["entries"]
    everything = plangate("history", billing, "--json").json["entries"]
    of_outputs = plangate("history", billing, "-n", "2", "--kind", "output", "--json").json
    shown = plangate("history", "--all", "-n", "1").stdout

    assert entries == everything[-2:]
    assert [one["event"]["score"] for one in of_outputs["entries"]] == [0.82, 0.83]
    assert "0.83" in shown or "done" in shown
    assert "0.81" not in shown
