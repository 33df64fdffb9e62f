"""Lets the assertions inside the given/when/then language show what differed."""

import pytest

from plangate.domain import evolve

pytest.register_assert_rewrite("tests.support.story")


@pytest.fixture(autouse=True)
def _rules_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may find an event's rule where an earlier one left it."""
    monkeypatch.setattr(evolve, "_RULES", {})
