"""Errors as `application/problem+json` (RFC 9457): a problem, and its response."""

from collections.abc import Iterable, Mapping
from json import dumps
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_AFTER: Final = {"Retry-After": "1"}
_NAMESPACE: Final = "urn:plangate:problem:"


class Kind(NamedTuple):
    """One kind of problem. `says` is the detail where the error's own could say too much."""

    slug: str
    status: int
    title: str
    says: str | None = None
    retry: bool = False

    @property
    def uri(self) -> str:
        """The problem's `type`."""
        return _NAMESPACE + self.slug


MALFORMED: Final = Kind("malformed-request", 400, "The request is malformed")
UNAUTHENTICATED: Final = Kind("unauthenticated", 401, "The request needs a valid API key")
TOO_LARGE: Final = Kind("body-too-large", 413, "The body is too large")
UNAVAILABLE: Final = Kind(
    "store-unavailable",
    503,
    "The store cannot be reached now",
    "The store cannot be reached, or did not answer in time. Try again, with the same key.",
    retry=True,
)


class Refused(Exception):
    """A request that cannot be answered, for a reason that lies in HTTP."""

    def __init__(self, kind: Kind, detail: str, errors: Iterable[BaseModel] = ()) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)

    def response(self) -> Response:
        """The answer to the request."""
        return problem(self.kind, self.detail, errors=self.errors)


def problem(
    kind: Kind,
    detail: str | None = None,
    *,
    errors: Iterable[BaseModel] = (),
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response; `facts` are further members."""
    body: dict[str, Any] = {"type": kind.uri, "title": kind.title, "status": kind.status}
    if detail or kind.says:
        body["detail"] = detail or kind.says
    if found := [one.model_dump(exclude_none=True) for one in errors]:
        body["errors"] = found
    given = {**(_RETRY_AFTER if kind.retry else {}), **(headers or {})}
    text = dumps({**(facts or {}), **body}, ensure_ascii=True)
    return Response(text, kind.status, given, MEDIA_TYPE)
