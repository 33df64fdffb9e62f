"""The OpenAPI document of the API, as it is published."""

from typing import Annotated, Any, Final, NoReturn

from fastapi import FastAPI, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plangate.infrastructure.http.caller import Caller
from plangate.infrastructure.http.router import router

PREFIX: Final = "/v1"

DESCRIPTION: Final = (
    "Plans of AI agents, gated by evidence of quality. Errors are `application/problem+json`; "
    "docs/reference/http.md of plangate explains the conventions."
)

BEARER: Final = HTTPBearer(
    scheme_name="bearer", description="An API key of plangate.", auto_error=False
)
"""How the server of our own is asked for API keys."""


def document() -> dict[str, Any]:
    """The document of a server with API keys."""
    app = FastAPI(title="plangate", version="1", description=DESCRIPTION)
    app.include_router(router(_none, caller=_with_key), prefix=PREFIX)
    return app.openapi()


async def _with_key(_: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Caller:
    return Caller()


def _none() -> NoReturn:
    raise NotImplementedError
