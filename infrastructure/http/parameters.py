"""Parameters that several operations have: strict, as a query is text and nothing else."""

from re import compile as pattern
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from plangate.domain.vocabulary import MAX_INTEGER, GivenMoment

_DIGITS: Final = pattern(r"[0-9]{1,19}")
_DECIMAL: Final = pattern(r"[0-9]{1,15}(\.[0-9]{1,15})?")
MAX_ROWS: Final = 1_000
"""The most rows of a page."""


def _whole(text: object) -> object:
    if isinstance(text, str) and not _DIGITS.fullmatch(text):
        raise ValueError("must be a whole number, in digits")
    return text


def _amount(text: object) -> object:
    if isinstance(text, str) and not _DECIMAL.fullmatch(text):
        raise ValueError("must be a number, as in 2.5")
    return text


def _flag(text: object) -> object:
    if isinstance(text, str) and text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text


Flag = Annotated[bool, BeforeValidator(_flag)]
NoneAllowed = SkipJsonSchema[None]
"""For what may be left out: it is not null, which a query or a header cannot say."""

WHOLE: Final = BeforeValidator(_whole)
Whole = Annotated[int, Field(ge=0, le=MAX_INTEGER), WHOLE]
Amount = Annotated[float, Field(ge=0, lt=1e15), BeforeValidator(_amount)]
FromOne = Annotated[int, Field(ge=1, le=MAX_INTEGER), WHOLE]

PlanId = Annotated[
    str, Path(description="The plan's id, percent-encoded.", max_length=200, examples=["billing"])
]
TaskId = Annotated[
    str, Path(description="The task's id, percent-encoded.", max_length=200, examples=["schema"])
]
Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAX_ROWS), WHOLE],
    Query(description="The most rows of the page."),
]
After = Annotated[
    Annotated[str, Field(max_length=2_000)] | NoneAllowed,
    Query(description="The `next` of the page before."),
]
AtLeast = Annotated[
    Whole | NoneAllowed,
    Query(
        description="A position of the log that the answer must reflect;"
        " by default, what was recorded before."
    ),
]
Version = Annotated[FromOne | NoneAllowed, Query(description="A version of the plan.")]
At = Annotated[GivenMoment | NoneAllowed, Query(description="A moment, with its zone.")]
