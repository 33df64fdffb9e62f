"""What tests of pages and reports share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One browser for all tests of a process: playwright allows no second one in a thread."""
    from tests.support.browsers import MISSING, find_browser, started  # noqa: PLC0415

    executable = find_browser()
    if executable is None:
        pytest.skip(MISSING)
    with started(executable) as browser:
        yield browser
