"""Where the next page begins, as text that callers hand back and need not understand."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, Strict, TypeAdapter, ValidationError

from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Identifier

_Whole = Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63)]
_Figure = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_TYPES: Final[dict[str, Any]] = {
    "rolling_confidence": _Figure,
    "plan_id": Identifier,
    "task_id": Identifier,
}


def cursor(question: str, fields: Sequence[str], last: BaseModel) -> str:
    """The place behind `last`, a row with these fields, in the answer to a question."""
    place = (question, *(getattr(last, field) for field in fields))
    return urlsafe_b64encode(_reader(tuple(fields)).dump_json(place)).decode().rstrip("=")


def read_cursor(text: str, question: str, fields: Sequence[str]) -> tuple[Any, ...]:
    """The fields' values at that place; raises `InvalidInput` unless it is from such an answer."""
    try:
        stored = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        asked, *values = _reader(tuple(fields)).validate_json(stored)
    except (ValueError, ValidationError):
        asked, values = None, []
    if asked != question:
        problem = "must be the `next` of an earlier answer to the same question"
        raise InvalidInput([Problem("after", problem)])
    return tuple(values)


@cache
def _reader(fields: tuple[str, ...]) -> TypeAdapter[Any]:
    types: tuple[Any, ...] = (str, *(_TYPES.get(field, _Whole) for field in fields))
    place: Any = tuple.__class_getitem__(types)
    return TypeAdapter(place)
