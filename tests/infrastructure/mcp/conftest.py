"""What the tests of the server print."""

from tests.reliability.conftest import say

__all__ = ["say"]
