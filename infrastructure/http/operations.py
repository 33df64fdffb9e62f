"""Operations of the API, in groups: where each is, who may ask for it, and what it answers."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import getdoc
from typing import Annotated, Any, Final

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.errors import (
    ConcurrentChange,
    IdempotencyKeyReused,
    LogWentBack,
    StoreError,
    StoreFull,
    StoreUnavailable,
    UnreadableEvent,
)
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput, VersionMismatch
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Forbidden
from plangate.infrastructure.asgi.problem_details import MALFORMED, MEDIA_TYPE, TOO_LARGE, Kind
from plangate.infrastructure.http.events import RecordedEventView
from plangate.infrastructure.http.problems import INTERNAL, KINDS, NOT_JSON, PlangateProblem

Endpoint = Callable[..., Awaitable[Response]]

_ALWAYS: Final = (
    MALFORMED,
    Unauthenticated,
    Forbidden,
    InvalidInput,
    UnreadableEvent,
    INTERNAL,
    StoreUnavailable,
    StoreError,
    LogWentBack,
    TOO_LARGE,
)
_UNAVAILABLE: Final = 503
_RETRY: Final = {
    "Retry-After": {
        "description": "Seconds after which to try again, where that can help.",
        "schema": {"type": "integer"},
    }
}
_TAG: Final = {
    "description": "The version of the plan that the answer is about.",
    "schema": {"type": "string"},
    "example": '"7"',
}
_COMMAND: Final = (IdempotencyKeyReused, ConcurrentChange, StoreFull)


@dataclass(frozen=True)
class Operation:
    """One operation; `arguments` are those of FastAPI's `add_api_route`."""

    path: str
    endpoint: Endpoint
    scope: Scope
    arguments: dict[str, Any]

    @property
    def answers_head(self) -> bool:
        """Whether HEAD gets what GET does without the body; a stream would never end."""
        return self.arguments["methods"] == ["GET"] and bool(self.arguments["response_model"])


class Group:
    """The operations of one file, under one tag."""

    def __init__(self, tag: str, *refuses: Kind) -> None:
        """`refuses` are kinds of problems that all of them may have."""
        self._tag = tag
        self._always = (*_ALWAYS, *refuses)
        self.operations: list[Operation] = []

    def query(
        self,
        path: str,
        answer: Any,
        *,
        refuses: Sequence[Any] = (),
        method: str = "GET",
        **more: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """An operation that records nothing."""
        takes_body = (NOT_JSON,) if method == "POST" else ()
        kinds = (*self._always, *takes_body, *refuses)
        return self._add(method, path, answer, Scope.PLANS_READ, kinds, more)

    def command(
        self,
        path: str,
        answer: Any,
        *,
        refuses: Sequence[Any] = (),
        scope: Scope = Scope.PLANS_WRITE,
        of_plan: bool = True,
        wrong_type: Kind = NOT_JSON,
        **more: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """An operation that records something; it refuses bodies of a `wrong_type`."""
        conditions = (VersionMismatch,) if of_plan else ()
        kinds = (*self._always, wrong_type, *_COMMAND, *conditions, *refuses)
        return self._add("POST", path, answer, scope, kinds, more)

    def _add(
        self, method: str, path: str, answer: Any, scope: Scope, kinds: Iterable[Any], more: Any
    ) -> Callable[[Endpoint], Endpoint]:
        given = [one if isinstance(one, Kind) else KINDS[one] for one in kinds]
        responses = {**problem_responses(given), **more.pop("responses", {})}
        if more.pop("has_tag", answer is PlanStatus):
            success = responses.setdefault(more.get("status_code", 200), {})
            success.setdefault("headers", {})["ETag"] = _TAG

        def add(endpoint: Endpoint) -> Endpoint:
            arguments = {
                "response_model": answer and Annotated[answer, _AlsoDefines()],
                "status_code": 200,
                "methods": [method],
                "operation_id": endpoint.__name__,
                "tags": [self._tag],
                "summary": endpoint.__name__.replace("_", " ").capitalize(),
                "description": f"{getdoc(endpoint)}\n\nScope: `{scope}`.",
                "responses": responses,
                **more,
            }
            self.operations.append(Operation(path, endpoint, scope, arguments))
            return endpoint

        return add


class _AlsoDefines:
    """Puts models that only references name among the document's schemas."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        for model in (PlangateProblem, RecordedEventView):
            handler(core_schema.definitions_schema(model.__pydantic_core_schema__, []))
        return handler(core)


def problem_responses(kinds: Iterable[Kind]) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation that refuses for these reasons, by status."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in dict.fromkeys(kinds):
        examples = found.setdefault(kind.status, {})
        examples[kind.slug] = {"summary": kind.title, "value": _example(kind)}
    return {
        status: {
            "description": "; ".join(
                f"{one['summary']} (`{slug}`)" for slug, one in found[status].items()
            ),
            **({"headers": _RETRY} if status == _UNAVAILABLE else {}),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/PlangateProblem"},
                    "examples": found[status],
                }
            },
        }
        for status in sorted(found, key=int)
    }


def _example(kind: Kind) -> dict[str, Any]:
    body = {"type": kind.uri, "title": kind.title, "status": kind.status}
    return {**body, "detail": kind.says} if kind.says else body
