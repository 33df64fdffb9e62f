"""The HTTP side: customers open tickets, and decide when the work on one is not good enough.

DATABASE_URL=postgresql://… uvicorn --app-dir examples/backend app:app
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from database import UNAVAILABLE, Pool, open_pool
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import plangate
import plangate.aio
from plangate.http import Caller, Scope, router

STATUS: dict[type[Exception], int] = {
    plangate.InvalidInput: 422,
    plangate.PlanNotFound: 404,
    plangate.IdempotencyKeyReused: 409,
    plangate.PlanHeld: 409,
    plangate.PlangateError: 500,
}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the pool and the registry of this process, and close them with it."""
    with open_pool() as pool, plangate.connect(pool) as registry:
        app.state.pool, app.state.registry = pool, registry
        registry.views.follow()
        async with plangate.aio.connect(pool) as app.state.plans:
            yield


app = FastAPI(title="Tickets", lifespan=lifespan)


@app.exception_handler(plangate.PlangateError)
async def refused(_: Request, error: plangate.PlangateError) -> JSONResponse:
    """Translate a refusal by the nearest class."""
    code = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return JSONResponse({"detail": str(error)}, code)


async def unavailable(_: Request, error: Exception) -> JSONResponse:
    """Have the client send it again: with the same key, nothing is recorded twice."""
    return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "1"})


for passing in UNAVAILABLE:
    app.add_exception_handler(passing, unavailable)


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _registry(request: Request) -> plangate.PlanRegistry:
    registry: plangate.PlanRegistry = request.app.state.registry
    return registry


Database = Annotated[Pool, Depends(_pool)]
Registry = Annotated[plangate.PlanRegistry, Depends(_registry)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern="^[0-9a-f]{8,40}$")]
User = Annotated[str, Header(alias="X-User", min_length=1)]


def reader(user: User) -> Caller:
    """Let those who are known to this service read plans; tickets are changed by its own paths."""
    return Caller(actor=user, scopes=frozenset({Scope.PLANS_READ}))


app.include_router(router(lambda: app.state.plans, caller=reader), prefix="/plangate")


class NewTicket(BaseModel):
    """What a customer asks for."""

    title: str = Field(min_length=1)
    parts: list[str] = Field(min_length=1, max_length=20)


class Decision(BaseModel):
    """What to do about a result that is not good enough."""

    task_id: str
    action: Literal["retry", "accept"]
    reason: str


class Ticket(BaseModel):
    """A ticket, and how far the work on it is."""

    ticket_id: str
    customer: str
    title: str
    verdict: plangate.Verdict
    tasks: dict[str, plangate.TaskStatus]


class Notice(BaseModel):
    """A replan that is due, as the feed delivered it."""

    notice_id: int
    ticket_id: str
    task_id: str
    confidence: float


@app.post("/tickets", status_code=201)
def open_ticket(new: NewTicket, key: Key, user: User, pool: Database, registry: Registry) -> Ticket:
    """Open a ticket: its row and its plan in one transaction."""
    ticket_id = f"ticket-{key}"
    tasks = [{"id": f"part-{n}", "title": part} for n, part in enumerate(new.parts, start=1)]
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO tickets VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (ticket_id, user, new.title),
        )
        with registry.in_transaction(connection) as plans:
            status = plans.create(
                new.title, tasks, plan_id=ticket_id, actor=user, idempotency_key=key
            )
    return _ticket(user, new.title, status)


@app.get("/tickets/{ticket_id}")
def show_ticket(ticket_id: str, pool: Database, registry: Registry) -> Ticket:
    """Show a ticket."""
    status = registry.get_status(ticket_id)
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT customer, title FROM tickets WHERE ticket_id = %s", (ticket_id,)
        ).fetchone()
    if row is None:
        raise HTTPException(404, "there is no such ticket")
    customer, title = row
    return _ticket(customer, title, status)


@app.post("/tickets/{ticket_id}/decisions")
def decide(
    ticket_id: str, decision: Decision, key: Key, user: User, registry: Registry
) -> plangate.Verdict:
    """Answer a replan that is due."""
    task_id, reason = decision.task_id, decision.reason
    with registry.acting_as(user):
        if decision.action == "retry":
            return registry.retry(ticket_id, task_id, reason, idempotency_key=key).verdict
        return registry.approve(ticket_id, reason, accept=[task_id], idempotency_key=key).verdict


@app.get("/replans")
def list_replans(registry: Registry) -> list[str]:
    """List the tickets that wait for a decision, from the views."""
    return [plan.plan_id for plan in registry.views.plans(verdict="replan").plans]


@app.get("/notices")
def list_notices(pool: Database, after: int = 0) -> list[Notice]:
    """List what the feed delivered after a notice."""
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT notice_id, ticket_id, task_id, confidence FROM notices"
            " WHERE notice_id > %s ORDER BY notice_id LIMIT 100",
            (after,),
        )
        return [
            Notice(notice_id=row[0], ticket_id=row[1], task_id=row[2], confidence=row[3])
            for row in rows
        ]


@app.get("/health")
def health(registry: Registry) -> JSONResponse:
    """Say whether this process can serve: what a load balancer asks."""
    found = registry.health()
    return JSONResponse(found.model_dump(mode="json"), 200 if found.ok else 503)


def _ticket(customer: str, title: str, status: plangate.PlanStatus) -> Ticket:
    return Ticket(
        ticket_id=status.plan_id,
        customer=customer,
        title=title,
        verdict=status.verdict,
        tasks={task.id: task.status for task in status.tasks},
    )
