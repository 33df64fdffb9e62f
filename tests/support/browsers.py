"""The browser of the tests: any Chrome, Chromium or Edge that is installed."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

_NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
)
_PROGRAMS: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)

MISSING: Final = "no browser: install Chromium, Chrome or Edge, or run make browser as root"


def find_browser() -> str | None:
    """The browser that PLANGATE_TEST_BROWSER names, or the first one that is found."""
    named = os.environ.get("PLANGATE_TEST_BROWSER")
    if named:
        return named
    installed = (shutil.which(name) for name in _NAMES)
    there = (program for program in _PROGRAMS if Path(program).exists())
    return next((path for path in (*installed, *there) if path), None)


def main() -> int:
    """Show which browser the tests use; 1 without one."""
    print(find_browser() or MISSING)
    return 0 if find_browser() else 1


@contextmanager
def started(executable: str) -> Iterator[Browser]:
    """A browser without a window, as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
