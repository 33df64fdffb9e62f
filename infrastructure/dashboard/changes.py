"""What changed in the log, for the pages that are open: one reader, however many they are.

A page is only notified, and asks for itself again. Changes that come close together are one
notice, and a store that goes away and comes back is noticed too.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Final

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import LogWentBack, StoreError, UnreadableEvent

TOGETHER: Final = 0.2
"""Seconds after a notice until the next one: what changes meanwhile is one notice."""

LOOK: Final = 2.0
"""Seconds without an event after which it is asked whether the store still answers."""

MAX_PAGES: Final = 500
"""How many pages may wait for changes at once."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something changed up to a position; with `problem`, the store does not answer."""

    position: int
    problem: str | None = None


@dataclass(eq=False, slots=True)
class _OpenPage:
    """A page that waits, about one plan or all, and whether there is news for it."""

    plan_id: str | None
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Changes:
    """Notifies the open pages of one registry, in one event loop."""

    def __init__(self, registry: Callable[[], AsyncPlanRegistry]) -> None:
        """`registry` gives it once it is open."""
        self._registry = registry
        self._pages: set[_OpenPage] = set()
        self._reader: asyncio.Task[None] | None = None
        self._position = 0
        self._problem: str | None = None

    def is_full(self) -> bool:
        """Whether no further page can wait."""
        return len(self._pages) >= MAX_PAGES

    async def after(
        self, position: int, plan_id: str | None, silence: float
    ) -> AsyncGenerator[Notice | None]:
        """A notice whenever a plan, or any plan, changed after a position.

        None after `silence` seconds without one.
        """
        own = _OpenPage(plan_id)
        self._pages.add(own)
        try:
            if self._reader is None:
                self._position, self._problem = position, None
                self._reader = asyncio.create_task(self._follow(), name="plangate-pages")
            elif self._position > position or self._problem:
                own.news.set()
            while True:
                try:
                    await asyncio.wait_for(own.news.wait(), silence)
                except TimeoutError:
                    yield None
                    continue
                own.news.clear()
                yield Notice(self._position, self._problem)
                await asyncio.sleep(TOGETHER)
        finally:
            self._pages.discard(own)
            if not self._pages and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def _follow(self) -> None:
        """Read the log, and wake the pages that an event concerns."""
        while True:
            try:
                async for recorded in self._registry().subscribe(
                    after=self._position, timeout=LOOK
                ):
                    self._position = recorded.envelope.position or self._position
                    self._is_back()
                    self._wake(recorded.envelope.plan_id)
                await self._look()
            except UnreadableEvent as error:
                self._position = error.position or self._position + 1
                self._wake(error.plan_id)
            except LogWentBack as error:
                self._position = error.log_end
                self._wake(None)
            except StoreError as error:
                self._is_away(str(error))
                await asyncio.sleep(LOOK / 4)

    async def _look(self) -> None:
        health = await self._registry().health()
        if health.reachable:
            self._is_back()
        else:
            self._is_away(health.problem or "no reason given")

    def _is_away(self, problem: str) -> None:
        if self._problem is None:
            self._problem = problem
            self._wake(None)

    def _is_back(self) -> None:
        if self._problem is not None:
            self._problem = None
            self._wake(None)

    def _wake(self, plan_id: str | None) -> None:
        """Wake the pages about a plan, or all of them."""
        for one in self._pages:
            if plan_id is None or one.plan_id is None or one.plan_id == plan_id:
                one.news.set()
