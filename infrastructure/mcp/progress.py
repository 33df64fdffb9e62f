"""Progress of long calls, from the thread that works to the client that waits."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Final

from plangate.application.progress import Progress
from plangate.infrastructure.mcp.callers import Context

_STEPS: Final = 20
"""How often progress is reported at most."""


@asynccontextmanager
async def reporting(context: Context) -> AsyncIterator[Progress]:
    """A function that reports progress to the client, if it asked for that."""
    loop = asyncio.get_running_loop()
    sent = list[Future[None]]()
    steps = 0

    def progress(done: int, total: int) -> None:
        nonlocal steps
        step = done * _STEPS // max(total, 1)
        if step > steps:
            steps = step
            report = context.session.report_progress(done, total)
            sent.append(asyncio.run_coroutine_threadsafe(report, loop))

    try:
        yield progress
    finally:
        await asyncio.gather(*map(asyncio.wrap_future, sent), return_exceptions=True)
