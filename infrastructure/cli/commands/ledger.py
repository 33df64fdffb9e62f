"""`plangate ledger …`: sign the log, prove what is in it, and find out what was altered."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.ledger.notes import MAX_NOTE
from plangate.application.ledger.reports import (
    ConsistencyProof,
    InclusionProof,
    LedgerFinding,
    LedgerReport,
)
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.options import STDIN, NewNote, OldNote, all_to_be_read
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.terminal import Hint, Terminal, reading
from plangate.infrastructure.cli.wording import count, harmless, listed

_AT_MOST: Final = 50
"""So many findings are shown; JSON lists more."""


def key(terminal: Terminal) -> None:
    """Print the key by which anybody can check this log's checkpoints."""
    told = terminal.registry.ledger.key()
    terminal.answer(told, lambda answer, _hint: f"{answer.verifier_key}\n")


def checkpoint(terminal: Terminal) -> None:
    """Sign the whole log as it is, and print the signed note, nothing else: keep it elsewhere."""
    with progress_bar(terminal, "taking in") as progress:
        signed = terminal.registry.ledger.checkpoint(progress=progress)
    terminal.answer(signed, lambda answer, _hint: answer.note.encode())


def verify(
    terminal: Terminal,
    *,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="A checkpoint that was kept elsewhere; may be repeated.",
            callback=all_to_be_read,
        ),
    ] = None,
    nothing_new: Annotated[
        bool,
        typer.Option(
            "--nothing-new",
            help="Exit with 1 also if anything was recorded since the ledger last looked.",
        ),
    ] = False,
) -> None:
    """Compare the log with the ledger and with checkpoints; exit code 1 if anything is wrong."""
    notes = {str(path): _text(path) for path in against or ()}
    with progress_bar(terminal, "verifying") as progress:
        report = terminal.registry.ledger.verify(notes, progress=progress)
    terminal.answer(report, _report)
    if report.finding_count or (nothing_new and report.new):
        raise typer.Exit(REFUSED)


def prove(
    terminal: Terminal,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="An event's id: billing@7.")],
) -> None:
    """Print a proof, in JSON, that an event is in the log as it is now."""
    with progress_bar(terminal, "proving") as progress:
        proof = terminal.registry.ledger.prove(event, progress=progress)
    terminal.answer(proof, _in_json)


def consistency(terminal: Terminal, old: OldNote, new: NewNote) -> None:
    """Print a proof, in JSON, that the log only grew from one checkpoint to another."""
    proof = terminal.registry.ledger.consistency(_text(old), _text(new))
    terminal.answer(proof, _in_json)


ledger = typer.Typer(
    name="ledger",
    help="Tamper evidence: sign the log, prove what is in it, find out what was altered.",
    no_args_is_help=True,
)
for _command in (checkpoint, verify, prove, consistency, key):
    ledger.command(_command.__name__)(reading(_command))


def _text(path: Path) -> str:
    """What a file holds; what is no text is no checkpoint either."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as stream:
        return stream.read(MAX_NOTE + 1).decode(errors="replace")


def _in_json(proof: InclusionProof | ConsistencyProof, _hint: Hint) -> bytes:
    return proof.model_dump_json(indent=2).encode() + b"\n"


def _report(report: LedgerReport, hint: Hint) -> RenderableType:
    return Group(*_what_was_compared(report), *_what_is_wrong(report), *_what_is_new(report, hint))


def _what_was_compared(report: LedgerReport) -> Iterator[RenderableType]:
    if report.compared:
        yield Text(f"Compared {count(report.compared, 'event')} with the ledger.")
    else:
        yield Text("The ledger holds nothing yet to compare the log with.", style="yellow")
    if report.checkpoints:
        yield Text(f"Compared the whole log with {count(report.checkpoints, 'checkpoint')}.")


def _what_is_wrong(report: LedgerReport) -> Iterator[RenderableType]:
    if not report.finding_count:
        if report.compared or report.checkpoints:
            yield Text("Nothing was altered, removed, added or reordered.", style="green")
        return
    yield Text(f"{count(report.finding_count, 'finding')}:", style="bold red")
    table = tables.table_of(
        Column("position", justify="right", no_wrap=True),
        Column("event", overflow="fold"),
        Column("", no_wrap=True),
        Column("what is wrong", overflow="fold"),
    )
    for finding in report.findings[:_AT_MOST]:
        table.add_row(*_row(finding))
    yield table
    if report.finding_count > _AT_MOST:
        yield Text(f"and {report.finding_count - _AT_MOST:,} more")


def _row(finding: LedgerFinding) -> Iterator[RenderableType]:
    yield "" if finding.position is None else f"{finding.position:,}"
    yield Text(harmless(finding.event_id or ""))
    yield Text(finding.kind, style="red")
    yield Text(harmless(finding.why))


def _what_is_new(report: LedgerReport, hint: Hint) -> Iterator[RenderableType]:
    if report.new:
        more = report.new - len(report.new_events[:5])
        named = listed(report.new_events[:5]) + (f" and {more:,} more" if more else "")
        yield Text(
            f"{count(report.new, 'event')} came after the ledger last looked ({named});"
            f" {hint('ledger', 'checkpoint')} takes them in."
        )
