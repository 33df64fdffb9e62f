"""`plangate report`: plans, or a whole store, as one HTML file that can be mailed."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from plangate.infrastructure.cli.input.options import NamedPlans, chosen_plans, flag
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.text import count, harmless
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.report.writing import write_report

Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The HTML file to write; it must not exist yet."
    ),
]


def report(
    terminal: Terminal,
    plans: NamedPlans = None,
    *,
    output: Output,
    all_plans: bool = flag("--all", "The whole store, summed up."),
    signed: bool = flag(
        "--signed", "Include a checkpoint of the ledger, and proofs of a plan's replans."
    ),
) -> None:
    """Write a report as one HTML file, to read offline, print or mail.

    Example: plangate report billing --output billing.html
    """
    chosen = terminal.plans(chosen_plans(plans, all_plans=all_plans))
    with progress_bar(terminal.notes, "reporting") as progress:
        written = write_report(terminal.registry, output, chosen, signed=signed, progress=progress)
    terminal.done = "the report was written"
    size = f"{count(written.plans, 'plan')}, {written.bytes / 1_000:,.0f} kB"
    terminal.answer(
        written, lambda _answer, _hint: Text(f"Wrote {harmless(written.file)}: {size}.")
    )
