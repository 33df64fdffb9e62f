"""Plans of other tools: a checklist, or what a tool keeps, sent as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from plangate.application.importing.foreign import LocatedProblem
from plangate.application.importing.results import PlanFormat, PlansImport
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.presets import Preset
from plangate.infrastructure.asgi.problem_details import MALFORMED, Refused
from plangate.infrastructure.http.exchange import Given, OptionsWithoutVersion, answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import Flag, NoneAllowed
from plangate.infrastructure.http.problems import KINDS, NO_PLAN_TYPE, FieldProblem
from plangate.infrastructure.http.route import media_type_of
from plangate.infrastructure.plan_formats.markup import Malformed, text_of
from plangate.infrastructure.plan_formats.reading import ReadPlans, read_plans, with_locations

group = Group("plans")

_CHECKLIST: Final = "# Login\n\n1. [x] Model the session\n2. [ ] Check the password\n"
_PLAN: Final = {"goal": "Move billing", "plan_id": "billing", "tasks": ["Design the schema"]}
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "text/markdown": {"schema": {"type": "string"}, "example": _CHECKLIST},
        "application/json": {
            "schema": {"anyOf": [{"type": "object"}, {"type": "array"}], "examples": [_PLAN]}
        },
        "application/yaml": {
            "schema": {"type": "string"},
            "example": "goal: Move billing\ntasks: [Design the schema]\n",
        },
    },
}
_SUFFIXES: Final = {
    "text/markdown": ".md",
    "application/json": ".json",
    "application/yaml": ".yaml",
}


@group.command(
    "/plans/import",
    PlansImport,
    of_plan=False,
    wrong_type=NO_PLAN_TYPE,
    openapi_extra={"requestBody": _BODY},
)
async def import_plans(
    request: Request,
    given: Given,
    options: OptionsWithoutVersion,
    *,
    kind: Annotated[
        PlanFormat | NoneAllowed,
        Query(alias="format", description="What the body is, if that is not recognised."),
    ] = None,
    source: Annotated[
        Annotated[str, Field(max_length=4_000)] | NoneAllowed,
        Query(
            description="The path of the file: it names a new plan, and by it the plan is known "
            "again.",
            examples=["specs/001-login/tasks.md"],
        ),
    ] = None,
    plan_id: Annotated[
        Annotated[str, Field(max_length=200)] | NoneAllowed,
        Query(description="The plan to make, or to update."),
    ] = None,
    tag: Annotated[
        Annotated[str, Field(max_length=200)] | NoneAllowed,
        Query(description="Only this tag of a file with several."),
    ] = None,
    policy: Annotated[
        Preset | NoneAllowed, Query(description="The policy of a new plan whose file has none.")
    ] = None,
    reason: Annotated[
        Annotated[str, Field(max_length=20_000)] | NoneAllowed,
        Query(description="Why an update revises a plan."),
    ] = None,
    dry_run: Annotated[Flag, Query(description="Record nothing: say what would be done.")] = False,
) -> Response:
    """Make plans of a checklist or of another tool's file, or update those made of it before."""
    suffix = _SUFFIXES[media_type_of(request)]
    read = await run_in_threadpool(_read, await request.body(), kind, source, suffix)
    with _located(read):
        report = await given.registry.bundles.import_plans(
            read.given,
            read.format,
            source=source,
            plan_id=plan_id,
            tag=tag,
            policy=policy,
            reason=reason,
            dry_run=dry_run,
            **options,
        )
    return answer(with_locations(report, read.locate))


def _read(body: bytes, kind: PlanFormat | None, name: str | None, suffix: str) -> ReadPlans:
    """The plans in a body; raises `Refused` where it cannot be read, with the location."""
    try:
        return read_plans(text_of(body), kind=kind, name=name, suffix=suffix)
    except Malformed as error:
        found = FieldProblem(pointer="", line=error.line, column=error.column, detail=str(error))
        raise Refused(MALFORMED, str(found), [found]) from None


@contextmanager
def _located(read: ReadPlans) -> Iterator[None]:
    """Name the location in the body of whatever in it is refused."""
    try:
        yield
    except InvalidInput as error:
        found = sorted((_problem(read, one) for one in error.problems), key=_location)
        raise Refused(KINDS[InvalidInput], "; ".join(map(str, found)), found) from None


def _location(found: FieldProblem) -> tuple[int, int]:
    return found.line or 0, found.column or 0


def _problem(read: ReadPlans, one: Problem) -> FieldProblem:
    if one.field and not one.field.startswith("/"):
        return FieldProblem(parameter=one.field, detail=one.message)
    at = read.locate(one.field)
    if isinstance(one, LocatedProblem):
        at = one.line, one.column
    line, column = at or (1, 1)
    return FieldProblem(pointer=one.field, line=line, column=column, detail=one.message)
