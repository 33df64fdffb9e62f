"""Where a person gives a key, once: it is kept in a cookie that no script can read.

No key is ever in an address, so none is in a log or in the history of a browser.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from plangate.application.access.key_store import ApiKey
from plangate.application.errors import KeyRefused
from plangate.infrastructure.http.access import COOKIE, SECURE_COOKIE, Access

_PATH: Final = "/sign-in"


def entrance_for_people(access: Access, page: Callable[..., Response]) -> APIRouter:
    """The page, and what its form and its button send; `page` shows a template."""
    router = APIRouter(include_in_schema=False)

    def asked(
        request: Request, then: str, problem: str | None = None, key: ApiKey | None = None
    ) -> Response:
        status = HTTPStatus.OK if problem is None else HTTPStatus.FORBIDDEN
        values = {"then": _own(then), "problem": problem, "required": access.required, "key": key}
        return page(request, "sign_in.html", status, **values)

    @router.api_route(_PATH, methods=["GET", "HEAD"])
    async def ask(request: Request, then: str = "/") -> Response:
        return asked(request, then, key=await access.key(request))

    @router.post(_PATH)
    async def enter(
        request: Request, key: Annotated[str, Form()] = "", then: Annotated[str, Form()] = "/"
    ) -> Response:
        token = key.strip()
        try:
            await access.verified(token)
        except KeyRefused as refused:
            return asked(request, then, str(refused))
        response = RedirectResponse(_own(then), HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https"
        response.set_cookie(
            SECURE_COOKIE if secure else COOKIE,
            token,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return response

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        response = RedirectResponse(_PATH, HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https"
        for name in (COOKIE, SECURE_COOKIE):
            response.delete_cookie(name, httponly=True, samesite="strict", secure=secure)
        return response

    return router


def lead_to(request: Request) -> Response:
    """Lead to the page, and from there back to where the request was going."""
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{_PATH}?then={quote(then, safe='')}", HTTPStatus.SEE_OTHER)


def _own(address: str) -> str:
    """An address on this server; the first page in place of any other."""
    parts = urlsplit(address.replace("\\", "/"))
    own = address.startswith("/") and not (parts.scheme or parts.netloc)
    return address if own and not address.startswith("//") and address.isprintable() else "/"
