"""plangate at the terminal: for people, scripts and CI.

A door translates and decides nothing: each command asks `PlanRegistry` and prints its
answer, for a person or, with `--json`, for a program. Exit codes: 0 done, 1 refused,
2 not understood, 10 to 14 a verdict, 74 and 141 an answer that was lost (`exits`).
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typing_extensions import override

from plangate.infrastructure.cli.commands import (
    analysis,
    gate,
    history,
    ledger,
    operations,
    plans,
    transfer,
    work,
)
from plangate.infrastructure.cli.demo import demo
from plangate.infrastructure.cli.exits import exit_code
from plangate.infrastructure.cli.input.options import AsJson, Database
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.cli.streams import AnswerLost, guard_streams
from plangate.infrastructure.cli.terminal import between_stores, operate, query, write, write_many

_PANELS: Final[Mapping[str, Mapping[str, Callable[..., None]]]] = {
    "Plans": {
        "create": write(plans.create),
        "list": query(plans.list_plans),
        "status": query(plans.status),
        "delete": write(plans.delete),
        "graph": query(plans.graph),
        "pause": write(plans.pause),
        "resume": write(plans.resume),
        "archive": write(plans.archive),
        "restore": write(plans.restore),
    },
    "Work": {
        "next": write(work.next_task),
        "claim": write(work.claim),
        "heartbeat": write(work.heartbeat),
        "release": write(work.release),
        "score": write(work.score),
        "mark": write(work.mark),
        "outcome": write(work.outcome),
        "defer": write(work.defer),
        "undefer": write(work.undefer),
    },
    "The gate": {
        "gate": query(gate.gate),
        "revise": write(gate.revise),
        "retry": write(gate.retry),
        "approve": write(gate.approve),
    },
    "The past": {
        "history": query(history.history),
        "as-of": query(history.as_of),
        "diff": query(history.diff),
        "explain": query(history.explain),
        "whatif": query(analysis.whatif),
        "sweep": query(analysis.sweep),
        "check": query(analysis.check),
        "findings": query(analysis.findings),
        "calibrate": query(analysis.calibrate),
    },
    "More": {
        "erase": write(operations.erase),
        "migrate": operate(operations.migrate),
        "doctor": query(operations.doctor),
        "backup": query(operations.backup),
        "restore-backup": operate(operations.restore_backup),
        "export": query(transfer.export),
        "import": write_many(transfer.import_plans),
        "copy": between_stores(operations.copy),
        "apply": write_many(transfer.apply),
        "views": query(operations.views),
        "demo": operate(demo),
    },
}


@contextmanager
def _harmless_errors() -> Iterator[None]:
    """Write out the control characters that a refused command line quotes."""
    try:
        yield
    except TyperException as error:
        if isinstance(message := getattr(error, "message", None), str):
            error.message = harmless(message, lines=True)
        raise


class _Program(TyperGroup):
    """The commands. What they answer to a wrong command line is safe on a terminal."""

    @override
    def make_context(self, *given: Any, **more: Any) -> Any:
        with _harmless_errors():
            return super().make_context(*given, **more)

    @override
    def invoke(self, ctx: Any) -> Any:
        with _harmless_errors():
            return super().invoke(ctx)


app = typer.Typer(
    name="plangate",
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _panel, _commands in _PANELS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_command)
app.add_typer(ledger.ledger, rich_help_panel="The past")


def main() -> None:
    """Run the command line of this process."""
    guard_streams()
    try:
        app()
    except AnswerLost as error:  # a page of help
        if not error.reader_is_gone:
            typer.echo(error, err=True)
        sys.exit(exit_code(error))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plangate {version('plangate')}")
        raise typer.Exit


@app.callback()
def _plangate(
    context: typer.Context,
    db: Database = None,
    as_json: AsJson = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Keep plans of agent work, and gate them by accumulated evidence of quality."""
    context.obj = {"db": db, "as_json": as_json}
