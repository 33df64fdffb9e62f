"""Questions across plans, answered from the views, page by page."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from plangate.application.errors import ViewBehind
from plangate.application.views.board import BoardPage
from plangate.application.views.queries import ViewReport
from plangate.application.views.replans import ReplanPage
from plangate.application.views.timeline import TimelinePage
from plangate.domain.errors import PlanGone, PlanNotFound
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.http.exchange import Given, answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import After, AtLeast, Flag, Limit, NoneAllowed, PlanId

group = Group("views")

_PLAN = (PlanNotFound, PlanGone, ViewBehind)
_Status = Annotated[TaskStatus, Query(description="Only tasks in this status.")]
_NewestFirst = Annotated[Flag, Query(description="The newest first.")]


@group.query("/plans/{plan_id}/board", BoardPage, refuses=_PLAN)
async def show_board(
    plan_id: PlanId,
    given: Given,
    status: _Status | NoneAllowed = None,
    limit: Limit = 100,
    after: After = None,
    at_least: AtLeast = None,
) -> Response:
    """List the tasks of a plan, with their workers."""
    board = given.registry.views.board
    page = await board(plan_id, status=status, limit=limit, after=after, at_least=at_least)
    return answer(page)


@group.query("/board", BoardPage, refuses=[ViewBehind])
async def list_tasks(
    given: Given,
    status: _Status,
    limit: Limit = 100,
    after: After = None,
    at_least: AtLeast = None,
) -> Response:
    """List the tasks of all plans in a status, with their workers."""
    board = given.registry.views.board
    return answer(await board(status=status, limit=limit, after=after, at_least=at_least))


@group.query("/plans/{plan_id}/timeline", TimelinePage, refuses=_PLAN)
async def show_timeline(
    plan_id: PlanId, given: Given, limit: Limit = 100, after: After = None, at_least: AtLeast = None
) -> Response:
    """List how a plan's confidence moved, score by score."""
    timeline = given.registry.views.timeline
    return answer(await timeline(plan_id, limit=limit, after=after, at_least=at_least))


@group.query("/plans/{plan_id}/replans", ReplanPage, refuses=_PLAN)
async def list_replans_of_plan(
    plan_id: PlanId,
    given: Given,
    *,
    newest_first: _NewestFirst = False,
    limit: Limit = 100,
    after: After = None,
    at_least: AtLeast = None,
) -> Response:
    """List when, and at which confidence, the plan's gate fired."""
    page = await given.registry.views.replans(
        plan_id, newest_first=newest_first, limit=limit, after=after, at_least=at_least
    )
    return answer(page)


@group.query("/replans", ReplanPage, refuses=[ViewBehind])
async def list_replans(
    given: Given,
    *,
    newest_first: _NewestFirst = False,
    limit: Limit = 100,
    after: After = None,
    at_least: AtLeast = None,
) -> Response:
    """List when, and at which confidence, the gates of all plans fired."""
    page = await given.registry.views.replans(
        newest_first=newest_first, limit=limit, after=after, at_least=at_least
    )
    return answer(page)


@group.query("/views", ViewReport)
async def report_views(given: Given) -> Response:
    """Report each view's lag, size and stuck plans."""
    return answer(await given.registry.views.report())
