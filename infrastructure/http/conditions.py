"""Conditional requests: the `ETag` of a plan is its version.

Where a lease or a deferral is about to end, which changes the answer without an event, the tag
also has the moment until which it holds. A command's `If-Match` takes the version alone.
"""

from datetime import UTC, datetime, timedelta
from re import compile as pattern
from typing import Annotated, Final

from fastapi import Header
from pydantic.json_schema import SkipJsonSchema

from plangate.infrastructure.asgi.problem_details import MALFORMED, Refused
from plangate.infrastructure.http.problems import FieldProblem

_TAG: Final = pattern(r'"([1-9]\d{0,17})(?:-\d{1,20})?"')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

IfMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="If-Match",
        description="Run the command only if the plan is at this version, else answer 412.",
        examples=['"7"'],
        json_schema_extra={"pattern": rf"^({_TAG.pattern}|\*)$"},
    ),
]
IfNoneMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="If-None-Match",
        description="Answer 304 if the plan is still at this version.",
        examples=['"7"'],
    ),
]


def etag(version: int, changes_at: datetime | None = None) -> str:
    """The tag of an answer about a plan; `changes_at` is when time alone will change it."""
    if changes_at is None:
        return f'"{version}"'
    return f'"{version}-{(changes_at - _EPOCH) // timedelta(microseconds=1)}"'


def required_version(if_match: str | None) -> int | None:
    """The version that a command requires; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        detail = 'must be one version of the plan, as "7"'
        error = FieldProblem(header="If-Match", detail=detail)
        raise Refused(MALFORMED, f"If-Match: {detail}", [error])
    return int(tag[1])


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the client has the answer with this tag already."""
    known = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return tag in known or "*" in known
