"""Who sends a request, as a header says, where requests are trusted."""

from typing import Annotated

from fastapi import Header
from pydantic.json_schema import SkipJsonSchema

from plangate.infrastructure.asgi.caller import Caller


async def trusted_caller(
    x_actor: Annotated[
        str | SkipJsonSchema[None],
        Header(
            alias="X-Actor",
            description="On whose behalf the command runs, as the events will say.",
            examples=["ana"],
        ),
    ] = None,
) -> Caller:
    """The caller that a header names, who may do everything: for requests that are trusted."""
    return Caller(actor=utf8(x_actor))


def utf8(header: str | None) -> str | None:
    """A header's value as UTF-8, which servers decode as Latin-1; as it is, if it is not that."""
    if header is None:
        return None
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
