"""What the forms of the pages send: text, in which an empty field means none."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from plangate.domain.vocabulary import MAX_INTEGER

PAGE: Final = 50
"""How many rows a page has."""


def _blank_is_none(given: Any) -> Any:
    return None if isinstance(given, str) and not given.strip() else given


Blank = BeforeValidator(_blank_is_none)
"""An empty field is as one that is not sent."""

Text = Annotated[Annotated[str, Field(max_length=2_000)] | None, Blank]
Count = Annotated[Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None, Blank]
Amount = Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, Blank]
