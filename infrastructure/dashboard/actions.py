"""The buttons of the pages: each sends one command, once, on behalf of the caller."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from plangate.application.access.scopes import Scope
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.asgi.caller import KnownCaller, require
from plangate.infrastructure.dashboard.answers import GivenRegistry, PageRoute, base_of, opened
from plangate.infrastructure.dashboard.fields import Text

OPS: Final = ("retry", "approve", "revise", "undefer_task", "pause", "resume", "archive", "restore")
"""The commands that have a button."""


class SentForm(BaseModel):
    """What a form sends: the plan, the command, and the fields of the command."""

    model_config = ConfigDict(extra="forbid")

    plan: str
    op: str
    key: str
    reason: str = ""
    task_id: Text = None
    accept: Text = None
    changes: str | None = None

    def command(self) -> dict[str, Any]:
        """The command. An `accept` that is not "passing" is the id of a task."""
        if self.op not in OPS:
            raise InvalidInput([Problem("op", f"must be one of {', '.join(OPS)}")])
        given: dict[str, Any] = {"op": self.op, "reason": self.reason}
        if self.task_id is not None:
            given["task_id"] = self.task_id
        if self.accept is not None:
            given["accept"] = "passing" if self.accept == "passing" else [self.accept]
        if self.changes is not None:
            given["changes"] = _json(self.changes)
        return given


def routes(registry: GivenRegistry, caller: Any) -> APIRouter:
    """The route that the forms are sent to."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    current = opened(registry)

    @router.post("/commands", name="plangate_commands")
    async def execute(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        sent: Annotated[SentForm, Form()],
    ) -> Response:
        require(who, Scope.PLANS_WRITE)
        await current().execute(
            sent.plan, sent.command(), actor=who.actor, idempotency_key=sent.key
        )
        query = urlencode({"id": sent.plan, "done": sent.op})
        return RedirectResponse(f"{base_of(request)}/plan?{query}", HTTPStatus.SEE_OTHER)

    return router


def new_key() -> str:
    """An idempotency key for the forms of one page: sending one twice records it once."""
    return uuid4().hex


def _json(text: str) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidInput([Problem("changes", f"must be JSON: {error}")]) from None
