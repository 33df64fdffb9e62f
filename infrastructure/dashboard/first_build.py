"""The views when they are asked first: they may have to be built, which takes a while."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.views.queries import ViewReport

PATIENCE: Final = 0.5
"""Seconds that a page waits for the views, before it shows how far they are instead."""


@dataclass(slots=True)
class FirstBuild:
    """Whether the views of one registry answer yet; one question waits for all pages."""

    registry: Callable[[], AsyncPlanRegistry]
    answered: bool = False
    _question: asyncio.Task[None] | None = field(default=None, init=False)

    async def progress(self, position: int) -> ViewReport | None:
        """How far the views are, while they do not answer as of a position; None once they do.

        Raises what the views refuse the question with.
        """
        if self.answered:
            return None
        if self._question is None:
            self._question = asyncio.create_task(self._ask(position), name="plangate-first-build")
        await asyncio.wait({self._question}, timeout=PATIENCE)
        if not self._question.done():
            return await self.registry().views.report()
        question, self._question = self._question, None
        question.result()
        return None

    async def _ask(self, position: int) -> None:
        await self.registry().views.plans(limit=1, at_least=position)
        self.answered = True
