"""What all requests to views and all answers of views have in common: pages of rows.

Pages are cut by keys, not by counting: what others write meanwhile makes no row
appear twice or go missing, unless it changes the row's own place in the order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, Field, Strict

from plangate.application.models import Model
from plangate.application.results import Rows
from plangate.application.views.projection import Row
from plangate.domain.vocabulary import MAX_INTEGER

Keys = Sequence[tuple[str, bool]]
"""The fields rows are ordered by, each ascending or (True) descending; together unique."""

RowKey = tuple[Any, ...]
"""The values of an order's keys in the last row of a page."""

MAX_PAGE: Final = 10_000
"""The most events or rows that are read at once."""

_Request = TypeVar("_Request", bound="PageRequest")
_Row = TypeVar("_Row", bound=Row)

PageLimit = Annotated[int, Strict(), Field(ge=1, le=MAX_PAGE)]
Position = Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)]


class PageRequest(Model):
    """At most `limit` rows, after those of the page whose `next` is `after`.

    `at_least` is a position of the log that the answer must reflect: None for the log's end.
    """

    model_config = ConfigDict(extra="forbid")

    limit: PageLimit = 100
    after: Annotated[str, Strict(), Field(max_length=2_000)] | None = None
    at_least: Position | None = None


class RowPage(Rows[_Row]):
    """A page of an answer. `next` is the `after` of the next page; None on the last one."""

    next: str | None = None


ReadRows = Callable[[_Request, RowKey | None, int], Sequence[_Row]]
"""Reads the first matching rows after a key: one of the view store's methods."""


def every_row(
    read: ReadRows[_Request, _Row], request: _Request, fields: Sequence[str]
) -> Iterator[_Row]:
    """All matching rows, page by page; `fields` are the keys that they are ordered by."""
    last: RowKey | None = None
    while page := read(request, last, MAX_PAGE):
        yield from page
        last = tuple(getattr(page[-1], field) for field in fields)
