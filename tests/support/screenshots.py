"""Make the pictures of the dashboard in docs/pictures anew: `make screenshots`."""

import io
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Browser
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


def main() -> int:
    """Take all pictures of a store of our own."""
    executable = find_browser()
    if executable is None:
        print(MISSING, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, started(executable) as browser:
        database = Path(folder) / "plans.db"
        fill(database)
        with serving(database) as address:
            for picture in SHOWN:
                (PICTURES / f"{picture.name}.png").write_bytes(take(browser, address, picture))
    return 0


if __name__ == "__main__":
    sys.exit(main())
