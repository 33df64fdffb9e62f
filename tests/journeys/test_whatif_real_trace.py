"""What the documentation shows of a real trace is what the commands print."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli import app

ROOT = Path(__file__).parents[2]
TRACE = ROOT.parent / "shared" / "data" / "judged-plans.trace.jsonl"
PAGE = (ROOT / "docs" / "how-to" / "choose-a-policy.md").read_text("utf-8")


def plangate(database: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(app, ["--db", str(database), *words])
    assert (result.exit_code, result.stderr) == (0, "")
    return [line.rstrip() for line in result.stdout.splitlines()]


def words(svg: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.read_text("utf-8"))


@pytest.mark.skipif(not TRACE.exists(), reason="the trace is not part of the project")
def test_the_page_shows_what_the_commands_print_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    database = tmp_path / "plans.db"
    plangate(database, "apply", str(TRACE))
    block = re.search(
        r"^\$ plangate whatif --all [^\n]*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert block is not None
    shown = block[1].splitlines()

    for picture, plans in (("whatif-steady.svg", "--all"), ("whatif-plan.svg", "trivial-1-r4")):
        drawn = tmp_path / picture
        printed = plangate(database, "whatif", plans, "--policy", "steady", "--plot", str(drawn))
        if plans == "--all":
            assert printed[: len(shown)] == shown
        assert words(drawn) == words(ROOT / "docs" / "pictures" / picture)

    with connect(database) as registry:
        report = registry.check()
        again = registry.replay(policy={})
    assert (report.plans, report.commands, report.mismatch_count) == (96, 1_242, 0)
    assert {plan.changed for plan in again.plans} == {0}
