"""Cursors: where the next page begins, as text that callers hand back unread."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, Strict, TypeAdapter, ValidationError

from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Identifier

_Whole = Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63)]
_Confidence = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_TYPES: Final[dict[str, Any]] = {
    "rolling_confidence": _Confidence,
    "plan_id": Identifier,
    "task_id": Identifier,
}


def cursor(query: str, fields: Sequence[str], last: BaseModel) -> str:
    """The cursor behind `last`, a row with these fields, in the answer to a query."""
    key = (query, *(getattr(last, field) for field in fields))
    return urlsafe_b64encode(_adapter(tuple(fields)).dump_json(key)).decode().rstrip("=")


def read_cursor(text: str, query: str, fields: Sequence[str]) -> tuple[Any, ...]:
    """The fields' values at a cursor; raises `InvalidInput` unless it is from the same query."""
    try:
        stored = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        of_query, *values = _adapter(tuple(fields)).validate_json(stored)
    except (ValueError, ValidationError):
        of_query, values = None, []
    if of_query != query:
        problem = "must be the `next` of an earlier answer to the same question"
        raise InvalidInput([Problem("after", problem)])
    return tuple(values)


@cache
def _adapter(fields: tuple[str, ...]) -> TypeAdapter[Any]:
    types: tuple[Any, ...] = (str, *(_TYPES.get(field, _Whole) for field in fields))
    key: Any = tuple.__class_getitem__(types)
    return TypeAdapter(key)
