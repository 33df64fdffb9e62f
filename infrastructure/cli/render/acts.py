"""What a change to a plan leads to, in a few lines: all of it with `--full`."""

from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.numbers import number
from plangate.application.results import PlanStatus, TaskView
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.cli.render import gauge, tables, text
from plangate.infrastructure.cli.render.status import NOTHING_RECORDED, render_status
from plangate.infrastructure.command_lines import next_steps

Render = Callable[[PlanStatus, text.Hint], RenderableType]


def render_act(what: str, *, full: bool, details: Sequence[str] = ()) -> Render:
    """A task that was changed, or what was done to its plan; the gate, and the next step."""

    def render(plan: PlanStatus, hint: text.Hint) -> RenderableType:
        if full:
            return render_status(plan, hint)
        lines = [Text(text.harmless(line)) for line in details]
        steps = map(text.command_line, (f"  {step}" for step in next_steps(plan, hint)))
        return Group(_head(plan, what), *lines, gauge.render_plan_gauge(plan), *steps)

    return render


def render_plan_act(done: str, *, full: bool) -> Render:
    """One line about a plan: what was done, and how much of it is done."""

    def render(plan: PlanStatus, hint: text.Hint) -> RenderableType:
        if full:
            return render_status(plan, hint)
        finished = sum(task.status is TaskStatus.DONE for task in plan.tasks)
        line = Text(f"{text.harmless(plan.plan_id)}: {done}")
        line.append(f" {finished} of {text.count(plan.task_count, 'task')} done.", style="dim")
        return _unchanged(plan) or line

    return render


def render_created(*, full: bool) -> Render:
    """The new plan in one line, and the next step."""

    def render(plan: PlanStatus, hint: text.Hint) -> RenderableType:
        if full:
            return render_status(plan, hint)
        name = text.harmless(plan.plan_id)
        if plan.recorded is False:
            return Text(f"{name} is there already.", style="yellow")
        line = Text(f"Created {name}: {text.count(plan.task_count, 'task')}.")
        steps = (text.command_line(f"  {step}") for step in next_steps(plan, hint))
        return Group(line, *steps)

    return render


def _head(plan: PlanStatus, what: str) -> Text:
    task = next((task for task in plan.tasks if task.id == what), None)
    if unchanged := _unchanged(plan):
        return unchanged
    return Text(f"{text.harmless(plan.plan_id)}: {what}") if task is None else _of_task(plan, task)


def _of_task(plan: PlanStatus, task: TaskView) -> Text:
    scores = {"prompt": task.prompt_score, "output": task.output_score}
    shown = [f"{name} {score:.2f}" for name, score in scores.items() if score is not None]
    if task.confidence is not None:
        shown.append(f"confidence {number(task.confidence, plan.confidence_threshold)}")
    if task.attempt > 1:
        shown.append(f"attempt {task.attempt}")
    notes = (tables.claim_text(task), tables.deferral_text(task))
    return Text.assemble(
        (text.harmless(task.id), "bold"),
        "  ",
        tables.status_text(task.status),
        *(f"  {one}" for one in [*shown, *filter(None, notes)]),
    )


def _unchanged(plan: PlanStatus) -> Text | None:
    return Text(NOTHING_RECORDED, style="yellow") if plan.recorded is False else None
