"""How much of a long answer is wanted at once."""

from typing import Annotated, Final

from pydantic import BaseModel, Field, Strict

MAX_PAGE: Final = 10_000
"""The most events or plans that are read at once."""

_Whole = Annotated[int, Strict()]


class Limit(BaseModel):
    """The most entries wanted; None for all of them."""

    limit: Annotated[_Whole, Field(ge=1)] | None = None


class Page(BaseModel):
    """The entries beyond the position `after`, at most `limit` of them."""

    after: Annotated[_Whole, Field(ge=0)] = 0
    limit: Annotated[_Whole, Field(ge=1, le=MAX_PAGE)] = 1_000
