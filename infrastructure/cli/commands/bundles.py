"""The panel "More": export whole plans from one store and import them into another."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.options import PlanIds, argument
from plangate.infrastructure.cli.input.plan_files import read_foreign_file
from plangate.infrastructure.cli.render.bundles import (
    render_export,
    render_import,
    render_plans_import,
)
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.terminal import Terminal


class SourceFormat(StrEnum):
    """What can be imported."""

    BUNDLE = "bundle"
    LOOPLLM = "loopllm"
    TASKMASTER = "taskmaster"


def export(
    terminal: Terminal,
    file: Annotated[Path, argument("FILE", "The bundle to write; it must not exist yet.")],
    plans: PlanIds = None,
    *,
    signed: Annotated[
        bool, typer.Option("--signed", help="Include a checkpoint of the ledger as of now.")
    ] = False,
) -> None:
    """Write plans with all their history to a bundle: a file for another store."""
    with progress_bar(terminal.notes, "exporting") as progress:
        note = terminal.registry.ledger.checkpoint(progress=progress).note if signed else None
        report = terminal.registry.bundles.export(
            file, plans or None, checkpoint=note, progress=progress
        )
    terminal.answer(report, render_export)


def import_plans(
    terminal: Terminal,
    file: Annotated[
        Path,
        argument(
            "FILE",
            "A bundle, or the JSON of another tool.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    *,
    source: Annotated[
        SourceFormat,
        typer.Option("--format", help="What FILE is: a bundle, or a file of another tool."),
    ] = SourceFormat.BUNDLE,
) -> None:
    """Import plans from a bundle or from another tool; plans already here are recognised."""
    if source is not SourceFormat.BUNDLE:
        foreign = read_foreign_file(file)
        with progress_bar(terminal.notes, "importing") as progress:
            imported = terminal.registry.bundles.import_plans(
                foreign, source.value, progress=progress, **terminal.context
            )
        terminal.answer(imported, render_plans_import)
        return
    if any(terminal.context.values()):
        raise typer.BadParameter("a bundle's events name their own actor; leave out these options")
    with progress_bar(terminal.notes, "importing") as progress:
        report = terminal.registry.bundles.import_bundle(file, progress=progress)
    terminal.answer(report, render_import)
    if report.remains is not None:
        why = f"some erased text may be left: {report.remains}"
        terminal.warn(f"{why}; to finish, import again and erase those plans again")
        raise typer.Exit(REFUSED)
