"""Executes validated commands, each to the answer that its method on the registry documents."""

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler, Handled
from plangate.application.commands import Create, GivenCommand, NextTask, Revise
from plangate.application.drafts import DraftIds
from plangate.application.erasure import Eraser, Erasure
from plangate.application.event_store import NewId
from plangate.application.next_task import TaskDispatcher
from plangate.application.results import PlanStatus, TaskView
from plangate.application.warnings import warnings
from plangate.domain import commands
from plangate.domain.commands import Command
from plangate.domain.errors import InvalidInput, Problem

Answer = PlanStatus | TaskView | Erasure | bool | None
"""What a command returns: the plan's status, or what its method documents."""


class CommandExecutor:
    """Executes commands on the plans of one store."""

    def __init__(
        self, handler: CommandHandler, dispatcher: TaskDispatcher, eraser: Eraser, new_id: NewId
    ) -> None:
        self._handler = handler
        self._dispatcher = dispatcher
        self._eraser = eraser
        self._new_id = new_id

    def execute(
        self, plan_id: str | None, command: GivenCommand, context: CommandContext
    ) -> Answer:
        """Execute any command. Only `Create` and `NextTask` need no plan id."""
        if isinstance(command, NextTask):
            return self._dispatcher.claim(plan_id, command, context)
        if isinstance(command, Create):
            if plan_id is not None:
                raise InvalidInput([Problem("plan_id", "must be given in the command itself")])
            return self.create(command, context)
        if plan_id is None:
            raise InvalidInput([Problem("plan_id", "is required")])
        match command:
            case Revise():
                return self.revise(plan_id, command, context)
            case commands.ClaimTask() | commands.RenewLease():
                return self.claim(plan_id, command, context)
            case commands.DeletePlan():
                return self.delete(plan_id, command, context)
            case commands.ErasePlan():
                return self._eraser.erase(plan_id, context)
            case _:
                return self.status(plan_id, command, context)

    def status(
        self, plan_id: str, command: commands.PlanCommand, context: CommandContext
    ) -> PlanStatus:
        """Execute a command that is answered by the plan's status."""
        return _status(command, self._handler.handle(plan_id, command, context))

    def create(self, draft: Create, context: CommandContext) -> PlanStatus:
        """Create a plan; missing ids are made."""
        ids = DraftIds(self._new_id, context.idempotency_key)
        plan_id, command = draft.plan_id or ids.plan(), draft.command(ids.task)
        return _status(command, self._handler.handle(plan_id, command, context, arguments=draft))

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

    def revise(self, plan_id: str, draft: Revise, context: CommandContext) -> PlanStatus:
        """Revise a plan; missing ids are made."""
        ids = DraftIds(self._new_id, context.idempotency_key)
        return self.status(plan_id, draft.command(ids.task), context)

    def claim(
        self,
        plan_id: str,
        command: commands.ClaimTask | commands.RenewLease,
        context: CommandContext,
    ) -> TaskView:
        """Make or renew a claim; the answer is its task."""
        if isinstance(command, commands.ClaimTask):
            worker = command.worker or context.actor
            command = command.model_copy(update={"worker": worker})
        plan = self._handler.handle(plan_id, command, context).plan
        return TaskView.of(plan.task(command.task_id), plan)

    def delete(self, plan_id: str, command: commands.DeletePlan, context: CommandContext) -> bool:
        """Delete a plan; False if there is none."""
        return bool(self._handler.handle(plan_id, command, context).recorded)


def _status(command: commands.PlanCommand, handled: Handled) -> PlanStatus:
    return PlanStatus.of(
        handled.plan,
        handled.at,
        warnings=warnings(handled.before, command, handled.recorded),
        recorded=bool(handled.recorded),
    )
