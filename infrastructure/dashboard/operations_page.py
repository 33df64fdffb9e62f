"""The page for those who operate the store: its views, and checks that run on demand."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from plangate.application.access.scopes import Scope
from plangate.application.errors import StoreError
from plangate.application.evidence.findings import FindingsReport
from plangate.application.replay.check import CheckReport
from plangate.infrastructure.dashboard.answers import (
    GivenRegistry,
    PageCaller,
    PageRoute,
    base_of,
    opened,
    page,
    require,
)

_Report = TypeVar("_Report")

LISTED: Final = 100
"""How many findings and mismatches the page lists."""


@dataclass(slots=True)
class Run(Generic[_Report]):
    """The last run of a check in this process: when, and what it found."""

    at: datetime | None = None
    report: _Report | None = None
    problem: str | None = None
    is_running: bool = False


class Runs:
    """The checks of one registry that pages begin; each runs once at a time."""

    def __init__(self, registry: GivenRegistry) -> None:
        self._registry = opened(registry)
        self._tasks = set[asyncio.Task[None]]()
        self.check = Run[CheckReport]()
        self.findings = Run[FindingsReport]()

    def begin(self, name: str) -> None:
        """Begin a check, unless it is running already."""
        run = self.check if name == "check" else self.findings
        if run.is_running:
            return
        run.is_running = True
        task = asyncio.create_task(self._run(name, run), name=f"plangate-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str, run: Run[Any]) -> None:
        registry = self._registry()
        try:
            ask = registry.replay.check if name == "check" else registry.evidence.findings
            run.report, run.problem = await ask(), None
        except StoreError as error:
            run.problem = str(error)
        finally:
            run.at, run.is_running = datetime.now(UTC), False


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The routes of the page, and of its buttons."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current, runs = opened(registry), Runs(registry)

    @router.get("/operations", name="plangate_operations")
    async def operations(request: Request, who: Annotated[PageCaller, Depends(caller)]) -> Response:
        require(who, Scope.PLANS_READ)
        position = await current().history.last_position()
        report = await current().views.report()
        health = await current().health()
        moving = runs.check.is_running or runs.findings.is_running
        rebuilding = any(view.rebuilding is not None for view in report.views)
        return page(
            request,
            "operations.html",
            here="operations",
            live={"after": position},
            report=report,
            health=health,
            runs=runs,
            listed=LISTED,
            refresh_after=1 if moving or rebuilding else None,
        )

    @router.post("/operations/{name}")
    async def begin(
        request: Request,
        who: Annotated[PageCaller, Depends(caller)],
        name: Literal["check", "findings"],
    ) -> Response:
        require(who, Scope.PLANS_READ)
        runs.begin(name)
        return RedirectResponse(f"{base_of(request)}/operations", HTTPStatus.SEE_OTHER)

    return router
