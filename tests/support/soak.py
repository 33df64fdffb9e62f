"""How much a long test does, on which simulated worlds, and how it reports what it counted."""

import os
from typing import Final, Protocol

import pytest

from tests.support.reliability.audit import Findings

FIRST_SEED: Final = int(os.environ.get("FIRST_SEED", "0"))
"""The seed of the first simulated world. Others than the usual ones show what holds in general:
methods were chosen by what they do in the usual ones."""


def short_and_long(name: str, short: int, long: int) -> pytest.MarkDecorator:
    """Runs a test with a little of something, and under `make soak` with much of it.

    The long form takes as long as it takes.
    """
    much = pytest.param(long, marks=[pytest.mark.soak, pytest.mark.timeout(0)])
    return pytest.mark.parametrize(name, [pytest.param(short), much])


class Say(Protocol):
    """Prints what a test counted as one line of JSON, to be quoted."""

    def __call__(self, test: str, findings: Findings | None = None, **more: object) -> None: ...
