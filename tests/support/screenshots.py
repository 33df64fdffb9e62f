"""Make the pictures of the dashboard and of reports in docs/pictures anew: `make screenshots`."""

import io
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Browser

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.input.traces import apply_lines, read_lines
from plangate.infrastructure.report.writing import write_report
from tests.support import real_judgements
from tests.support.browsers import MISSING, find_browser, started
from tests.support.servers.pages import serving
from tests.support.shown_plans import fill

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"

_COLORS: Final = 256
"""So many colours make a picture of flat areas small, and look the same."""


class Picture(NamedTuple):
    """One picture: of which address, how large, in which colours."""

    name: str
    path: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"


SHOWN: Final = (
    Picture("dashboard-plans", "/", 1100, 780),
    Picture("dashboard-plan", "/plan?id=search", 1100, 1560, "dark"),
    Picture("dashboard-what-if", "/what-if?id=search&preset=steady", 1100, 900),
    Picture("dashboard-phone", "/", 390, 780),
)


REPORTS: Final = (
    (real_judgements.EXCERPT, ["trivial-1-r4"], Picture("report-plan", "", 1000, 1500)),
    (real_judgements.WHOLE, None, Picture("report-store", "", 1000, 640)),
)
"""The real judgements that are reported on, which plans of them, and the picture."""


def take(browser: Browser, address: str, picture: Picture) -> bytes:
    """Take a picture, and make it small."""
    size = {"width": picture.width, "height": picture.height}
    with browser.new_context(viewport=size, color_scheme=picture.scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(address + picture.path)
        page.locator("[data-state=live], :root:not(:has(#live))").first.wait_for()
        taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    small = io.BytesIO()
    taken.convert("RGB").quantize(_COLORS).save(small, "PNG", optimize=True)
    return small.getvalue()


def take_reports(browser: Browser, folder: Path) -> None:
    """Take the pictures of reports, of those judgements that lie here."""
    for trace, plan_ids, picture in REPORTS:
        if trace.path.exists():
            with connect("memory:") as registry, trace.path.open("rb") as lines:
                for line in apply_lines(registry, read_lines(lines), run=None):
                    assert line.error is None
                report = folder / f"{picture.name}.html"
                write_report(registry, report, plan_ids)
            taken = take(browser, report.as_uri(), picture)
            (PICTURES / f"{picture.name}.png").write_bytes(taken)


def main() -> int:
    """Take all pictures of a store of our own."""
    executable = find_browser()
    if executable is None:
        print(MISSING, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, started(executable) as browser:
        take_reports(browser, Path(folder))
        database = Path(folder) / "plans.db"
        fill(database)
        with serving(database) as address:
            for picture in SHOWN:
                (PICTURES / f"{picture.name}.png").write_bytes(take(browser, address, picture))
    return 0


if __name__ == "__main__":
    sys.exit(main())
