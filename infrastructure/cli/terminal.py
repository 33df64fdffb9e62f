"""One command at the terminal: the store it asks, and how its answer is told.

The answer goes to stdout, alone; notes, warnings and errors go to stderr. Nothing
ends in a traceback.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from plangate.application.command_context import ContextOptions
from plangate.application.operations.reports import BackupReport, Checkup, RestoreReport
from plangate.application.progress import Progress
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import backup, connect, doctor, migrate, restore_backup
from plangate.infrastructure.cli.exits import exit_code, facts, told
from plangate.infrastructure.cli.input.options import (
    Actor,
    AsJson,
    CorrelationId,
    Database,
    IdempotencyKey,
)
from plangate.infrastructure.cli.wording import harmless
from plangate.infrastructure.settings import Settings

Hint = Callable[..., str]
"""Makes the command line that does something next: `hint("next", plan_id)`."""

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer", bound=BaseModel)
_Command = Callable[Concatenate["Terminal", _Arguments], None]

_EVERYWHERE: Final[dict[str, Any]] = {"db": Database, "as_json": AsJson}
_ON_BEHALF: Final[dict[str, Any]] = {"actor": Actor, "correlation_id": CorrelationId}
_ONCE: Final[dict[str, Any]] = {"idempotency_key": IdempotencyKey}


class Terminal:
    """Where one command was typed: which store it meant, on whose behalf, and how to answer."""

    def __init__(self, *, db: str | None, as_json: bool, call: ContextOptions) -> None:
        self.as_json = as_json
        self.call = call
        self.notes = _console(stderr=True)
        self._db = db
        self._screen = _console(stderr=False)

    @cached_property
    def registry(self) -> PlanRegistry:
        """The registry on the store that was meant, opened when it is first needed."""
        return connect(self._db)

    def migrate(self) -> None:
        """Make or upgrade the tables of the store that was meant."""
        migrate(self._db)

    def backup(self, file: Path, progress: Progress) -> BackupReport:
        """Write the store that was meant into a new file."""
        return backup(file, self._db, progress=progress)

    def restore_backup(self, file: Path, progress: Progress) -> RestoreReport:
        """Make the store that was meant from a backup."""
        return restore_backup(file, self._db, progress=progress)

    def examine(self, progress: Progress) -> Checkup:
        """Look the store that was meant over, and change nothing."""
        return doctor(self._db, progress=progress)

    @property
    def keeps_plans(self) -> bool:
        """Whether the store outlives this command."""
        return (self._db or Settings().db) != "memory:"

    @property
    def is_watched(self) -> bool:
        """Whether answers go to a screen, as they are made."""
        return self._screen.is_terminal

    @property
    def writes_ascii(self) -> bool:
        """Whether JSON has to do without other characters than those of ASCII."""
        return not _speaks_utf8(sys.stdout)

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        if "registry" in vars(self):
            self.registry.close()

    def answer(
        self, result: _Answer, shown: Callable[[_Answer, Hint], RenderableType | bytes]
    ) -> None:
        """Progress a result: as JSON, or as `shown` makes it for a person.

        Text goes out as it is; so do bytes, whatever the terminal speaks.
        """
        with _to_stdout():
            if self.as_json:
                text = result.model_dump_json(indent=2, ensure_ascii=self.writes_ascii)
                sys.stdout.write(text + "\n")
            elif isinstance(made := shown(result, self.hint), str):
                sys.stdout.write(made)
            elif isinstance(made, bytes):
                sys.stdout.buffer.write(made)
            else:
                self._screen.print(made)

    def show(self, *shown: RenderableType) -> None:
        """Progress something on the way to the answer, to people only."""
        if not self.as_json:
            with _to_stdout():
                self._screen.print(*shown, sep="\n")

    def write(self, texts: Iterable[str]) -> None:
        """Progress an answer piece by piece, just as it is."""
        with _to_stdout():
            sys.stdout.writelines(texts)

    def warn(self, *warnings: str) -> None:
        """Progress about something that was done, but needs a look."""
        for warning in warnings:
            self._note("warning: ", "yellow", warning)

    def refuse(self, error: Exception) -> None:
        """Progress why nothing was done."""
        if self.as_json:
            text = json.dumps({"error": facts(error)}, ensure_ascii=not _speaks_utf8(sys.stderr))
            sys.stderr.write(text + "\n")
        else:
            for line in told(error):
                self._note("refused: ", "red", line)

    def report(self, where: str, error: Exception) -> None:
        """Progress people at once about a part that was refused; programs read it in the answer."""
        if not self.as_json:
            for line in told(error):
                self._note(harmless(where), "red", line)

    def hint(self, *words: str) -> str:
        """The command line that does something next on the same store."""
        store = ["--db", self._db] if self._db else []
        return harmless(shlex.join(["plangate", *store, *words]))

    def _note(self, label: str, style: str, text: str) -> None:
        self.notes.print(Text(label, style=style) + Text(harmless(text)), soft_wrap=True)


def reading(command: _Command[_Arguments]) -> Callable[..., None]:
    """A command that asks: it takes --db and --json besides its own."""
    return _at_a_terminal(command, _EVERYWHERE)


def writing(command: _Command[_Arguments]) -> Callable[..., None]:
    """A command that records: it also takes on whose behalf, and a key for retries."""
    return _at_a_terminal(command, _ON_BEHALF | _ONCE | _EVERYWHERE)


def writing_many(command: _Command[_Arguments]) -> Callable[..., None]:
    """A command that records many things: each of them has a key of its own."""
    return _at_a_terminal(command, _ON_BEHALF | _EVERYWHERE)


def between_stores(command: _Command[_Arguments]) -> Callable[..., None]:
    """A command that is told all its stores itself: it takes --json besides its own."""
    return _at_a_terminal(command, {"as_json": AsJson})


def _at_a_terminal(command: Callable[..., None], shared: dict[str, Any]) -> Callable[..., None]:
    """What Typer runs: `command` with the shared options, its errors told and turned to exits."""
    caller = shared.keys() - _EVERYWHERE.keys()

    def run(context: typer.Context, **given: Any) -> None:
        before = context.obj or {}
        terminal = Terminal(
            db=given.pop("db", None) or before.get("db"),
            as_json=given.pop("as_json") or before.get("as_json", False),
            call=cast("ContextOptions", {name: given.pop(name) for name in caller}),
        )
        try:
            command(terminal, **given)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError as error:
            raise typer.Exit(exit_code(error)) from None
        except Exception as error:  # noqa: BLE001  (a person at a terminal sees no traceback)
            terminal.refuse(error)
            raise typer.Exit(exit_code(error)) from None
        finally:
            terminal.close()

    own = list(signature(command).parameters.values())[1:]
    options = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=False if name == "as_json" else None,
            annotation=option,
        )
        for name, option in shared.items()
    ]
    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = signature(command).replace(parameters=[context, *own, *options])  # type: ignore[attr-defined]
    return run


class _Console(Console):
    """Rich's console, telling us when its reader has gone away."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console(*, stderr: bool) -> Console:
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _speaks_utf8(stream: Any) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


@contextmanager
def _to_stdout() -> Iterator[None]:
    """Write it out now; if that fails, let no later flush of the interpreter fail again."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
