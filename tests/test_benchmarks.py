"""The benchmarks measure every row, in a size too small to say anything about speed."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import telemetry
from benchmarks.__main__ import main
from benchmarks.report import BEGIN, END
from benchmarks.results import Results, Role, Row
from benchmarks.rows import ROWS
from tests.architecture.checkout import ROOT

# One worker measures everything for all the tests below.
pytestmark = pytest.mark.xdist_group("benchmarks")


# Those left out are measured as others are.
LEFT_OUT = {
    *("agreement", "check", "command-beside-rebuild", "findings", "http-status", "status", "tune"),
}
SOME = [name for name in ROWS if name not in LEFT_OUT and not name.startswith("start-up-")]
READ_LIKE_THE_LIMIT = {
    *("calibrate", "catch-up", "check", "findings", "ledger", "replay", "what-if"),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SOME, id="some"),
        pytest.param([*ROWS], id="every", marks=[pytest.mark.soak, pytest.mark.timeout(0)]),
    ],
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    shutil.copy(ROOT / "benchmarks" / "README.md", folder)
    main(["--smoke", "--only", *request.param, "--into", str(folder)])
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return Results.model_validate_json((folder / "results.json").read_bytes())


def test_the_cost_of_telemetry_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.main(3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["SQLite", "SQLite", "memory", "memory"]


def row_of(results: Results, name: str) -> Row:
    return next(row for row in results.rows if row.name == name)


def test_a_row_has_costs_of_plangate_and_of_what_it_is_compared_with(results: Results) -> None:
    assert {row.name for row in results.rows} >= {*SOME}
    for row in results.rows:
        assert row.absent is None, row.name
        for measurement in row.measurements:
            ours, *others = measurement.sides
            assert ours.role is Role.PLANGATE, row.name
            assert Role.LIMIT in {side.role for side in others}, row.name
            assert len(measurement.ratios) >= len(others), row.name
            for cost in (side.cost for side in measurement.sides):
                assert 0 < cost.lowest <= cost.median <= cost.highest < float("inf"), row.name


@pytest.mark.parametrize("name", ["score", "threads", "next-task", "next-over-plans"])
def test_the_limit_writes_as_many_rows_as_plangate(results: Results, name: str) -> None:
    for measurement in row_of(results, name).measurements:
        written = {side.role: side.rows for side in measurement.sides if side.rows is not None}

        assert written[Role.PLANGATE] == written[Role.LIMIT]


def test_the_limit_reads_as_many_events_as_plangate(results: Results) -> None:
    rows = [row for row in results.rows if row.name in READ_LIKE_THE_LIMIT]
    assert len(rows) >= len(READ_LIKE_THE_LIMIT - LEFT_OUT)
    for row in rows:
        for measurement in row.measurements:
            read = {side.role: side.rows for side in measurement.sides}

            assert read[Role.PLANGATE] == read[Role.LIMIT], row.name


def test_the_page_has_every_row_and_every_plot_of_the_results(folder: Path) -> None:
    page = (folder / "README.md").read_text("utf-8")
    generated = page[page.index(BEGIN) : page.index(END)]

    assert all(row["title"] in generated for row in json.loads(results_of(folder))["rows"])
    for plot in (folder / "plots").iterdir():
        assert f"plots/{plot.name}" in generated
    assert len(list((folder / "plots").iterdir())) == 3


def results_of(folder: Path) -> str:
    return (folder / "results.json").read_text("utf-8")


def test_measuring_one_row_again_leaves_the_others_as_they_were(folder: Path) -> None:
    before = Results.model_validate_json(results_of(folder))

    main(["--smoke", "--only", "memory", "--into", str(folder)])

    after = Results.model_validate_json(results_of(folder))
    assert [row.name for row in after.rows] == [row.name for row in before.rows]
    assert [row for row in after.rows if row.name != "memory"] == [
        row for row in before.rows if row.name != "memory"
    ]


def test_the_results_that_are_kept_fit_their_shape_and_name_no_path() -> None:
    kept = (ROOT / "benchmarks" / "results.json").read_text("utf-8")

    assert [row.name for row in Results.model_validate_json(kept).rows] == list(ROWS)
    assert "/tmp" not in kept  # noqa: S108  (it is sought, not used)
    assert "/home" not in kept
