"""Whole plans: register, look at, pause, archive and delete them."""

from contextlib import suppress

import typer
from rich.text import Text

from plangate.application.importing.results import PlanFormat
from plangate.domain.errors import InvalidInput, PlanGone, Problem
from plangate.domain.presets import Preset
from plangate.infrastructure.cli.answers import Deletion
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.input.completion import plan_ids, presets
from plangate.infrastructure.cli.render.acts import render_created, render_plan_act
from plangate.infrastructure.cli.render.attention import render_attention, render_no_store
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.render.status import render_status
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.project import project_policy


def create(
    terminal: Terminal,
    file: options.PlanPath,
    *,
    preset: Preset | None = options.option(
        "--policy",
        "PRESET",
        f"The policy, if the file has none: {' or '.join(Preset)}.",
        autocompletion=presets,
    ),
) -> None:
    """Register the plan in a file: a plan file, or a checklist as other tools keep it.

    Example: plangate create plan.yaml --policy steady

    Example: plangate create specs/001-login/tasks.md
    """
    from plangate.infrastructure.cli.input.plan_files import Document, name_of
    from plangate.infrastructure.cli.input.plan_sources import read_source

    read = read_source(file, None, otherwise=PlanFormat.PLAN)
    if read.format is not PlanFormat.PLAN:
        from plangate.infrastructure.cli.commands.foreign_plans import create_from

        create_from(terminal, file, read, preset)
        return
    document = Document(read.given, name_of(file), read.locations).as_plan()
    draft = document.content
    with document.located():
        if preset and draft.policy:
            raise InvalidInput([Problem("policy", "the file has its own; leave out --policy")])
        policy = preset or draft.policy or project_policy()
        plan = terminal.registry.create(**{**vars(draft), "policy": policy}, **terminal.context)
    terminal.answer(plan, render_created(full=terminal.full), ids=[plan.plan_id])


def status(
    terminal: Terminal,
    plan: str | None = options.argument(
        "PLAN",
        "The plan; without one, what needs a person now, over all plans.",
        default=None,
        autocompletion=plan_ids,
    ),
    *,
    watch: bool = options.flag("--watch", "Stay, and show it anew whenever it changes."),
) -> None:
    """Show a plan's tasks, its confidence and what to do next; or what needs a person now.

    Example: plangate status billing
    """
    if not watch:
        _show(terminal, plan)
        return
    if terminal.as_json:
        raise typer.BadParameter("--watch is for people; programs follow the log in Python")
    from plangate.infrastructure.cli.commands.watching import watch as stay

    stay(terminal, plan, _show)


def _show(terminal: Terminal, plan: str | None) -> None:
    if plan is not None:
        terminal.answer(terminal.registry.get_status(terminal.plan(plan)), render_status)
        return
    if not terminal.has_store:
        terminal.show(render_no_store(terminal.hint))
        return
    found = terminal.registry.views.attention()
    terminal.answer(found, render_attention(terminal.registry.get_status))


def delete(terminal: Terminal, plan: options.PlanId, *, reason: options.Reason = None) -> None:
    """Take a plan out of the views, for good; its history stays. Takes the whole id.

    Example: plangate plan delete billing --reason "made twice"
    """
    with suppress(PlanGone):  # asked again: nothing is recorded
        terminal.registry.get_status(plan)
    deleted = terminal.registry.delete(plan, reason=reason, **terminal.context)
    name = harmless(plan)
    text = f"Deleted {name}. Its history stays." if deleted else f"{name} was deleted already."
    terminal.answer(Deletion(plan_id=plan, deleted=deleted), lambda _answer, _hint: Text(text))


def graph(
    terminal: Terminal,
    plan: options.PlanId,
    *,
    form: GraphForm = options.option(
        "--format", "FORM", "text, or mermaid or dot for drawing.", default=GraphForm.TEXT
    ),
) -> None:
    """Show which tasks wait for which: their order, what is ready, the longest chain.

    Example: plangate plan graph billing --format mermaid
    """
    terminal.answer(terminal.registry.graph(terminal.plan(plan)), form.render)


def pause(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Hand out no work until the plan is resumed.

    Example: plangate plan pause billing --reason "the schema is discussed"
    """
    now = terminal.registry.pause(terminal.plan(plan), reason, **terminal.context)
    terminal.answer(now, render_plan_act("paused.", full=terminal.full))


def resume(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Hand out a paused plan's work again.

    Example: plangate plan resume billing --reason "the schema is agreed"
    """
    now = terminal.registry.resume(terminal.plan(plan), reason, **terminal.context)
    terminal.answer(now, render_plan_act("resumed.", full=terminal.full))


def archive(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Archive a plan: nothing about it changes until it is restored.

    Example: plangate plan archive billing --reason "shipped"
    """
    now = terminal.registry.archive(terminal.plan(plan), reason, **terminal.context)
    terminal.answer(now, render_plan_act("archived.", full=terminal.full))


def restore(terminal: Terminal, plan: options.PlanId, *, reason: options.RequiredReason) -> None:
    """Take a plan out of the archive, unchanged.

    Example: plangate plan restore billing --reason "it was not shipped after all"
    """
    now = terminal.registry.restore(terminal.plan(plan), reason, **terminal.context)
    terminal.answer(now, render_plan_act("restored.", full=terminal.full))
