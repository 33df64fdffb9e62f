"""A route that answers every error with a problem, and takes nothing that it does not know.

The host's own error handlers are not touched: what they see are the errors of the host's code.
"""

from collections.abc import Callable, Container, Coroutine, Iterable, Iterator, Mapping
from json import loads
from typing import Any, Final, get_origin
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from plangate.domain.errors import InvalidInput, PlangateError
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Forbidden
from plangate.infrastructure.asgi.limits import MAX_BODY
from plangate.infrastructure.asgi.problem_details import MALFORMED, TOO_LARGE, Kind, Refused
from plangate.infrastructure.http.problems import (
    KINDS,
    NO_PLAN_TYPE,
    NOT_JSON,
    FieldProblem,
    problem_of,
)

_OURS: Final = (PlangateError, RequestValidationError, Refused, Forbidden, Unauthenticated)


class PlangateRoute(APIRoute):
    """A route of the API."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path as it was sent, so that an encoded slash is a part of an id."""
        match, found = super().matches({**scope, "path": _encoded(scope)})
        if "path_params" in found:
            found["path_params"] = {
                name: unquote(value) if isinstance(value, str) else value
                for name, value in found["path_params"].items()
            }
        return match, found

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        query = {name: many for one in _flat(self.dependant) for name, many in _query(one)}
        names = {*query, *self.param_convertors}
        headers = {given.alias for one in _flat(self.dependant) for given in one.header_params}
        files = (self.openapi_extra or {}).get("requestBody", {}).get("content", {})
        takes_json = self.body_field is not None

        async def checked(request: Request) -> Response:
            answered = await whole(request)
            if request.method == "HEAD":
                answered.body = b""
            return answered

        async def whole(request: Request) -> Response:
            try:
                _require_known(request, query, headers)
                body, value = await _body(request), None
                if files:
                    _require_type(request, files, NO_PLAN_TYPE)
                elif takes_json and body:
                    value = _parsed(request, body)
                else:
                    body = b""
                return await answer(_ReadRequest(request, body, value))
            except _OURS as error:
                return problem_of(error, names)

        return checked


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    """A dependency and all that it depends on."""
    yield dependant
    for one in dependant.dependencies:
        yield from _flat(one)


def _query(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The query parameters of a dependency, and whether each may be given several times."""
    for one in dependant.query_params:
        yield one.alias, get_origin(one.field_info.annotation) is list


def _require_known(request: Request, query: Mapping[str, bool], headers: Iterable[str]) -> None:
    """Refuse a path that is not UTF-8, and parameters that are not known, or given twice.

    So are headers that the operation reads.
    """
    try:
        unquote_to_bytes(request.scope.get("raw_path") or b"").decode()
    except UnicodeDecodeError:
        raise Refused(MALFORMED, "the path is not UTF-8") from None
    given = [name for name, _ in request.query_params.multi_items()]
    accepted = ", ".join(sorted(query)) or "none"
    wrong = {
        name: f"is not known here; accepted: {accepted}" for name in given if name not in query
    }
    wrong |= {
        name: "is given twice"
        for name in given
        if given.count(name) > 1 and query.get(name) is False
    }
    twice = [name for name in headers if len(request.headers.getlist(name)) > 1]
    if wrong or twice:
        found = [FieldProblem(parameter=name[:80], detail=why) for name, why in wrong.items()]
        found += [FieldProblem(header=name, detail="is given twice") for name in sorted(twice)]
        raise Refused(KINDS[InvalidInput], str(found[0]), found)


class _ReadRequest(Request):
    """A request whose body was read, and parsed if the route takes JSON."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._given = body
        self._value = value

    @override
    async def body(self) -> bytes:
        return self._given

    @override
    async def json(self) -> Any:
        return self._value


async def _body(request: Request) -> bytes:
    """The body, which is bounded."""
    body = bytearray()
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise _too_large()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large()
    return bytes(body)


def media_type_of(request: Request) -> str:
    """The content type, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _require_type(request: Request, accepted: Container[str], otherwise: Kind) -> None:
    media_type = media_type_of(request)
    if media_type not in accepted:
        raise Refused(otherwise, f"the content type is {media_type[:80] or 'not given'}")


def _parsed(request: Request, body: bytes) -> Any:
    """Strict JSON."""
    _require_type(request, {"application/json"}, NOT_JSON)
    try:
        value = from_json(body, allow_inf_nan=False)
        loads(body, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise Refused(MALFORMED, f"the body is not JSON: {error}") from None
    return value


def _without_repeats(members: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r:.80} is there twice in one object")


def _too_large() -> Refused:
    return Refused(TOO_LARGE, f"it may have at most {MAX_BODY:,} bytes")


def _encoded(scope: Scope) -> str:
    """The path, in which slashes inside ids, and percent signs, are still encoded."""
    path, raw = str(scope["path"]), (scope.get("raw_path") or b"").decode("ascii", "replace")
    segments = [unquote(part) for part in raw.split("/")]
    if "/".join(segments) != path:  # something before this route changed the path
        segments = path.split("/")
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in segments)
