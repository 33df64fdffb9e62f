"""What the documentation shows of a real trace is what the commands print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from plangate.infrastructure.bootstrap import connect

ROOT = Path(__file__).parents[2]
TRACE = ROOT.parent / "shared" / "data" / "judged-plans.trace.jsonl"
PAGE = (ROOT / "docs" / "whatif.md").read_text("utf-8")


def plangate(database: Path, *words: str) -> list[str]:
    program = Path(sys.executable).parent / "plangate"
    said = subprocess.run(
        [program, "--db", database, *words],
        env={"COLUMNS": "80", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    return [line.rstrip() for line in said.splitlines()]


def words(svg: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.read_text("utf-8"))


@pytest.mark.skipif(not TRACE.exists(), reason="the trace is not part of the project")
def test_the_page_shows_what_the_commands_print_and_draw(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    plangate(database, "apply", str(TRACE))
    block = re.search(
        r"^\$ plangate whatif --all [^\n]*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert block is not None
    shown = block[1].splitlines()

    for picture, command in (
        ("whatif-steady.svg", ["whatif", "--all", "--policy", "steady"]),
        ("whatif-plan.svg", ["whatif", "trivial-1-r4", "--policy", "steady"]),
        (
            "sweep-steady.svg",
            [
                *("sweep", "--all", "--policy", "steady", "--grid", "consecutive_lows=1,2,3,4"),
                *("--grid", "confidence_threshold=0.4:0.75:0.05"),
            ],
        ),
    ):
        printed = plangate(database, *command, "--plot", str(tmp_path / picture))
        if picture == "whatif-steady.svg":
            assert printed[: len(shown)] == shown
        assert words(tmp_path / picture) == words(ROOT / "docs" / "pictures" / picture)

    with connect(database) as registry:
        report = registry.check()
        again = registry.replay(policy={})
    assert (report.plans, report.commands, report.mismatch_count) == (96, 1_242, 0)
    assert {plan.changed for plan in again.plans} == {0}
