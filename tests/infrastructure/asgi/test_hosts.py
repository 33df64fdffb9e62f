"""The names that a server was given, however an address among them is written."""

import anyio
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from plangate.infrastructure.asgi.hosts import HostCheck


@pytest.mark.parametrize("name", ["2001:db8::1", "[2001:DB8::1]"])
@pytest.mark.parametrize(
    "host, status", [("[2001:db8::1]:8421", 200), ("[2001:db8::2]:8421", 421), ("2001:db8::1", 421)]
)
def test_an_address_is_known_with_and_without_brackets(name: str, host: str, status: int) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", host.encode())]}
    anyio.run(HostCheck(PlainTextResponse("served"), allowed=[name]), scope, receive, send)
    assert sent[0]["status"] == status
