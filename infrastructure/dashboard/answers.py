"""How a page is answered: rendered, with a strict policy for what the browser may do with it.

A refusal is a page too. It says what is wrong in the words of the error.
"""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import ConcurrentChange, StoreError, UnreadableEvent
from plangate.domain.errors import InvalidInput, PlangateError, PlanGone, PlanNotFound
from plangate.infrastructure.asgi.caller import Forbidden
from plangate.infrastructure.asgi.headers import POLICY
from plangate.infrastructure.dashboard.assets import DIGEST
from plangate.infrastructure.dashboard.rendering import environment

_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without one, forms could not say where they come from
    "Cache-Control": "no-store",
}

READ: Final = ["GET", "HEAD"]
"""The methods of a page: HEAD is answered as GET is, without the body."""

_STATUSES: Final[dict[type[PlangateError], HTTPStatus]] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    PlanGone: HTTPStatus.GONE,
    PlanNotFound: HTTPStatus.NOT_FOUND,
    UnreadableEvent: HTTPStatus.CONFLICT,
    ConcurrentChange: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    PlangateError: HTTPStatus.CONFLICT,
}
_TITLES: Final = {
    HTTPStatus.FORBIDDEN: "This key may not do that",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.CONFLICT: "That was refused",
    HTTPStatus.GONE: "The plan was deleted",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be read",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store does not answer",
}

_templates: Final = environment()


def base_of(request: Request) -> str:
    """The path below which the pages are mounted, without its last slash."""
    return request.url_for("plangate_plans").path.rstrip("/")


def page(
    request: Request, template: str, status: int = HTTPStatus.OK, **values: Any
) -> HTMLResponse:
    """A page made from a template."""
    base = base_of(request)
    key = getattr(request.state, "api_key", None)
    common = {"base": base, "assets": DIGEST, "live": None, "here": None, "refresh_after": None}
    common["signed_in_as"] = key and key.name
    text = _templates.get_template(template).render(common | values)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


def error_page(request: Request, status: int, message: str, details: Any = ()) -> HTMLResponse:
    """A page that says what is wrong."""
    known = HTTPStatus(status)
    title = _TITLES.get(known, known.phrase)
    return page(request, "error.html", status, title=title, message=message, details=details)


def refusal_page(request: Request, error: Exception) -> HTMLResponse:
    """The page for a refusal."""
    if isinstance(error, Forbidden):
        return error_page(request, HTTPStatus.FORBIDDEN, f"It lacks the scope {error.scope}.")
    if isinstance(error, RequestValidationError):
        found = [(str(one["loc"][-1]), one["msg"]) for one in error.errors()]
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return error_page(request, status, "The address or the form has wrong values.", found)
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    details = [(one.field, one.message) for one in getattr(error, "problems", ())]
    message = "Some fields are wrong." if details else str(error)
    return error_page(request, status, message, details)


class PageRoute(APIRoute):
    """A route whose refusals are pages; the host's error handlers are not touched."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, with its refusals made into pages."""
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except (PlangateError, Forbidden, RequestValidationError) as error:
                return refusal_page(request, error)

        return answer


GivenRegistry = AsyncPlanRegistry | Callable[[], AsyncPlanRegistry]
"""An open registry, or what gives one once it is open."""


def opened(registry: GivenRegistry) -> Callable[[], AsyncPlanRegistry]:
    """What gives the registry."""
    return (lambda: registry) if isinstance(registry, AsyncPlanRegistry) else registry
