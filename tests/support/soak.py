"""How much a long test does, and how it reports what it counted."""

from typing import Protocol

import pytest

from tests.support.reliability.audit import Findings


def short_and_long(name: str, short: int, long: int) -> pytest.MarkDecorator:
    """Runs a test with a little of something, and under `make soak` with much of it.

    The long form takes as long as it takes.
    """
    much = pytest.param(long, marks=[pytest.mark.soak, pytest.mark.timeout(0)])
    return pytest.mark.parametrize(name, [pytest.param(short), much])


class Say(Protocol):
    """Prints what a test counted as one line of JSON, to be quoted."""

    def __call__(self, test: str, findings: Findings | None = None, **more: object) -> None: ...
