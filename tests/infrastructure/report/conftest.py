"""Reports as the tests look at them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.report.writing import write_report
from tests.support.html_pages import Page, read_page

Report = Callable[..., Page]


@pytest.fixture
def registry() -> Iterator[PlanRegistry]:
    with connect("memory:") as opened:
        yield opened


@pytest.fixture
def report(registry: PlanRegistry, tmp_path: Path) -> Report:
    """The page of a report: `report("billing")`, or `report()` of the whole store."""

    def written(*plan_ids: str, signed: bool = False) -> Page:
        path = tmp_path / "report.html"
        path.unlink(missing_ok=True)
        write_report(registry, path, plan_ids or None, signed=signed)
        return read_page(path.read_text("utf-8"))

    return written
