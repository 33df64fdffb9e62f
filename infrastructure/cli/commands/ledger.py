"""`plangate ledger …`: sign the log, prove what is in it, and find out what was altered."""

import sys
from contextlib import nullcontext
from pathlib import Path

import typer

from plangate.application.ledger.notes import MAX_NOTE
from plangate.application.ledger.reports import ConsistencyProof, InclusionProof
from plangate.infrastructure.cli.exits import ANSWERED_NO
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.render.ledger import render_ledger_rebuild, render_ledger_report
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.text import Hint, harmless_json
from plangate.infrastructure.cli.terminal import Terminal


def key(terminal: Terminal) -> None:
    """Print the public key that checks this log's checkpoints.

    Example: plangate ledger key > log.pub
    """
    terminal.answer(
        terminal.registry.ledger.key(), lambda answer, _hint: f"{answer.verifier_key}\n"
    )


def checkpoint(terminal: Terminal) -> None:
    """Sign the whole log and print the signed note, nothing else: keep it elsewhere.

    Example: plangate ledger checkpoint > checkpoint.txt
    """
    with progress_bar(terminal.notes, "adding events") as progress:
        signed = terminal.registry.ledger.checkpoint(progress=progress)
    terminal.done = "the events are in the ledger"
    terminal.answer(signed, lambda answer, _hint: answer.note.encode())


def verify(
    terminal: Terminal,
    *,
    against: list[Path] | None = options.option(
        "--against",
        "FILE",
        "A checkpoint that was kept elsewhere; may be repeated.",
        callback=options.all_readable,
    ),
    nothing_new: bool = options.flag(
        "--nothing-new", "Exit with 1 also if there are events the ledger does not have."
    ),
) -> None:
    """Compare the log with the ledger and with checkpoints; exit code 1 if anything is wrong.

    Example: plangate ledger verify --against checkpoint.txt
    """
    notes = {str(path): _text(path) for path in against or ()}
    with progress_bar(terminal.notes, "verifying") as progress:
        report = terminal.registry.ledger.verify(notes, progress=progress)
    terminal.answer(report, render_ledger_report)
    if report.finding_count or (nothing_new and report.new):
        raise typer.Exit(ANSWERED_NO)


def rebuild(terminal: Terminal) -> None:
    """Make a damaged ledger anew from the log as it is; it signs nothing.

    Example: plangate ledger rebuild
    """
    with progress_bar(terminal.notes, "rebuilding") as progress:
        report = terminal.registry.ledger.rebuild(progress=progress)
    terminal.done = "the ledger was rebuilt"
    terminal.answer(report, render_ledger_rebuild)


def prove(
    terminal: Terminal, event: str = options.argument("EVENT", "An event's id: billing@7.")
) -> None:
    """Print a proof, in JSON, that an event is in the log as it is now.

    Example: plangate ledger prove billing@7 > proof.json
    """
    with progress_bar(terminal.notes, "proving") as progress:
        proof = terminal.registry.ledger.prove(event, progress=progress)
    terminal.answer(proof, _as_json)


def consistency(terminal: Terminal, old: options.OldNote, new: options.NewNote) -> None:
    """Print a proof, in JSON, that the log only grew from one checkpoint to another.

    Example: plangate ledger consistency january.txt february.txt
    """
    proof = terminal.registry.ledger.consistency(_text(old), _text(new))
    terminal.answer(proof, _as_json)


def _text(path: Path) -> str:
    """The text of a file; bytes that are not UTF-8 make no checkpoint either."""
    with nullcontext(sys.stdin.buffer) if path == options.STDIN else path.open("rb") as stream:
        return stream.read(MAX_NOTE + 1).decode(errors="replace")


def _as_json(proof: InclusionProof | ConsistencyProof, _hint: Hint) -> bytes:
    return harmless_json(proof.model_dump_json(indent=2)).encode() + b"\n"
