"""How much of the log is read at once."""

from typing import Annotated, Final

from pydantic import BaseModel, Field, Strict

MAX_PAGE: Final = 10_000
"""The most events or rows that are read at once."""

_Whole = Annotated[int, Strict()]


class Page(BaseModel):
    """The entries beyond the position `after`, at most `limit` of them."""

    after: Annotated[_Whole, Field(ge=0)] = 0
    limit: Annotated[_Whole, Field(ge=1, le=MAX_PAGE)] = 1_000
