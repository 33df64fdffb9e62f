"""Numbers as people read them."""

import pytest

from plangate.application.numbers import number


@pytest.mark.parametrize(
    "value, beside, shown",
    [
        (0.5, [], "0.500"),
        (0.72, [0.72], "0.720"),
        (0.71999, [0.72], "0.71999"),
        (0.72, [0.71999], "0.72000"),
        (0.72, [0.72 - 1e-15], "0.720000000000"),
    ],
)
def test_a_number_has_the_decimals_that_distinguish_it_from_the_threshold(
    value: float, beside: list[float], shown: str
) -> None:
    assert number(value, *beside) == shown
