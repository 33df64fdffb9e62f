"""Looking after whole stores: copies, backups, bringing them back, and whether all is well."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.operations.reports import (
    BackupReport,
    Checkup,
    CopyReport,
    Health,
    RestoreReport,
)
from plangate.infrastructure.bootstrap import connect, connect_to_existing
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render.tables import table_of
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless

_NEW_POSITIONS: Final = "Events that got new positions keep the old one as origin_position."

_STYLES: Final = {Health.OK: "green", Health.WARNING: "yellow", Health.PROBLEM: "bold red"}

BackupPath = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(terminal: Terminal, file: BackupPath) -> None:
    """Write the whole store into a new file, while others go on; check it, and say so."""
    with progress_bar(terminal, "backing up") as progress:
        report = terminal.backup(file, progress)
    terminal.answer(report, _backed_up)


def restore_backup(terminal: Terminal, file: BackupPath) -> None:
    """Bring a backup back as a store, where no plans are."""
    with progress_bar(terminal, "restoring") as progress:
        report = terminal.restore_backup(file, progress)
    terminal.answer(report, _restored)


def doctor(terminal: Terminal) -> None:
    """Examine the store: is all of it there, can be read, and is safe? It changes nothing."""
    with progress_bar(terminal, "examining") as progress:
        report = terminal.examine(progress)
    terminal.answer(report, _examined)
    if report.health is Health.PROBLEM:
        raise typer.Exit(REFUSED)


def copy(
    terminal: Terminal,
    source: Annotated[str, typer.Argument(metavar="FROM", help="A store that is there.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="A store; made if it is not there.")],
) -> None:
    """Bring all plans of one store into another, as they are; run it again if it was cut short."""
    with (
        connect_to_existing(source) as ours,
        connect(target) as theirs,
        progress_bar(terminal, "copying") as progress,
    ):
        report = ours.bundles.copy_to(theirs, progress=progress)
    if report.unreadable:
        terminal.warn(
            f"{count(report.unreadable, 'event')} that cannot be read: copied as they are;"
            " plangate doctor names them"
        )
    terminal.answer(report, _copied)


def _examined(report: Checkup, _hint: Hint) -> RenderableType:
    table = table_of(
        Column("check", no_wrap=True), Column("", no_wrap=True), Column("found", overflow="fold")
    )
    for observation in report.observations:
        said = [Text(harmless(observation.found))]
        said += (
            [Text(harmless(f"at {observation.place}"), style="dim")] if observation.place else []
        )
        said += (
            [Text(harmless(f"→ {observation.advice}"), style="dim")] if observation.advice else []
        )
        health = Text(observation.health, style=_STYLES[observation.health])
        table.add_row(observation.check, health, Group(*said))
    return Group(Text(harmless(report.store)), table, Text(_in_all(report)))


def _in_all(report: Checkup) -> str:
    by_health = Counter(observation.health for observation in report.observations)
    if report.health is Health.OK:
        return "All is well."
    problems, warnings = by_health[Health.PROBLEM], by_health[Health.WARNING]
    return f"{count(problems, 'problem')}, {count(warnings, 'warning')}."


def _backed_up(report: BackupReport, _hint: Hint) -> RenderableType:
    return Text(
        f"Wrote {harmless(report.file)}, {report.bytes:,} bytes. Checked: it is whole, and holds"
        f" {count(report.events, 'event')} of {count(report.plans, 'plan')}"
        f" up to position {report.position:,}."
    )


def _restored(report: RestoreReport, _hint: Hint) -> RenderableType:
    said = (
        f"Restored from {harmless(report.file)}. Checked: the store holds"
        f" {count(report.events, 'event')} of {count(report.plans, 'plan')}"
        f" up to position {report.position:,}."
    )
    return Text(said if report.positions_kept else f"{said} {_NEW_POSITIONS}")


def _copied(report: CopyReport, _hint: Hint) -> RenderableType:
    there = f" {report.already_there:,} were there already." if report.already_there else ""
    positions = (
        "Every event has the position that it had." if report.positions_kept else _NEW_POSITIONS
    )
    return Group(
        Text(f"Copied {count(report.copied, 'event')}.{there}"),
        Text(
            f"Checked: the target holds all {count(report.checked, 'event')}"
            f" of {count(report.plans, 'plan')} up to position {report.position:,},"
            " byte for byte."
        ),
        Text(positions),
    )
