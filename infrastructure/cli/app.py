"""plangate at the terminal: for people, scripts and CI.

A door translates and decides nothing: each command asks `PlanRegistry` and prints its
answer, for a person or, with `--json`, for a program. `exits` has the exit codes.
"""

import gc
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, NoReturn, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typing_extensions import override

from plangate.infrastructure.cli.catalogue import ALIASES, DAILY, GROUPS, MORE, Entry, Subcommands
from plangate.infrastructure.cli.exits import exit_code
from plangate.infrastructure.cli.input.options import AsJson, Database
from plangate.infrastructure.cli.streams import AnswerLost, guard_streams


class _Commands(Mapping[str, Any]):
    """Commands and groups, each made when it is asked for."""

    def __init__(self, entries: Mapping[str, Entry | Subcommands]) -> None:
        self._entries = entries
        self._made: dict[str, Any] = {}

    @override
    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            entry = self._entries[name]
            make = _group if isinstance(entry, Subcommands) else _command
            self._made[name] = make(name, entry)
        return self._made[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @override
    def __len__(self) -> int:
        return len(self._entries)


class _Command(TyperCommand):
    """A command whose help fits any screen."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.name == "score":
            from plangate.infrastructure.cli.input.score_sources import with_bare_prompt

            args = with_bare_prompt(args)
        return super().parse_args(ctx, args)

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        from plangate.infrastructure.cli import help_texts

        help_texts.write_help(self, ctx, formatter)


class _CommandGroup(TyperGroup):
    """Commands under one word, or all of them."""

    default: str | None = None
    """The command that is meant where none is named."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args[:1]
        is_unnamed = not named or (named[0].startswith("-") and named[0] not in {"-h", "--help"})
        return super().parse_args(
            ctx, [self.default, *args] if self.default and is_unnamed else args
        )

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        from plangate.infrastructure.cli import help_texts

        help_texts.write_group_help(self, ctx, formatter)

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return self._click_resolve_command(ctx, args)
        except TyperException as error:
            if self.get_command(ctx, args[0]) is None:
                from plangate.infrastructure.cli import usage_errors

                error.message = usage_errors.unknown_command(args[0])
            raise


class _Program(_CommandGroup):
    """All commands. What they answer to a wrong command line is safe on a terminal."""

    @override
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast("MutableMapping[str, Any]", _Commands({**DAILY, **MORE, **GROUPS}))

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        from plangate.infrastructure.cli import help_texts

        help_texts.write_program_help(ctx, formatter)

    @override
    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Commands by what the catalogue says about them: none is loaded for its name."""
        entries: Mapping[str, Entry | Subcommands] = {**DAILY, **MORE, **GROUPS}
        named = {name: TyperCommand(name, short_help=one.summary) for name, one in entries.items()}
        kept, self.commands = self.commands, cast("MutableMapping[str, Any]", named)
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.commands = kept

    @override
    def main(self, args: Any = None, *, standalone_mode: bool = True, **more: Any) -> Any:  # type: ignore[override]
        """Run a command line, and end with its exit code; a wrong one is explained."""
        words = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(words, **{**more, "prog_name": "plangate"}, standalone_mode=False)
        except TyperException as error:
            if not standalone_mode:
                raise
            from plangate.infrastructure.cli import usage_errors

            usage_errors.write(error, words)
            sys.exit(error.exit_code)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


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


def _command(name: str, entry: Any) -> Any:
    with _without_collecting():
        found = getattr(_imported(entry.module), entry.function)
        if entry.kind != "plain":
            found = getattr(_imported("terminal"), entry.kind)(found)
    app = typer.Typer(add_completion=False)
    app.command(name, cls=_Command)(found)
    return typer.main.get_command(app)


def _group(name: str, group: Any) -> Any:
    made = _CommandGroup(name=name, help=group.summary, no_args_is_help=group.default is None)
    made.default = group.default
    made.commands = cast("MutableMapping[str, Any]", _Commands(group.commands))
    return made


def _imported(module: str) -> ModuleType:
    return import_module(f"plangate.infrastructure.cli.{module}")


app = typer.Typer(
    name="plangate",
    cls=_Program,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the command line of this process."""
    guard_streams()
    try:
        app()
    except AnswerLost as error:  # a page of help
        if not error.reader_is_gone:
            typer.echo(error, err=True)
        sys.exit(exit_code(error))
    raise AssertionError("a command line ends with its exit code")


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
    if context.invoked_subcommand is None:
        status = cast("Any", context.command).get_command(context, "status")
        with status.make_context("status", [], parent=context) as asked:
            status.invoke(asked)
