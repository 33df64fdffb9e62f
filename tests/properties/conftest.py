"""Lets the assertions inside the given/when/then language show what differed."""

import pytest

pytest.register_assert_rewrite("tests.support.story")
