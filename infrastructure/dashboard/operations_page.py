"""The page for those who operate the store: its views, and checks that run on demand."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import AnalysisMissing, StoreError
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.gate_worth import Cost
from plangate.application.replay.check import CheckReport
from plangate.application.validation import validate
from plangate.infrastructure.asgi.caller import KnownCaller, require
from plangate.infrastructure.charts.cost_curve import cost_curve
from plangate.infrastructure.charts.reliability_diagram import reliability_diagram
from plangate.infrastructure.dashboard.answers import (
    READ,
    GivenRegistry,
    PageRoute,
    base_of,
    opened,
    page,
)
from plangate.infrastructure.dashboard.fields import Amount

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


_Ask = Callable[[AsyncPlanRegistry], Awaitable[_Report]]


class SentCost(BaseModel):
    """What an error of the gate costs, as the form sends it: both or neither."""

    missed: Amount = None
    stopped: Amount = None

    def cost(self) -> Cost | None:
        """The cost; None where the fields are empty."""
        given = {"missed": self.missed, "stopped": self.stopped}
        known = {name: value for name, value in given.items() if value is not None}
        return validate(Cost, known) if known else None


class Runs:
    """The checks of one registry that pages begin; each runs once at a time."""

    def __init__(self, registry: GivenRegistry) -> None:
        self._registry = opened(registry)
        self._tasks = set[asyncio.Task[None]]()
        self.check = Run[CheckReport]()
        self.findings = Run[FindingsReport]()
        self.agreement = Run[Agreement]()
        self.calibration = Run[Calibration]()

    @property
    def are_moving(self) -> bool:
        """Whether one of them has not ended."""
        every = (self.check, self.findings, self.agreement, self.calibration)
        return any(run.is_running for run in every)

    def begin_check(self) -> None:
        """Begin to decide all commands again."""
        self._begin("check", self.check, lambda registry: registry.replay.check())

    def begin_findings(self) -> None:
        """Begin to review all scores."""
        self._begin("findings", self.findings, lambda registry: registry.evidence.findings())

    def begin_agreement(self) -> None:
        """Begin to compare the scores of judges with each other."""
        self._begin("agreement", self.agreement, lambda registry: registry.evidence.agreement())

    def begin_calibration(self, cost: Cost | None) -> None:
        """Begin to compare all scores with what became of the results."""
        self._begin(
            "calibration",
            self.calibration,
            lambda registry: registry.evidence.calibrate(cost=cost),
        )

    def _begin(self, name: str, run: Run[_Report], ask: _Ask[_Report]) -> None:
        """Begin a check, unless it is running already."""
        if run.is_running:
            return
        run.is_running = True
        task = asyncio.create_task(self._run(run, ask), name=f"plangate-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, run: Run[_Report], ask: _Ask[_Report]) -> None:
        try:
            run.report, run.problem = await ask(self._registry()), None
        except (StoreError, AnalysisMissing) as error:
            run.problem = str(error)
        finally:
            run.at, run.is_running = datetime.now(UTC), False


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The routes of the page, and of its buttons."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current, runs = opened(registry), Runs(registry)

    @router.api_route("/operations", name="plangate_operations", methods=READ)
    async def operations(
        request: Request, who: Annotated[KnownCaller, Depends(caller)]
    ) -> Response:
        require(who, Scope.PLANS_READ)
        position = await current().history.last_position()
        report = await current().views.report()
        health = await current().health()
        moving = runs.are_moving
        calibrated = runs.calibration.report
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
            diagram=None if calibrated is None else reliability_diagram(calibrated),
            costs=cost_curve(calibrated.costs) if calibrated and calibrated.costs else None,
            refresh_after=1 if moving or rebuilding else None,
        )

    @router.post("/operations/calibration")
    async def calibrate(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        sent: Annotated[SentCost, Form()],
    ) -> Response:
        require(who, Scope.PLANS_READ)
        runs.begin_calibration(sent.cost())
        return RedirectResponse(f"{base_of(request)}/operations", HTTPStatus.SEE_OTHER)

    @router.post("/operations/{name}")
    async def begin(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        name: Literal["check", "findings", "agreement"],
    ) -> Response:
        require(who, Scope.PLANS_READ)
        match name:
            case "check":
                runs.begin_check()
            case "findings":
                runs.begin_findings()
            case "agreement":
                runs.begin_agreement()
        return RedirectResponse(f"{base_of(request)}/operations", HTTPStatus.SEE_OTHER)

    return router
