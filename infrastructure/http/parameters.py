"""Parameters that several operations have: strict, as a query is text and nothing else."""

from datetime import datetime
from re import compile as pattern
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from plangate.domain.vocabulary import MAX_INTEGER, Moment

_DIGITS: Final = pattern(r"[0-9]{1,19}")
MAX_ROWS: Final = 1_000
"""The most rows of a page."""


def _whole(text: object) -> object:
    if isinstance(text, str) and not _DIGITS.fullmatch(text):
        raise ValueError("must be a whole number, in digits")
    return text


def _flag(text: object) -> object:
    if isinstance(text, str) and text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text


Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]

NoneAllowed = SkipJsonSchema[None]
"""A parameter that may be left out: it is not null, which a query cannot say."""

PlanId = Annotated[
    str,
    Path(description="The plan's id, percent-encoded.", max_length=200, examples=["billing"]),
]
TaskId = Annotated[
    str,
    Path(description="The task's id, percent-encoded.", max_length=200, examples=["schema"]),
]
Limit = Annotated[
    Annotated[Whole, Field(ge=1, le=MAX_ROWS)], Query(description="The most rows of the page.")
]
After = Annotated[
    str | NoneAllowed,
    Query(description="The `next` of the page before.", max_length=2_000),
]
AtLeast = Annotated[
    Annotated[Whole, Field(ge=0, le=MAX_INTEGER)],
    Query(description="A position of the log that the answer must reflect."),
]
Version = Annotated[
    Annotated[Whole, Field(ge=1, le=MAX_INTEGER)] | NoneAllowed,
    Query(description="A version of the plan."),
]
At = Annotated[Moment | NoneAllowed, Query(description="A moment, with its zone.")]


def optional(kind: Any) -> Any:
    """A parameter of this type that may be left out."""
    return kind | NoneAllowed
