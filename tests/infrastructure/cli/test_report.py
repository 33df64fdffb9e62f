"""`plangate report` writes one file, completely or not at all."""

import sys
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("plans.db")}


def test_a_report_is_written_and_its_size_said(
    plangate: Plangate, billing: str, tmp_path: Path
) -> None:
    said = plangate("report", billing, "-o", "billing.html")
    size = (tmp_path / "billing.html").stat().st_size
    assert (said.exit_code, said.stdout) == (
        0,
        f"Wrote billing.html: 1 plan, {size / 1_000:,.0f} kB.\n",
    )
    whole = plangate("report", "--all", "--output", "all.html", "--signed", "--json")
    assert whole.json == {
        "file": "all.html",
        "plans": 1,
        "bytes": (tmp_path / "all.html").stat().st_size,
    }
    assert "Checkpoint of the ledger" in (tmp_path / "all.html").read_text("utf-8")


def test_a_file_that_exists_is_not_overwritten(
    plangate: Plangate, billing: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.html").write_text("mine", "utf-8")
    said = plangate("report", billing, "-o", "notes.html")
    assert said.exit_code == 3
    assert "'notes.html' exists already" in said.stderr
    assert (tmp_path / "notes.html").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "words",
    [("nothing-here",), ("billing", "nothing-here"), ("billing", "--all"), ()],
    ids=["unknown", "one unknown", "both", "neither"],
)
def test_a_refused_report_leaves_no_file(
    plangate: Plangate, billing: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    del billing
    said = plangate("report", *words, "-o", "report.html")
    assert said.exit_code in {2, 3}
    assert said.stderr
    assert files(tmp_path) == set()


def test_a_deleted_plan_is_refused(
    plangate: Plangate, registry: PlanRegistry, billing: str, tmp_path: Path
) -> None:
    registry.delete(billing)
    said = plangate("report", billing, "-o", "report.html")
    assert (said.exit_code, files(tmp_path)) == (3, set())
    assert "was deleted" in said.stderr


def test_a_folder_that_is_not_there_is_refused(plangate: Plangate, billing: str) -> None:
    said = plangate("report", billing, "-o", "no/such/report.html")
    assert said.exit_code == 3
    assert "a path where a new file can be written" in said.stderr


def test_no_store_is_made_to_report_on(plangate: Plangate, tmp_path: Path) -> None:
    said = plangate("report", "--all", "-o", "report.html")
    assert said.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_without_jinja_the_command_says_what_to_install(
    plangate: Plangate, billing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    said = plangate("report", billing, "-o", "report.html")
    assert said.stderr == ("refused: a report needs jinja2: pip install 'plangate[server]'\n")
    assert files(tmp_path) == set()
