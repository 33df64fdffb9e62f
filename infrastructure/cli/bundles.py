"""`plangate export` and `plangate import`: whole plans out of one store and into another."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.history.bundle_export import ExportReport
from plangate.application.history.bundle_import import ImportReport
from plangate.infrastructure.cli.completion import plan_ids
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.progress import progress
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count

BundlePath = Annotated[
    Path, typer.Argument(metavar="FILE", help="The bundle to write; nothing may be there yet.")
]
SourcePath = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A bundle.", exists=True, dir_okay=False, readable=True),
]
PlanIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PLAN…]", help="The plans' ids; without any, all plans.", autocompletion=plan_ids
    ),
]


def export(terminal: Terminal, file: BundlePath, plans: PlanIds = None) -> None:
    """Write plans with all their history to a bundle: a file for another store."""
    with progress(terminal, "exporting") as tell:
        report = terminal.registry.export(file, plans or None, tell=tell)
    terminal.answer(report, _exported)


def import_plans(terminal: Terminal, file: SourcePath) -> None:
    """Take in the plans of a bundle; what is there already is recognised."""
    with progress(terminal, "importing") as tell:
        report = terminal.registry.import_bundle(file, tell=tell)
    terminal.answer(report, _imported)
    if report.remains is not None:
        terminal.warn(f"something of erased words may be left: {report.remains}; import again")
        raise typer.Exit(REFUSED)


def _exported(report: ExportReport, _hint: Hint) -> RenderableType:
    what = f"{count(report.plans, 'plan')}, {count(report.events, 'event')}"
    return Group(Text(f"{what}: {report.bytes:,} bytes."), _content(report.content_sha256))


def _imported(report: ImportReport, _hint: Hint) -> RenderableType:
    plans = (
        f"{report.added:,} added, {report.extended:,} extended, "
        f"{report.already_there:,} already there"
    )
    return Group(
        Text(f"{count(report.plans, 'plan')}: {plans}."),
        Text(f"{count(report.events, 'event')}: {report.recorded:,} recorded."),
        _content(report.content_sha256),
    )


def _content(digest: str) -> Text:
    return Text(f"content {digest}", style="dim")
