"""One command at the terminal: the store it works on, and how its answer is printed.

The answer goes to stdout, alone; notes, warnings and errors go to stderr. No error
ends in a traceback, and nothing that was recorded is called refused.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar, cast
from warnings import catch_warnings

import typer
from pydantic import BaseModel

from plangate.application.command_context import ContextOptions
from plangate.application.near_matches import did_you_mean
from plangate.application.registry import PlanRegistry
from plangate.application.warnings import LogSetAside
from plangate.domain.errors import PlangateError, PlanNotFound, TaskNotFound
from plangate.infrastructure.bootstrap import connect, connect_to_existing
from plangate.infrastructure.cli.catalogue import GROUPS
from plangate.infrastructure.cli.exits import REFUSED, error_facts, error_lines, exit_code, hints
from plangate.infrastructure.cli.input.actor import default_actor
from plangate.infrastructure.cli.input.ids import plan_id_of, task_id_of
from plangate.infrastructure.cli.input.options import (
    Actor,
    AsJson,
    CorrelationId,
    Database,
    Full,
    IdempotencyKey,
    Quiet,
)
from plangate.infrastructure.cli.render.text import Hint, harmless, harmless_json
from plangate.infrastructure.cli.streams import AnswerLost
from plangate.infrastructure.project import FOLDER
from plangate.infrastructure.store_finding import find_store

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_Answer = TypeVar("_Answer", bound=BaseModel)

_EVERYWHERE: Final[dict[str, Any]] = {"db": Database, "as_json": AsJson}
_ON_BEHALF: Final[dict[str, Any]] = {"actor": Actor, "correlation_id": CorrelationId}
_ONCE: Final[dict[str, Any]] = {"idempotency_key": IdempotencyKey}
_LESS: Final = "-FRX+G"
"""For `less`: end at once where one screen is enough, keep colours, begin at the end."""
_BRIEF: Final[dict[str, Any]] = {"quiet": Quiet, "full": Full}


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
        quiet: bool = False,
        full: bool = False,
    ) -> None:
        self.store = store
        self._creates = creates
        self.as_json = as_json
        self.given = context
        """The caller's context as the command line says it."""
        self._records = records
        self._quiet = quiet
        self.full = full
        """Whether a change is answered with the whole plan."""
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
    def context(self) -> ContextOptions:
        """The caller's context, with a default for who it is.

        Many things at once, as in a trace, say themselves who did them.
        """
        given = self.given.copy()
        if "idempotency_key" in given and given.get("actor") is None:
            given["actor"] = default_actor()
        return given

    @cached_property
    def registry(self) -> PlanRegistry:
        """The registry on the store, opened when it is first needed.

        Raises `NotAStore` where there is no store and the command may not create one.
        """
        made = self._creates and _new_file(self.store or find_store().target)
        with catch_warnings(record=True, action="always", category=LogSetAside) as caught:
            opened = connect(self.store) if self._creates else connect_to_existing(self.store)
        self.warn(*(str(warning.message) for warning in caught))
        if made and not self.as_json and not self._quiet:
            self._note("store: ", "dim", f"made {made}")
        return opened

    def only_try(self) -> None:
        """Make no store: where there is none, an empty one in memory stands for it."""
        self._creates = False
        path = self.store or find_store().target
        if "://" not in path and path[-1:] != ":" and not Path(path).exists():
            self.store = "memory:"
            self._creates = True

    def plan(self, text: str) -> str:
        """The id of the plan that is meant."""
        return plan_id_of(self.registry, text)

    def plans(self, texts: Iterable[str] | None) -> list[str] | None:
        """The ids of the plans that are meant; None for all."""
        return [self.plan(text) for text in texts or ()] or None

    def task_in(self, plan: str, task: str) -> tuple[str, str]:
        """The ids of the plan and the task that are meant."""
        plan_id = self.plan(plan)
        return plan_id, task_id_of(self.registry, plan_id, task)

    def name_store(self) -> None:
        """Say which store is meant, where no option names it and there are others."""
        if self.store is None and not self.as_json and not self._quiet:
            found = find_store()
            if found.others:
                shown = _from_here(found.target)
                from_where = "" if shown.startswith(FOLDER) else f" ({found.origin})"
                self._note("store: ", "dim", f"{shown}{from_where}")

    @property
    def has_store(self) -> bool:
        """Whether there is a store, for a person who names none; a named one is opened."""
        if self.store is not None or self.as_json:
            return True
        found = find_store()
        return not (found.is_default and _new_file(found.target))

    @property
    def keeps_plans(self) -> bool:
        """Whether the store outlives this command."""
        return (self.store or find_store().target) != "memory:"

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
        self,
        result: _Answer,
        render: "Callable[[_Answer, Hint], RenderableType | bytes]",
        *,
        ids: Iterable[str] = (),
    ) -> None:
        """Print a result: as JSON, or as `render` shows it to a person, or only its `ids`.

        Text is printed as it is, and bytes whatever the encoding of the terminal. Raises
        `AnswerLost` where that fails: whatever there was to record is recorded.
        """
        recorded = bool(getattr(result, "recorded", True)) if self._records else None
        with _answering(recorded=recorded):
            if self.as_json:
                text = result.model_dump_json(indent=2, ensure_ascii=self.ascii_only)
                sys.stdout.write(harmless_json(text) + "\n")
            elif self._quiet:
                sys.stdout.write("".join(f"{harmless(one)}\n" for one in ids))
            elif isinstance(rendered := render(result, self.hint), str):
                sys.stdout.write(rendered)
            elif isinstance(rendered, bytes):
                sys.stdout.buffer.write(rendered)
            else:
                self._screen.print(rendered, crop=False)
            sys.stdout.flush()

    def show(self, *shown: "RenderableType") -> None:
        """Print something before the answer, to people only."""
        if not self.as_json:
            with _answering():
                self._screen.print(*shown, sep="\n", crop=False)
                sys.stdout.flush()

    @contextmanager
    def paged(self) -> Iterator[None]:
        """Show what follows in a pager, its last page first; only on a screen.

        Leaving the pager early ends the command.
        """
        from io import TextIOWrapper
        from subprocess import PIPE, Popen

        pager = _pager() if self.is_interactive else None
        if pager is None:
            yield
            return
        with Popen(pager, stdin=PIPE, env={"LESS": _LESS, **os.environ}) as process:  # noqa: S603  (the user's own pager)
            width = self._screen.width
            stdin = cast("BinaryIO", process.stdin)
            with TextIOWrapper(stdin, "utf-8", errors="replace") as text:
                self._screen = _console(file=text, force_terminal=True, width=width)
                try:
                    yield
                    with suppress(BrokenPipeError):
                        text.flush()
                except AnswerLost as error:
                    if not error.reader_is_gone:
                        raise
                finally:
                    self._screen = _console(stderr=False)

    def write(self, texts: Iterable[str]) -> None:
        """Print an answer piece by piece, as it is."""
        for text in texts:
            with _answering():
                sys.stdout.write(text)
        self.flush()

    def flush(self) -> None:
        """Send off what was written to stdout beside these methods."""
        with _answering():
            sys.stdout.flush()

    def warn(self, *warnings: str) -> None:
        """Print warnings about something that was done."""
        for warning in warnings:
            self._note("warning: ", "yellow", warning)

    def refuse(self, error: Exception) -> None:
        """Print why nothing was done, and which ids resemble one that is not known."""
        label = "refused: " if exit_code(error) == REFUSED else "error: "
        self._print(label, error, self._near(error))

    def _near(self, error: Exception) -> Sequence[str]:
        if not (isinstance(error, PlanNotFound | TaskNotFound) and "registry" in vars(self)):
            return ()
        try:
            return self.registry.near_matches(error)
        except PlangateError:
            return ()

    def report_lost(self, error: AnswerLost) -> None:
        """Print that the answer was lost, not the command; a reader that left need not know.

        It must know where something was recorded or done.
        """
        lost = AnswerLost(error.cause, recorded=error.recorded, done=self.done)
        if self.done or error.recorded is not None or not error.reader_is_gone:
            self._print("error: ", lost)

    def _print(self, label: str, error: Exception, near: Sequence[str] = ()) -> None:
        if self.as_json:
            ascii_only = not _encodes_unicode(sys.stderr)
            facts = error_facts(error) | ({"near_matches": near} if near else {})
            text = json.dumps({"error": facts}, ensure_ascii=ascii_only)
            sys.stderr.write(harmless_json(text) + "\n")
        else:
            self._print_error(label, error, did_you_mean(near))

    def report(self, where: str, error: Exception) -> None:
        """Print at once why a part was refused; programs read it in the answer."""
        if not self.as_json:
            self._print_error(harmless(where), error)

    def hint(self, *words: str) -> str:
        """The command line for the next step on the same store."""
        store = ["--db", self.store] if self.store else []
        return harmless(shlex.join(["plangate", *store, *_separated(words)]))

    def _print_error(self, label: str, error: Exception, meant: str = "") -> None:
        for line in error_lines(error):
            self._note(label, "red", f"{line}; {meant}" if meant else line)
        for hint in hints(error):
            self._note("", "", hint)

    def _note(self, label: str, style: str, text: str) -> None:
        from rich.text import Text

        self.notes.print(Text(label, style=style) + Text(harmless(text)), soft_wrap=True)


def _at_a_terminal(
    shared: dict[str, Any], creates: bool, command: Callable[..., None]
) -> Callable[..., None]:
    """What Typer runs: `command` with the shared options, and an exit code for each error."""
    caller = shared.keys() & (_ON_BEHALF | _ONCE).keys()

    def run(context: typer.Context, **given: Any) -> None:
        before = context.obj or {}
        terminal = Terminal(
            store=given.pop("db", None) or before.get("db"),
            creates=creates,
            as_json=bool(given.pop("as_json") or before.get("as_json")),
            context=cast("ContextOptions", {name: given.pop(name) for name in caller}),
            records=bool(caller),
            quiet=bool(given.pop("quiet", False)),
            full=bool(given.pop("full", False)),
        )
        try:
            if "db" in shared:
                terminal.name_store()
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

record = partial(_at_a_terminal, _ON_BEHALF | _ONCE | _BRIEF | _EVERYWHERE, False)
"""A command that records in a store that is there: it also takes the caller's context."""

create = partial(_at_a_terminal, _ON_BEHALF | _ONCE | _BRIEF | _EVERYWHERE, True)
"""A command that also creates a store where there is none."""

create_many = partial(_at_a_terminal, _ON_BEHALF | _EVERYWHERE, True)
"""A command that records many things, each with a key of its own."""

unbound = partial(_at_a_terminal, {"as_json": AsJson}, True)
"""A command that names its stores itself: it takes --json besides its own options."""


def _separated(words: Sequence[str]) -> Sequence[str]:
    """The words with `--` before ids that begin like an option, and options before that."""
    command = words[:2] if words[0] in GROUPS else words[:1]
    given, ids = words[len(command) :], list[str]()
    options: list[str] = []
    for word in (rest := iter(given)):
        if word.startswith("--"):
            options += [word, next(rest, "")]
        else:
            ids.append(word)
    if not any(one.startswith("-") and one != "-" for one in ids):
        return words
    return [*command, *options, "--", *ids]


def _new_file(target: str) -> str | None:
    """The path of a store that opening it would make; None for one that is there."""
    path = target.removeprefix("sqlite:///")
    is_file = "://" not in path and not path.endswith(":")
    return path if is_file and not os.path.lexists(path) else None


def _from_here(target: str) -> str:
    """A path below this folder as it is typed here; any other store as it is."""
    try:
        return str(Path(target).relative_to(Path.cwd()))
    except ValueError:
        return target


def _pager() -> list[str] | None:
    """The command of `PAGER`, or `less`; None without one."""
    from shutil import which

    words = shlex.split(os.environ.get("PAGER", "less"))
    return words if words and which(words[0]) and words[0] != "cat" else None


def _console(**options: Any) -> "Console":
    from plangate.infrastructure.cli.render.console import SafeConsole

    return SafeConsole(highlight=False, markup=False, emoji=False, **options)


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
