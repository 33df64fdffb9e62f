"""Console blocks in README and docs print what they show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
DATE, TIME = re.compile(r"\b\d{4}-\d\d-\d\d\b"), re.compile(r"\b\d\d:\d\d:\d\d\b")
MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if CONSOLE.search(page.read_text("utf-8"))
]


def test_the_pages_that_show_a_terminal_are_found() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}

    assert {"README.md", "docs/tutorial.md", "docs/reference/cli.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_console_blocks_of_a_page_print_what_they_show(
    page: Path, tmp_path: Path, warm_plangate: Path
) -> None:
    """One shell command a line; the blocks of a page share one folder and one store."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(warm_plangate.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "PLANGATE_DB": "plans.db",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PLANGATE_ACTOR": "ann",
        "TZ": "UTC",
        "COLUMNS": "80",
        "PYTHONUTF8": "1",
    }
    for block in CONSOLE.findall(page.read_text("utf-8")):
        printed = []
        for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
            outcome = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
                timeout=60,
            )
            printed += [f"$ {command}", *outcome.stdout.rstrip().splitlines()]
        lines = [_timeless(line.rstrip()) for line in printed]
        assert lines == block.splitlines()


def _timeless(line: str) -> str:
    """The line with every time replaced, as the pages show it."""
    line = MOMENT.sub("2026-01-31T12:00:00Z", line)
    return DATE.sub("2026-01-31", TIME.sub("12:00:00", line))
