"""One command at the terminal: the store it works on, and how its answer is printed.

The answer goes to stdout, alone; notes, warnings and errors go to stderr. No error
ends in a traceback, and nothing that was recorded is called refused.
"""

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from warnings import catch_warnings

import typer
from pydantic import BaseModel

from plangate.application.command_context import ContextOptions
from plangate.application.registry import PlanRegistry
from plangate.application.warnings import LogSetAside
from plangate.domain.errors import PlangateError
from plangate.infrastructure.bootstrap import connect, connect_to_existing
from plangate.infrastructure.cli.exits import error_facts, error_lines, exit_code
from plangate.infrastructure.cli.input.options import (
    Actor,
    AsJson,
    CorrelationId,
    Database,
    IdempotencyKey,
)
from plangate.infrastructure.cli.render.text import Hint, harmless, harmless_json
from plangate.infrastructure.cli.streams import AnswerLost
from plangate.infrastructure.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_Answer = TypeVar("_Answer", bound=BaseModel)

_EVERYWHERE: Final[dict[str, Any]] = {"db": Database, "as_json": AsJson}
_ON_BEHALF: Final[dict[str, Any]] = {"actor": Actor, "correlation_id": CorrelationId}
_ONCE: Final[dict[str, Any]] = {"idempotency_key": IdempotencyKey}


class Terminal:
    """Where a command was typed: its store, the caller's context, and how to answer."""

    def __init__(
        self,
        *,
        store: str | None,
        creates: bool,
        as_json: bool,
        context: ContextOptions,
        records: bool,
    ) -> None:
        self.store = store
        self._creates = creates
        self.as_json = as_json
        self.context = context
        self._records = records
        self.done: str | None = None
        """What was done beside recording, for the case that the answer is lost."""

    # Rich is imported when something is shown to a person: programs need not wait for it.

    @cached_property
    def notes(self) -> "Console":
        """Where notes, warnings and errors are printed."""
        return _console(stderr=True)

    @cached_property
    def _screen(self) -> "Console":
        return _console(stderr=False)

    @cached_property
    def registry(self) -> PlanRegistry:
        """The registry on the store, opened when it is first needed.

        Raises `NotAStore` where there is no store and the command may not create one.
        """
        with catch_warnings(record=True, action="always", category=LogSetAside) as caught:
            opened = connect(self.store) if self._creates else connect_to_existing(self.store)
        self.warn(*(str(warning.message) for warning in caught))
        return opened

    @property
    def keeps_plans(self) -> bool:
        """Whether the store outlives this command."""
        return (self.store or Settings().db) != "memory:"

    @property
    def is_interactive(self) -> bool:
        """Whether answers go to a screen as they are made."""
        return self._screen.is_terminal

    @property
    def ascii_only(self) -> bool:
        """Whether stdout cannot encode all of Unicode."""
        return not _encodes_unicode(sys.stdout)

    def close(self) -> None:
        """Close the store, if it was opened; what was recorded stays, also where that fails."""
        if "registry" in vars(self):
            try:
                self.registry.close()
            except PlangateError as error:
                self.warn(f"the store was not closed properly: {error}")

    def answer(
        self, result: _Answer, render: "Callable[[_Answer, Hint], RenderableType | bytes]"
    ) -> None:
        """Print a result: as JSON, or as `render` shows it to a person.

        Text is printed as it is, and bytes whatever the encoding of the terminal. Raises
        `AnswerLost` where that fails: whatever there was to record is recorded.
        """
        recorded = bool(getattr(result, "recorded", True)) if self._records else None
        with _answering(recorded=recorded):
            if self.as_json:
                text = result.model_dump_json(indent=2, ensure_ascii=self.ascii_only)
                sys.stdout.write(harmless_json(text) + "\n")
            elif isinstance(rendered := render(result, self.hint), str):
                sys.stdout.write(rendered)
            elif isinstance(rendered, bytes):
                sys.stdout.buffer.write(rendered)
            else:
                self._screen.print(rendered)
            sys.stdout.flush()

    def show(self, *shown: "RenderableType") -> None:
        """Print something before the answer, to people only."""
        if not self.as_json:
            with _answering():
                self._screen.print(*shown, sep="\n")
                sys.stdout.flush()

    def write(self, texts: Iterable[str]) -> None:
        """Print an answer piece by piece, as it is."""
        for text in texts:
            with _answering():
                sys.stdout.write(text)
        with _answering():
            sys.stdout.flush()

    def warn(self, *warnings: str) -> None:
        """Print warnings about something that was done."""
        for warning in warnings:
            self._note("warning: ", "yellow", warning)

    def refuse(self, error: Exception) -> None:
        """Print why nothing was done."""
        self._print("refused: ", error)

    def report_lost(self, error: AnswerLost) -> None:
        """Print that the answer was lost, not the command; a reader that left need not know.

        It must know where something was recorded or done.
        """
        lost = AnswerLost(error.cause, recorded=error.recorded, done=self.done)
        if self.done or error.recorded is not None or not error.reader_is_gone:
            self._print("error: ", lost)

    def _print(self, label: str, error: Exception) -> None:
        if self.as_json:
            ascii_only = not _encodes_unicode(sys.stderr)
            text = json.dumps({"error": error_facts(error)}, ensure_ascii=ascii_only)
            sys.stderr.write(harmless_json(text) + "\n")
        else:
            self._print_error(label, error)

    def report(self, where: str, error: Exception) -> None:
        """Print at once why a part was refused; programs read it in the answer."""
        if not self.as_json:
            self._print_error(harmless(where), error)

    def hint(self, *words: str) -> str:
        """The command line for the next step on the same store."""
        store = ["--db", self.store] if self.store else []
        return harmless(shlex.join(["plangate", *store, *words]))

    def _print_error(self, label: str, error: Exception) -> None:
        for line in error_lines(error):
            self._note(label, "red", line)

    def _note(self, label: str, style: str, text: str) -> None:
        from rich.text import Text

        self.notes.print(Text(label, style=style) + Text(harmless(text)), soft_wrap=True)


def _at_a_terminal(
    shared: dict[str, Any], creates: bool, command: Callable[..., None]
) -> Callable[..., None]:
    """What Typer runs: `command` with the shared options, and an exit code for each error."""
    caller = shared.keys() - _EVERYWHERE.keys()

    def run(context: typer.Context, **given: Any) -> None:
        before = context.obj or {}
        terminal = Terminal(
            store=given.pop("db", None) or before.get("db"),
            creates=creates,
            as_json=bool(given.pop("as_json") or before.get("as_json")),
            context=cast("ContextOptions", {name: given.pop(name) for name in caller}),
            records=bool(caller),
        )
        try:
            command(terminal, **given)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except AnswerLost as error:
            terminal.report_lost(error)
            raise typer.Exit(exit_code(error)) from None
        except Exception as error:  # noqa: BLE001  (a person at a terminal sees no traceback)
            terminal.refuse(error)
            raise typer.Exit(exit_code(error)) from None
        finally:
            terminal.close()

    own = list(signature(command).parameters.values())[1:]
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in shared.items()
    ]
    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = signature(command).replace(parameters=[context, *own, *options])  # type: ignore[attr-defined]
    return run


query = partial(_at_a_terminal, _EVERYWHERE, False)
"""A command that creates and records nothing: it takes --db and --json besides its own options."""

operate = partial(_at_a_terminal, _EVERYWHERE, True)
"""A command that creates a store where there is none: it takes the same options."""

write = partial(_at_a_terminal, _ON_BEHALF | _ONCE | _EVERYWHERE, True)
"""A command that records: it also takes the caller's context and a key for retries."""

write_many = partial(_at_a_terminal, _ON_BEHALF | _EVERYWHERE, True)
"""A command that records many things, each with a key of its own."""

between_stores = partial(_at_a_terminal, {"as_json": AsJson}, True)
"""A command whose arguments name its stores: it takes --json besides its own options."""


def _console(*, stderr: bool) -> "Console":
    from plangate.infrastructure.cli.render.console import SafeConsole

    return SafeConsole(stderr=stderr, highlight=False, markup=False, emoji=False)


def _encodes_unicode(stream: Any) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


@contextmanager
def _answering(*, recorded: bool | None = None) -> Iterator[None]:
    """Raise `AnswerLost` where the block fails, for whatever reason."""
    try:
        yield
    except AnswerLost as error:
        raise AnswerLost(error.cause, recorded=recorded) from error.cause
    except Exception as error:
        raise AnswerLost(error, recorded=recorded) from error
