"""Plans of other tools: imported and updated, or one of them registered by `create`."""

from pathlib import Path
from typing import Any

import typer

from plangate.application.importing.results import ImportOutcome, PlanFormat, PlansImport
from plangate.domain.errors import InvalidInput, PlanExists
from plangate.domain.presets import Preset
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.plan_files import name_of
from plangate.infrastructure.cli.input.plan_sources import located, read_source, source_of
from plangate.infrastructure.cli.render.acts import render_created
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.transfer import left_behind, render_plans_import
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.plan_formats.reading import ReadPlans, with_locations
from plangate.infrastructure.project import project_policy
from plangate.infrastructure.store_finding import find_store


def import_foreign(
    terminal: Terminal, file: Path, kind: PlanFormat | None, request: dict[str, Any]
) -> None:
    """Import what another tool keeps; name the location in its file of what is left behind."""
    read = read_source(file, kind)
    if request["dry_run"]:
        terminal.only_try()
    imported = _imported(terminal, file, read, policy=project_policy(), **request)
    terminal.answer(imported, render_plans_import(str(file)))
    if any(one.outcome is ImportOutcome.REFUSED for one in imported.plans):
        raise typer.Exit(REFUSED)


def create_from(terminal: Terminal, file: Path, read: ReadPlans, preset: Preset | None) -> None:
    """Register the one plan that a checklist or another tool's file holds, if it is new."""
    policy = preset or project_policy()
    try:
        report = _imported(terminal, file, read, policy=policy, only_new=True)
    except PlanExists as error:
        error.add_note(_how_to_go_on(terminal, file, read, error.plan_id))
        raise
    except InvalidInput as error:
        if error.problems[0].field == "tag":
            all_of_them = terminal.hint("import", str(file))
            one_of_them = terminal.hint("import", str(file), "--tag", "TAG")
            error.add_note(f"all of them: {all_of_them}; one: {one_of_them}")
        raise
    (plan,) = report.plans
    left = [*plan.not_carried, *report.not_carried]
    if plan.outcome is not ImportOutcome.IMPORTED:
        with located(file, read):
            located_ones = [one for one in left if one.line is not None]
            raise InvalidInput([one.problem for one in located_ones or left])
    terminal.warn(*(left_behind(name_of(file), one) for one in left))
    status = terminal.registry.get_status(plan.plan_id).model_copy(update={"recorded": True})
    terminal.answer(status, render_created(full=terminal.full), ids=[plan.plan_id])


def _imported(terminal: Terminal, file: Path, read: ReadPlans, **request: Any) -> PlansImport:
    target = terminal.store or find_store().target
    with progress_bar(terminal.notes, "importing") as progress, located(file, read):
        imported = terminal.registry.bundles.import_plans(
            read.given,
            read.format,
            source=source_of(file, target),
            progress=progress,
            **request,
            **terminal.context,
        )
    return with_locations(imported, read.locate)


def _how_to_go_on(terminal: Terminal, file: Path, read: ReadPlans, plan_id: str) -> str:
    """The command that updates the plan of this file, or makes one beside another file's."""
    tried = _imported(terminal, file, read, dry_run=True)
    is_another = any(one.outcome is ImportOutcome.TAKEN for one in tried.plans)
    if is_another:
        command = terminal.hint("import", str(file), "--plan", f"{plan_id}-2")
        return f"it is of another source; to make one beside it: {command}"
    return f"to bring it up to {name_of(file)}: {terminal.hint('import', str(file))}"
