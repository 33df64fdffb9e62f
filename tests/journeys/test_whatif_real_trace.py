"""What the documentation shows of real judgements is what the commands print."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.app import app
from tests.support.real_judgements import WHOLE, RealTrace, on_real_judgements

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "choose-a-policy.md").read_text("utf-8")


ADR = (ROOT / "docs" / "adr" / "0006-a-gate-with-a-memory.md").read_text("utf-8")


def plangate(database: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(app, ["--db", str(database), *words])
    assert result.exit_code == 0
    assert result.stderr in {"", f"store: made {database}\n"}
    return [line.rstrip() for line in result.stdout.splitlines()]


def words(svg: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.read_text("utf-8"))


@on_real_judgements
def test_the_page_shows_what_the_commands_print_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trace: RealTrace
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    database = tmp_path / "plans.db"
    plangate(database, "apply", str(trace.path))
    pictures = {"trivial-1-r4": "whatif-plan.svg"}
    if trace is WHOLE:
        pictures["--all"] = "whatif-steady.svg"
    block = re.search(
        r"^\$ plangate replay what-if --all [^\n]*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert block is not None
    shown = block[1].splitlines()

    for plans, picture in pictures.items():
        drawn = tmp_path / picture
        printed = plangate(
            database, "replay", "what-if", plans, "--policy", "steady", "--plot", str(drawn)
        )
        if plans == "--all":
            assert printed[: len(shown)] == shown
        assert words(drawn) == words(ROOT / "docs" / "pictures" / picture)

    with connect(database) as registry:
        report = registry.replay.check()
        again = registry.replay.what_if(policy={})
    commands = trace.plans + trace.scores
    assert (report.plans, report.commands, report.mismatch_count) == (trace.plans, commands, 0)
    assert {plan.changed for plan in again.plans} == {0}


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.skipif(not WHOLE.path.exists(), reason="the trace does not lie beside the checkout")
def test_the_decision_about_steady_shows_what_tune_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    database = tmp_path / "plans.db"
    plangate(database, "apply", str(WHOLE.path))
    shown = r"^\$ plangate (replay tune [^\n]*)\n(.*?)^```"
    command, block = re.findall(shown, ADR, re.DOTALL | re.MULTILINE)[0]

    printed = plangate(database, *command.split())

    assert [line for line in printed if line] == [line for line in block.splitlines() if line]
