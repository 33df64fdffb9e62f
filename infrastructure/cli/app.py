"""plangate at the terminal: for people, scripts and CI.

A door translates and decides nothing: each command asks `PlanRegistry` and prints its
answer, for a person or, with `--json`, for a program. Exit codes: 0 done, 1 refused,
2 not understood, 10 to 14 a verdict, 74 and 141 an answer that was lost (`exits`).
"""

import gc
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, Final, Literal, NamedTuple, cast

import typer
import typer.main
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typing_extensions import override

from plangate.infrastructure.cli.exits import exit_code
from plangate.infrastructure.cli.input.options import AsJson, Database
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.cli.streams import AnswerLost, guard_streams


class _Entry(NamedTuple):
    """Where a command is, below this package, and how `terminal` runs it."""

    kind: Literal["query", "operate", "write", "write_many", "between_stores", "group"]
    module: str
    function: str


# A command's module, with what it imports, is loaded when the command is asked for: `gate`
# from a shell would otherwise wait for the plots, the ledger and the importers.
_PANELS: Final[Mapping[str, Mapping[str, _Entry]]] = {
    "Plans": {
        "create": _Entry("write", "commands.plans", "create"),
        "list": _Entry("query", "commands.plans", "list_plans"),
        "status": _Entry("query", "commands.plans", "status"),
        "delete": _Entry("write", "commands.plans", "delete"),
        "graph": _Entry("query", "commands.plans", "graph"),
        "pause": _Entry("write", "commands.plans", "pause"),
        "resume": _Entry("write", "commands.plans", "resume"),
        "archive": _Entry("write", "commands.plans", "archive"),
        "restore": _Entry("write", "commands.plans", "restore"),
    },
    "Work": {
        "next": _Entry("write", "commands.work", "next_task"),
        "claim": _Entry("write", "commands.work", "claim"),
        "heartbeat": _Entry("write", "commands.work", "heartbeat"),
        "release": _Entry("write", "commands.work", "release"),
        "score": _Entry("write", "commands.work", "score"),
        "mark": _Entry("write", "commands.work", "mark"),
        "outcome": _Entry("write", "commands.work", "outcome"),
        "defer": _Entry("write", "commands.work", "defer"),
        "undefer": _Entry("write", "commands.work", "undefer"),
    },
    "The gate": {
        "gate": _Entry("query", "commands.gate", "gate"),
        "revise": _Entry("write", "commands.gate", "revise"),
        "retry": _Entry("write", "commands.gate", "retry"),
        "approve": _Entry("write", "commands.gate", "approve"),
    },
    "The past": {
        "history": _Entry("query", "commands.history", "history"),
        "as-of": _Entry("query", "commands.history", "as_of"),
        "diff": _Entry("query", "commands.history", "diff"),
        "explain": _Entry("query", "commands.history", "explain"),
        "whatif": _Entry("query", "commands.analysis", "whatif"),
        "sweep": _Entry("query", "commands.analysis", "sweep"),
        "check": _Entry("query", "commands.analysis", "check"),
        "findings": _Entry("query", "commands.analysis", "findings"),
        "calibrate": _Entry("query", "commands.analysis", "calibrate"),
        "report": _Entry("query", "commands.report", "report"),
    },
    "More": {
        "erase": _Entry("write", "commands.operations", "erase"),
        "migrate": _Entry("operate", "commands.operations", "migrate"),
        "doctor": _Entry("query", "commands.operations", "doctor"),
        "backup": _Entry("query", "commands.operations", "backup"),
        "restore-backup": _Entry("operate", "commands.operations", "restore_backup"),
        "export": _Entry("query", "commands.transfer", "export"),
        "import": _Entry("write_many", "commands.transfer", "import_plans"),
        "copy": _Entry("between_stores", "commands.operations", "copy"),
        "apply": _Entry("write_many", "commands.transfer", "apply"),
        "views": _Entry("query", "commands.operations", "views"),
        "demo": _Entry("operate", "demo", "demo"),
        "serve": _Entry("operate", "commands.serve", "serve_plans"),
    },
}
_COMMANDS: Final[Mapping[str, tuple[str, _Entry]]] = {
    name: (panel, entry) for panel, entries in _PANELS.items() for name, entry in entries.items()
} | {
    "ledger": ("The past", _Entry("group", "commands.ledger", "ledger")),
    "keys": ("More", _Entry("group", "commands.keys", "keys")),
}


class _Commands(Mapping[str, Any]):
    """The commands, each made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    @override
    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, *_COMMANDS[name])
        return self._made[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    @override
    def __len__(self) -> int:
        return len(_COMMANDS)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Collect no garbage meanwhile: what is imported stays, and looking at it delays a start."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _made(name: str, panel: str, entry: _Entry) -> Any:
    with _without_collecting():
        app = found = getattr(_imported(entry.module), entry.function)
        runs = entry.kind != "group" and getattr(_imported("terminal"), entry.kind)
    if runs:
        app = typer.Typer(add_completion=False)
        app.command(name)(runs(found))
    made: Any = typer.main.get_command(app)
    made.rich_help_panel = panel
    return made


def _imported(module: str) -> ModuleType:
    return import_module(f"plangate.infrastructure.cli.{module}")


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
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast("MutableMapping[str, Any]", _Commands())

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

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
        from importlib.metadata import version

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
