"""The commands that answer a gate that fired, and those that hold a whole plan."""

from plangate.infrastructure.cli.input.options import Because, PlanId, RevisionPath, TaskId
from plangate.infrastructure.cli.input.plan_files import read_revision_file
from plangate.infrastructure.cli.render import status as show
from plangate.infrastructure.cli.terminal import Terminal


def revise(terminal: Terminal, plan: PlanId, file: RevisionPath, *, reason: Because) -> None:
    """Change a plan as a file says, all of it or nothing; failed tasks it changes start again."""
    revision = read_revision_file(file)
    with revision.placed():
        now = terminal.registry.revise(plan, reason, revision.changes, **terminal.call)
    terminal.warn(*now.warnings)
    terminal.answer(now, show.status)


def retry(terminal: Terminal, plan: PlanId, task: TaskId, *, reason: Because) -> None:
    """Give a failed or replanning task another attempt."""
    now = terminal.registry.retry(plan, task, reason, **terminal.call)
    terminal.answer(now, lambda plan, hint: show.task_of(plan, task, hint))


def approve(terminal: Terminal, plan: PlanId, *, reason: Because) -> None:
    """Let work go on although a replan is due."""
    terminal.answer(terminal.registry.approve(plan, reason, **terminal.call), show.status)


def pause(terminal: Terminal, plan: PlanId, *, reason: Because) -> None:
    """Hand out no work until the plan is resumed."""
    terminal.answer(terminal.registry.pause(plan, reason, **terminal.call), show.status)


def resume(terminal: Terminal, plan: PlanId, *, reason: Because) -> None:
    """Let a paused plan go on."""
    terminal.answer(terminal.registry.resume(plan, reason, **terminal.call), show.status)


def archive(terminal: Terminal, plan: PlanId, *, reason: Because) -> None:
    """Put a plan away: nothing about it changes until it is restored."""
    terminal.answer(terminal.registry.archive(plan, reason, **terminal.call), show.status)


def restore(terminal: Terminal, plan: PlanId, *, reason: Because) -> None:
    """Take a plan out of the archive, as it was."""
    terminal.answer(terminal.registry.restore(plan, reason, **terminal.call), show.status)
