"""What tests of pages and reports share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser for the tests of a module: beside it, other tests could run no event loop."""
    from tests.support.browsers import MISSING, find_browser, started  # noqa: PLC0415

    executable = find_browser()
    if executable is None:
        pytest.skip(MISSING)
    with started(executable) as browser:
        yield browser
