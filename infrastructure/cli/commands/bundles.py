"""`plangate export` and `plangate import`: whole plans out of one store and into another."""

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.importer import ImportReport
from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.intake import PlansImport
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.input.plan_files import read_foreign_file
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, written


class SourceFormat(StrEnum):
    """What can be imported."""

    BUNDLE = "bundle"
    LOOPLLM = "loopllm"
    TASKMASTER = "taskmaster"


BundlePath = Annotated[
    Path, typer.Argument(metavar="FILE", help="The bundle to write; nothing may be there yet.")
]
Format = Annotated[
    SourceFormat,
    typer.Option("--format", help="What FILE is: a bundle, or what another tool saved."),
]
SourcePath = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A bundle, or the JSON of another tool.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
PlanIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PLAN…]", help="The plans' ids; without any, all plans.", autocompletion=plan_ids
    ),
]


def export(
    terminal: Terminal,
    file: BundlePath,
    plans: PlanIds = None,
    *,
    signed: Annotated[
        bool,
        typer.Option("--signed", help="Put a checkpoint of the ledger in, as of now."),
    ] = False,
) -> None:
    """Write plans with all their history to a bundle: a file for another store."""
    with progress_bar(terminal, "exporting") as progress:
        note = terminal.registry.ledger.checkpoint(progress=progress).note if signed else None
        report = terminal.registry.bundles.export(
            file, plans or None, checkpoint=note, progress=progress
        )
    terminal.answer(report, _exported)


def import_plans(
    terminal: Terminal, file: SourcePath, *, source: Format = SourceFormat.BUNDLE
) -> None:
    """Take in plans, from a bundle or from another tool; what is there already is recognised."""
    if source is not SourceFormat.BUNDLE:
        given = read_foreign_file(file)
        with progress_bar(terminal, "importing") as progress:
            made = terminal.registry.bundles.import_plans(
                given, source.value, progress=progress, **terminal.call
            )
        terminal.answer(made, _brought)
        return
    if any(terminal.call.values()):
        raise typer.BadParameter("the events of a bundle say themselves on whose behalf they are")
    with progress_bar(terminal, "importing") as progress:
        report = terminal.registry.bundles.import_bundle(file, progress=progress)
    terminal.answer(report, _imported)
    if report.remains is not None:
        why = f"something of erased words may be left: {report.remains}"
        terminal.warn(f"{why}; import again, and erase those plans again, to go on")
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


def _brought(report: PlansImport, _hint: Hint) -> RenderableType:
    lines: list[Text] = []
    for plan in report.plans:
        outcome = plan.outcome.replace("_", " ")
        lines.append(Text(f"{written(plan.plan_id)}: {outcome}, {count(plan.tasks, 'task')}"))
        lines += [Text(f"  {_said(left)}", style="dim") for left in plan.not_carried]
    outcomes = Counter(plan.outcome for plan in report.plans)
    counted = [f"{n:,} {outcome.replace('_', ' ')}" for outcome, n in outcomes.items()]
    total = f"{count(len(report.plans), 'plan')}: {', '.join(counted) or 'nothing to bring'}."
    return Group(*lines, Text(total))


def _said(left: NotCarried) -> str:
    theirs = "" if left.theirs is None else f" {json.dumps(left.theirs, ensure_ascii=False):.80}"
    ours = "" if left.ours is None else f", here {json.dumps(left.ours, ensure_ascii=False):.80}"
    return written(f"{left.pointer}{theirs}{ours}: {left.why}")


def _content(digest: str) -> Text:
    return Text(f"content {digest}", style="dim")
