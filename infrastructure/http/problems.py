"""Errors as `application/problem+json` (RFC 9457), one stable `type` per refusal.

What concerns the request is answered in the error's own words. What concerns the server is
answered with a fixed sentence and logged: its message can hold paths and addresses.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from typing_extensions import override

from plangate.application import errors, telemetry
from plangate.application.json_pointers import json_pointer, steps_of
from plangate.application.validation import message_of
from plangate.domain import errors as refusals
from plangate.domain.errors import PlangateError, Problem
from plangate.infrastructure.asgi.bearer import Unauthenticated
from plangate.infrastructure.asgi.caller import Forbidden
from plangate.infrastructure.asgi.problem_details import (
    MALFORMED,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Kind,
    Refused,
    problem,
)


class FieldProblem(BaseModel):
    """What is wrong with one field: of the body, by its JSON pointer, or of a parameter.

    `line` and `column` count from 1, where the body is a file.
    """

    pointer: str | None = Field(default=None, examples=["/tasks/0/title"])
    parameter: str | None = Field(default=None, examples=["limit"])
    header: str | None = Field(default=None, examples=["If-Match"])
    line: int | None = Field(default=None, examples=[4])
    column: int | None = Field(default=None, examples=[3])
    detail: str = Field(examples=["must not be blank"])

    @override
    def __str__(self) -> str:
        where = self.pointer or self.parameter or self.header
        if self.pointer == "":
            where = "the body"
        if self.line is not None:
            where = f"{self.line}:{self.column}" + (f": {self.pointer}" if self.pointer else "")
        return f"{where}: {self.detail}" if where else self.detail


class PlangateProblem(BaseModel):
    """Why a request was refused or failed. `type` is stable; further members are its facts."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:plangate:problem:plan-not-found"])
    title: str = Field(examples=["There is no such plan"])
    status: int = Field(examples=[404])
    detail: str | None = Field(default=None, examples=["there is no plan 'billing'"])
    errors: list[FieldProblem] | None = None


_OPERATOR: Final = "The server's operator finds the cause in its log."

KINDS: Final[Mapping[type[Exception], Kind]] = {
    refusals.InvalidInput: Kind("invalid-input", 422, "The input is not valid"),
    refusals.InvalidScore: Kind("invalid-score", 422, "The score is not valid"),
    refusals.PlanExists: Kind("plan-exists", 409, "The plan id is taken"),
    refusals.PlanNotFound: Kind("plan-not-found", 404, "There is no such plan"),
    refusals.PlanGone: Kind("plan-gone", 410, "The plan was deleted"),
    refusals.PlanHeld: Kind("plan-held", 409, "The plan hands out no work now"),
    refusals.TaskNotFound: Kind("task-not-found", 404, "The plan has no such task"),
    refusals.TaskGone: Kind("task-gone", 410, "A revision took the task out of the plan"),
    refusals.TaskNotReady: Kind("task-not-ready", 409, "The task cannot be claimed now"),
    refusals.VersionMismatch: Kind("version-mismatch", 412, "The plan is at another version"),
    refusals.ClaimLost: Kind("claim-lost", 409, "The claim on the task is over"),
    refusals.ScoreNotFound: Kind("score-not-found", 404, "There is no such score to retract"),
    errors.IdempotencyKeyReused: Kind(
        "idempotency-key-reused", 422, "The idempotency key was used for another command"
    ),
    errors.ConcurrentChange: Kind(
        "concurrent-change", 503, "The plan kept changing under the command", retry=True
    ),
    errors.NothingRecorded: Kind("nothing-recorded", 409, "The log is empty"),
    errors.LedgerContradicted: Kind(
        "ledger-contradicted", 409, "The log, or a checkpoint, differs from the ledger"
    ),
    errors.LedgerError: Kind(
        "ledger-unavailable", 503, "The ledger cannot sign or prove", _OPERATOR
    ),
    errors.AnalysisMissing: Kind(
        "analysis-missing",
        501,
        "The server lacks a library that the computation needs",
        "Install 'plangate[analysis]' on the server.",
    ),
    errors.LogWentBack: Kind("log-went-back", 409, "Events that were known are gone from the log"),
    errors.ViewBehind: Kind("view-behind", 409, "A view has not come so far yet", retry=True),
    errors.StoreUnavailable: UNAVAILABLE,
    errors.StoreFull: Kind("store-full", 507, "No space is left in the store", _OPERATOR),
    errors.UnreadableEvent: Kind(
        "unreadable-event", 500, "A stored event of the plan cannot be read", _OPERATOR
    ),
    errors.StoreError: Kind("store-unusable", 503, "The store cannot serve", _OPERATOR),
    PlangateError: Kind("internal", 500, "The server failed", _OPERATOR),
    Unauthenticated: UNAUTHENTICATED,
    Forbidden: Kind("forbidden", 403, "The API key does not allow this"),
}
"""The kind of problem of each error; the nearest class counts."""

NOT_FOUND: Final = Kind("not-found", 404, "There is nothing at this path")
NOT_ALLOWED: Final = Kind("method-not-allowed", 405, "The method is not allowed here")
NOT_JSON: Final = Kind("not-json", 415, "The body must be JSON, sent as application/json")
NO_PLAN_TYPE: Final = Kind(
    "unsupported-media-type", 415, "The body must be Markdown, JSON or YAML, and say which"
)
TOO_MANY_STREAMS: Final = Kind(
    "too-many-streams", 503, "Too many event streams are open", retry=True
)
GIVEN_UP: Final = Kind("given-up", 503, "The computation was given up", retry=True)
INTERNAL: Final = KINDS[PlangateError]

_HEADERS: Final = {
    "actor": "X-Actor",
    "correlation_id": "X-Correlation-ID",
    "idempotency_key": "Idempotency-Key",
    "if_version": "If-Match",
}


def kind_of(error: Exception) -> Kind:
    """The kind of problem that an error is: that of its nearest class."""
    return next(KINDS[one] for one in type(error).__mro__ if one in KINDS)


def problem_of(error: Exception, parameters: Iterable[str] = ()) -> Response:
    """An error as a response. `parameters` are the names that the request's path and query have."""
    if isinstance(error, Refused | Unauthenticated):
        return error.response()
    if isinstance(error, RequestValidationError):
        found = [one for one in error.errors() if one["type"] != "none_required"]
        return _invalid(KINDS[refusals.InvalidInput], map(_parameter, found))
    kind = kind_of(error)
    if isinstance(error, refusals.InvalidInput):
        names = frozenset(parameters)
        return _invalid(kind, (_field(one, names) for one in error.problems))
    if isinstance(error, Forbidden):
        return problem(kind, f"it needs the scope {error.scope}", facts={"scope": error.scope})
    if kind.says is not None:
        telemetry.log.error("a request failed: %s: %s", type(error).__name__, error)
        return problem(kind)
    return problem(kind, str(error), facts=_facts(error))


def _methods(app: FastAPI, request: Request) -> list[str]:
    """The methods at a request's path: several routes may share it, and each knows its own."""
    return [
        method
        for method in ("GET", "HEAD", "POST")
        for given in [{**request.scope, "method": method}]
        if any(route.matches(given)[0] is Match.FULL for route in app.router.routes)
    ]


def install(app: FastAPI) -> None:
    """Have an application of our own answer all errors with problems."""

    async def answer(_: Request, error: Exception) -> Response:
        return problem_of(error)

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        known = {kind.status: kind for kind in (MALFORMED, NOT_FOUND, NOT_ALLOWED, TOO_LARGE)}
        other = Kind(f"http-{error.status_code}", error.status_code, str(error.detail))
        headers = error.headers
        if error.status_code == NOT_ALLOWED.status:
            headers = {**(headers or {}), "Allow": ", ".join(_methods(app, request))}
        return problem(known.get(error.status_code, other), headers=headers)

    async def failed(_: Request, __: Exception) -> Response:
        return problem(INTERNAL)

    for refused in (Refused, RequestValidationError, *KINDS):
        app.add_exception_handler(refused, answer)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, failed)


def _invalid(kind: Kind, found: Iterable[FieldProblem]) -> Response:
    errors = list(found)
    return problem(kind, "; ".join(map(str, errors)), errors=errors)


def _parameter(error: Any) -> FieldProblem:
    """One of FastAPI's errors: about a parameter, or a body that is missing."""
    where, *rest = error["loc"]
    message = message_of(error)
    if where == "header":
        return FieldProblem(header=str(rest[0]), detail=message)
    if where in {"path", "query"}:
        return FieldProblem(parameter=str(rest[0]), detail=message)
    return FieldProblem(pointer="", detail=message)


def _field(found: Problem, parameters: frozenset[str]) -> FieldProblem:
    """A problem of the registry's, with where the field is in the request."""
    steps = steps_of(found.field)
    if steps and steps[0] in parameters:
        return FieldProblem(parameter=steps[0], detail=found.message)
    if steps == ["plan_ids"] and "plan_id" in parameters:
        return FieldProblem(parameter="plan_id", detail=found.message)
    if steps[:1] == ["cost"] and "missed" in parameters:
        return FieldProblem(parameter=[*steps, "missed"][1], detail=found.message)
    if steps and steps[0] in _HEADERS:
        return FieldProblem(header=_HEADERS[steps[0]], detail=found.message)
    return FieldProblem(pointer=json_pointer(*steps), detail=found.message)


def _facts(error: Exception) -> dict[str, Any]:
    """The facts of a refusal that JSON can hold as they are."""
    return {name: fact for name, fact in vars(error).items() if isinstance(fact, str | int)}
