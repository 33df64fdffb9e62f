"""Long computations, which are given up once no client waits for them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")


async def while_awaited(request: Request, asked: Coroutine[Any, Any, T]) -> T | None:
    """What is asked for; None, and it is given up, once the client leaves or has to.

    The body of the request has been read.
    """
    answer = asyncio.ensure_future(asked)
    leaves = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({answer, leaves}, return_when=asyncio.FIRST_COMPLETED)
        if not leaves.done():
            return answer.result()
        answer.cancel()
        await asyncio.wait({answer})
        return None
    finally:
        answer.cancel()
        leaves.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
