"""The pages: in process, and in a browser on a real server with a real store."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.support.servers.pages import serving
from tests.support.shown_plans import add_hostile, fill


@dataclass
class Seen:
    """What a browser reported while a page was open."""

    address: str
    problems: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", self._require_own)

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.problems.append(f"{kind}: {text}")

    def _require_own(self, request: Request) -> None:
        if not request.url.startswith(self.address):
            self.problems.append(f"a request to {request.url}")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "plans.db"
    fill(path)
    add_hostile(path)
    return path


@pytest.fixture(scope="module")
def address(database: Path) -> Iterator[str]:
    with serving(database) as address:
        yield address


@pytest.fixture
def seen(address: str) -> Seen:
    return Seen(address)


@pytest.fixture
def page(browser: Browser, seen: Seen) -> Iterator[Page]:
    """A page of which nothing is reported: no error, no request to another host."""
    with browser.new_context(base_url=seen.address) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        seen.watch(page)
        yield page
    assert seen.problems == []
