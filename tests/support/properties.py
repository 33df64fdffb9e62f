"""How properties are tried: the same examples at every run, and no race against a clock."""

from hypothesis import HealthCheck, settings

repeatable = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

repeatable_by_few = settings(repeatable, max_examples=12)
"""For examples that take long, of which `make soak` tries thousands."""
