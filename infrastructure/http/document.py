"""The OpenAPI document of the API, as it is published."""

from json import loads
from pathlib import Path
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
    return with_answers(app.openapi())


def with_answers(described: dict[str, Any]) -> dict[str, Any]:
    """The document with an example of each operation's answer.

    FastAPI would leave out what is null in them.
    """
    answers = loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
    for methods in described["paths"].values():
        for operation in methods.values():
            for status in ("200", "201"):
                content = operation["responses"].get(status, {}).get("content", {})
                if operation.get("operationId") in answers and "application/json" in content:
                    content["application/json"]["example"] = answers[operation["operationId"]]
    return described


async def _with_key(_: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Caller:
    return Caller()


def _none() -> NoReturn:
    raise NotImplementedError
