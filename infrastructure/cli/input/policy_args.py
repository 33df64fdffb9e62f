"""Policies and grids on the command line: `decay=0.9`, `decay=0.7,0.85`, `decay=0.7:1:0.1`."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import typer

from plangate.application.replay.policy_grid import MAX_POLICIES

_NOTHING: Final = {"none", "null"}


def settings(texts: Sequence[str]) -> dict[str, Any]:
    """`FIELD=VALUE`, each field once."""
    return {field: _value(value) for field, value in _pairs(texts, "FIELD=VALUE")}


def grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """`FIELD=VALUE,VALUE,…` or `FIELD=FROM:TO:STEP`, each field once."""
    return {
        field: _range(values) if ":" in values else [_value(one) for one in values.split(",")]
        for field, values in _pairs(texts, "FIELD=VALUE,VALUE,… or FIELD=FROM:TO:STEP")
    }


def _pairs(texts: Sequence[str], form: str) -> Iterator[tuple[str, str]]:
    known: set[str] = set()
    for text in texts:
        field, equals, value = (part.strip() for part in text.partition("="))
        if not (field and equals and value):
            raise typer.BadParameter(f"{text!r}: write {form}")
        if field in known:
            raise typer.BadParameter(f"{field!r} is given twice")
        known.add(field)
        yield field, value


def _value(text: str) -> Any:
    """A number, true, false or none if the text is one; otherwise the text."""
    text = text.strip()
    if text.lower() in _NOTHING:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def _range(text: str) -> list[int | float]:
    """The numbers from FROM to TO; TO is included if the steps reach it."""
    try:
        first, last, step = (Decimal(part.strip()) for part in text.split(":"))
        size = int((last - first) / step) + 1
    except (ValueError, ArithmeticError, InvalidOperation):
        raise typer.BadParameter(f"{text!r}: write FROM:TO:STEP, as in 0.5:0.9:0.05") from None
    if step <= 0 or size < 1:
        raise typer.BadParameter(f"{text!r}: the steps must lead from FROM up to TO")
    if size > MAX_POLICIES:
        raise typer.BadParameter(
            f"{text!r} has {size:,} values; at most {MAX_POLICIES:,} are allowed"
        )
    numbers = [first + step * index for index in range(size)]
    whole = all(number == number.to_integral_value() for number in (first, step))
    return [int(number) if whole else float(number) for number in numbers]
