"""`plangate help`: on a command, on the options that commands share, on exit codes."""

import sys
from typing import Any, Final

import typer

from plangate.infrastructure.cli import help_texts
from plangate.infrastructure.cli.exits import MEANINGS
from plangate.infrastructure.cli.input.options import argument

_STORE: Final = """\
The store: a path to a SQLite file, sqlite:///…, postgresql://…, engine: or memory:. Otherwise
PLANGATE_DB, the nearest .plangate/ upwards, or your own store."""
_ACTOR: Final = """\
Who asks for this. Otherwise PLANGATE_ACTOR, the actor of the project's configuration, git's
user.name, or your login name."""
_OPTIONS: Final = (
    ("--db STORE", _STORE),
    ("--json", "Print the answer as JSON, alone on stdout; errors as JSON on stderr."),
    ("--actor NAME", _ACTOR),
    ("--correlation-id ID", "What this belongs to, such as a run or a ticket."),
    ("--idempotency-key KEY", "Makes a retry safe: a command is recorded once for each key."),
    ("-q, --quiet", "Print nothing but the ids of what was made or taken."),
    ("--full", "Print the whole plan after a change to it."),
)
_IDS: Final = """\
PLAN and TASK are ids, or the beginning of one if no other begins so; @last is the plan that was
created last."""
_TIMES: Final = """\
TIME is 2026-01-31T12:00:00Z, 2026-01-31, 20:13, yesterday, 1h ago or in 30m; without a time zone
it is local. DURATION is 30m, 2h, 1d, 1h30m or a number of seconds."""


def help_(
    context: typer.Context,
    words: list[str] | None = argument(
        "COMMAND", "A command, or options, or exit-codes.", default=None
    ),
) -> None:
    """Show help on a command, on the options they share, or on exit codes.

    Example: plangate help task claim
    """
    match words or []:
        case ["exit-codes"]:
            codes = [(str(code), meaning) for code, meaning in MEANINGS.items()]
            text = help_texts.page_about("Exit codes", codes).lstrip("\n")
        case ["options"]:
            text = help_texts.page_about("Shared options", _OPTIONS, _IDS, _TIMES).lstrip("\n")
        case named:
            text = _help_on(context, named) + "\n"
    sys.stdout.write(text)
    sys.stdout.flush()


def _help_on(context: typer.Context, words: list[str]) -> str:
    found: Any = context.parent
    for word in words:
        if not hasattr(found.command, "resolve_command"):
            raise typer.BadParameter(f"there is no command {' '.join(words)!r:.80}")
        name, command, _ = found.command.resolve_command(found, [word])
        found = typer.Context(command, info_name=name, parent=found)
    text: str = found.get_help()
    return text
