"""Commands on one task: path, body and endpoint follow from the model of the command."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Body
from pydantic import BaseModel
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.results import PlanStatus
from plangate.application.validation import validate
from plangate.domain.errors import PlanGone, PlanHeld, PlanNotFound, TaskGone, TaskNotFound
from plangate.infrastructure.http.bodies import Fields, fields_of, without
from plangate.infrastructure.http.exchange import Given, Options, answer, execute, plan_answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import PlanId, TaskId

OF_PLAN: Final = (PlanNotFound, PlanGone, PlanHeld)
OF_TASK: Final = (*OF_PLAN, TaskNotFound, TaskGone)


def add_task_command(
    group: Group,
    name: str,
    path: str,
    command: Any,
    answers: type[BaseModel],
    says: str,
    *examples: Any,
    refuses: Sequence[Any] = (),
    scope: Scope = Scope.PLANS_WRITE,
    title: str | None = None,
    may_be_empty: bool = False,
) -> None:
    """Add the operation `name`, at a path below that of the task.

    The body is documented by the `examples`; `title` is that of its schema.
    """
    default: dict[str, Any] = {"default_factory": dict} if may_be_empty else {}
    documented = fields_of(without(command, "task_id", title=title))
    given_body = Annotated[Fields, documented, Body(**default, examples=list(examples))]

    async def endpoint(
        plan_id: PlanId,
        task_id: TaskId,
        body: given_body,
        given: Given,
        options: Options,
    ) -> Response:
        fields = {**body, "task_id": task_id}
        found = await execute(given, plan_id, validate(command, fields), options)
        return plan_answer(found) if isinstance(found, PlanStatus) else answer(found)

    endpoint.__name__, endpoint.__doc__ = name, says
    refuses = (*OF_TASK, *refuses)
    add = group.command(
        f"/plans/{{plan_id}}/tasks/{{task_id}}/{path}", answers, refuses=refuses, scope=scope
    )
    add(endpoint)
