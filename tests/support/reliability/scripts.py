"""Programs of this folder, each run in a process of its own."""

import subprocess
import sys
from pathlib import Path

PATIENCE = 3_600.0
"""Seconds after which a program is taken to hang; the long forms take minutes."""


def run_script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one to its end; a program that is killed, as by a crash, has a negative code."""
    command = [sys.executable, "-X", "faulthandler", "-m", f"tests.support.reliability.{name}"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
