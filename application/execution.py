"""Executes validated commands, each to the answer that its method on the registry documents."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from plangate.application.command_context import CommandContext, CommandContexts
from plangate.application.command_handler import CommandHandler, Handled
from plangate.application.commands import (
    COMMANDS,
    Create,
    GivenCommand,
    NextTask,
    Revise,
    create_of,
    validated,
)
from plangate.application.draft_ids import DraftIds
from plangate.application.drafts import PlanDraft
from plangate.application.erasure import Eraser, Erasure
from plangate.application.event_store import Clock, NewId
from plangate.application.next_task import TaskDispatcher
from plangate.application.plan_queries import PlanQueries
from plangate.application.results import PlanStatus, TaskView
from plangate.application.validation import validate
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore
from plangate.application.warnings import warnings
from plangate.domain import commands
from plangate.domain.commands import Command
from plangate.domain.errors import InvalidInput, Problem

Answer = PlanStatus | TaskView | Erasure | bool | None
"""What a command returns: the plan's status, or what its method documents."""


class CommandExecutor:
    """Executes commands on the plans of one store."""

    def __init__(
        self,
        plans: PlanQueries,
        views: ViewStore,
        runner: ProjectionRunner,
        clock: Clock,
        new_id: NewId,
        announce: Callable[[], None],
    ) -> None:
        """`announce` is called after each command that recorded events."""
        store = plans.store
        self.handler: Final = CommandHandler(store, plans.streams, clock, announce)
        self.eraser: Final = Eraser(store, views, runner, self.handler)
        self._dispatcher = TaskDispatcher(plans, self.handler)
        self._new_id = new_id

    def answer(
        self,
        plan_id: str | None,
        op: str,
        arguments: Mapping[str, object],
        options: Mapping[str, object],
        contexts: CommandContexts,
    ) -> Answer:
        """Execute the command of this name; options that are its fields are arguments too."""
        model = COMMANDS[op]
        own = {name: value for name, value in options.items() if name in model.model_fields}
        others = {
            name: value
            for name, value in options.items()
            if name not in own or name in CommandContext.model_fields
        }
        command = validate(model, {**arguments, **own})
        return self._execute(plan_id, command, contexts.current(others))

    def execute(
        self,
        plan_id: str | None,
        command: Mapping[str, Any] | GivenCommand,
        context: CommandContext,
    ) -> Answer:
        """Execute any command. Only `Create` and `NextTask` need no plan id."""
        return self._execute(plan_id, validated(command), context)

    def _execute(
        self, plan_id: str | None, command: GivenCommand, context: CommandContext
    ) -> Answer:
        if isinstance(command, NextTask):
            return self._dispatcher.claim(plan_id, command, context)
        if isinstance(command, Create):
            if plan_id is not None:
                raise InvalidInput([Problem("plan_id", "must be given in the command itself")])
            return self._create(command, context)
        if plan_id is None:
            raise InvalidInput([Problem("plan_id", "is required")])
        match command:
            case Revise():
                ids = DraftIds(self._new_id, context.idempotency_key)
                return self._status(plan_id, command.command(ids.task), context)
            case commands.ClaimTask() | commands.RenewLease():
                return self._claim(plan_id, command, context)
            case commands.DeletePlan():
                return bool(self.handler.handle(plan_id, command, context).recorded)
            case commands.ErasePlan():
                return self.eraser.erase(plan_id, context)
            case _:
                return self._status(plan_id, command, context)

    def create(
        self, goal: str | PlanDraft, besides: Mapping[str, object], context: CommandContext
    ) -> PlanStatus:
        """Create a plan of a draft, or of a goal and what else is given."""
        if isinstance(goal, PlanDraft):
            return self._create(create_of(goal, besides), context)
        return self._create(validate(Create, {"goal": goal, **besides}), context)

    def request(
        self, plan_id: str | None, command: GivenCommand, context: CommandContext
    ) -> tuple[str | None, Command]:
        """The plan of a command, and the arguments by which a retry of it is recognised."""
        ids = DraftIds(self._new_id, context.idempotency_key)
        match command:
            case Create():
                return command.plan_id or ids.plan(), command
            case Revise():
                return plan_id, command.command(ids.task)
            case _:
                return plan_id, command

    def _create(self, draft: Create, context: CommandContext) -> PlanStatus:
        ids = DraftIds(self._new_id, context.idempotency_key)
        plan_id, command = draft.plan_id or ids.plan(), draft.command(ids.task)
        return _status(command, self.handler.handle(plan_id, command, context, arguments=draft))

    def _status(
        self, plan_id: str, command: commands.PlanCommand, context: CommandContext
    ) -> PlanStatus:
        return _status(command, self.handler.handle(plan_id, command, context))

    def _claim(
        self,
        plan_id: str,
        command: commands.ClaimTask | commands.RenewLease,
        context: CommandContext,
    ) -> TaskView:
        if isinstance(command, commands.ClaimTask):
            worker = command.worker or context.actor
            command = command.model_copy(update={"worker": worker})
        plan = self.handler.handle(plan_id, command, context).plan
        return TaskView.of(plan.task(command.task_id), plan)


def _status(command: commands.PlanCommand, handled: Handled) -> PlanStatus:
    return PlanStatus.of(
        handled.plan,
        handled.at,
        warnings=warnings(handled.before, command, handled.recorded),
        recorded=bool(handled.recorded),
    )
