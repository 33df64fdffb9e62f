"""Numbers as people read them: short, but never alike where they differ."""

from typing import Final

NO_NUMBER: Final = "–"

_DIGITS: Final = 3
_MOST_DIGITS: Final = 12


def number(value: float, *others: float) -> str:
    """A number with three decimals, or with as many as distinguish it from `others`."""
    digits = _DIGITS
    while digits < _MOST_DIGITS and any(
        value != other and f"{value:.{digits}f}" == f"{other:.{digits}f}" for other in others
    ):
        digits += 1
    return f"{value:.{digits}f}"


def confidence_text(value: float, scored: int, *others: float) -> str:
    """A rolling confidence of so many scored tasks; a dash where it rests on no score."""
    return number(value, *others) if scored else NO_NUMBER
