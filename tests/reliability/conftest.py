"""Lets the reliability tests print their figures."""

import json

import pytest

from tests.support.reliability.audit import Findings
from tests.support.soak import Say


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints a test's figures, whatever pytest does with other output."""

    def say(test: str, findings: Findings | None = None, **more: object) -> None:
        figures = findings.figures if findings else {}
        with capsys.disabled():
            print("\n" + json.dumps({"test": test, **figures, **more}), flush=True)

    return say
