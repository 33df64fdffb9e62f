"""Pages of help: for all commands, for those under a word, and for each of them.

They are plain text that fits any screen. A command's docstring is its help; a paragraph
that begins with `Example:` holds command lines.
"""

import inspect
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any, Final

from plangate.infrastructure.cli.catalogue import DAILY, GROUPS, MORE

_WIDEST: Final = 96
_NARROW: Final = 60
_EXAMPLE: Final = "Example:"
_BRACKETS: Final = re.compile(r"\[[^]]*\]")
COMMON: Final = {
    "actor": "--actor NAME",
    "correlation_id": "--correlation-id ID",
    "idempotency_key": "--idempotency-key KEY",
    "quiet": "-q",
    "full": "--full",
    "db": "--db STORE",
    "as_json": "--json",
    "help": "-h",
}
"""Parameters that many commands share: one line in the help of each."""


def write_program_help(context: Any, formatter: Any) -> None:
    """Help on all commands, the daily ones first."""
    text = inspect.cleandoc(context.command.help or "")
    formatter.write(
        _page(
            *_usage("plangate [--db STORE] [--json] COMMAND …"),
            *_paragraph(f"{text} Without a command: what needs a person now."),
            *_section("Every day", [(name, one.summary) for name, one in DAILY.items()]),
            *_section("Also", [(name, one.summary) for name, one in MORE.items()]),
            *_section("Under a word", [(name, one.summary) for name, one in GROUPS.items()]),
            *_paragraph(
                "More: plangate help COMMAND, plangate help options, plangate help exit-codes. "
                "ls, show and log are list, status and history. --version shows the version."
            ),
        )
    )


def write_group_help(group: Any, context: Any, formatter: Any) -> None:
    """Help on the commands under one word."""
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    formatter.write(
        _page(
            *_usage(f"{context.command_path} COMMAND …"),
            *_paragraph(group.help or ""),
            *_section("Commands", [(name, _first_line(command)) for name, command in found]),
            *_paragraph(f"More: plangate help {group.name} COMMAND"),
        )
    )


def write_help(command: Any, context: Any, formatter: Any) -> None:
    """Help on one command: what it does, an example, and its own options."""
    about, examples = _about_of(command), examples_of(command)
    own = [one for one in command.get_params(context) if one.name not in COMMON]
    arguments = [one for one in own if one.param_type_name == "argument"]
    options = [one for one in own if one.param_type_name != "argument"]
    shared = [COMMON[one.name] for one in command.get_params(context) if one.name in COMMON]
    usage = " ".join(
        [context.command_path, *map(shown_argument, arguments), *(["[OPTIONS]"] if options else [])]
    )
    formatter.write(
        _page(
            *_usage(usage),
            *(line for paragraph in about for line in _paragraph(paragraph)),
            *(["", "Example:", *(f"  {example}" for example in examples)] if examples else []),
            *_section("Arguments", [(shown_argument(one), one.help or "") for one in arguments]),
            *_section("Options", [(_shown_option(one), _about(one)) for one in options]),
            *_paragraph(f"Also: {'  '.join(shared)}  (plangate help options)", unbroken=shared),
        )
    )


def examples_of(command: Any) -> Sequence[str]:
    """The command lines that a command's help shows."""
    shown = [one for one in _paragraphs(command) if one.startswith(_EXAMPLE)]
    lines = [line for one in shown for line in one.removeprefix(_EXAMPLE).splitlines()]
    return [line.strip() for line in lines if line.strip()]


def shown_argument(argument: Any) -> str:
    """`PLAN`, `[PLAN]` for one that may be left out, `[PLAN…]` for any number of them."""
    several = "…" if argument.nargs == -1 else ""
    name = f"{argument.metavar}{several}"
    return name if argument.required else f"[{name}]"


def page_about(title: str, rows: Iterable[tuple[str, str]], *after: str) -> str:
    """A page of help that belongs to none of the commands."""
    return _page(*_section(title, rows), *(line for text in after for line in _paragraph(text)))


def _about_of(command: Any) -> Sequence[str]:
    """What the command does, paragraph by paragraph."""
    others = (one for one in _paragraphs(command) if not one.startswith(_EXAMPLE))
    return [" ".join(one.split()) for one in others]


def _paragraphs(command: Any) -> Sequence[str]:
    return inspect.cleandoc(command.help or "").split("\n\n")


def _first_line(command: Any) -> str:
    return _about_of(command)[0]


def _shown_option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or 'VALUE'}"


def _about(option: Any) -> str:
    return f"{option.help} Required." if option.required else option.help or ""


def _width() -> int:
    return min(shutil.get_terminal_size().columns - 1, _WIDEST)


def _page(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _usage(text: str) -> list[str]:
    """The line of a command, broken between its parts where the screen is narrow."""
    parts = _BRACKETS.sub(lambda found: found[0].replace(" ", "\0"), f"Usage: {text}")
    return [line.replace("\0", " ") for line in wrap(parts, _width(), subsequent_indent="  ")]


def _paragraph(text: str, unbroken: Sequence[str] = ()) -> list[str]:
    for one in unbroken:  # an option stays beside its value
        text = text.replace(one, one.replace(" ", "\0"))
    return ["", *(line.replace("\0", " ") for line in wrap(text, _width(), break_on_hyphens=False))]


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Names with what they mean beside them, or below them where there is no room."""
    rows = list(rows)
    if not rows:
        return
    yield from ("", f"{title}:")
    beside = min(max(len(name) for name, _ in rows) + 4, 26)
    if _width() < _NARROW and beside > _NARROW // 4:
        beside = 6
    for name, text in rows:
        first, *rest = wrap(text, max(_width() - beside, 20), break_on_hyphens=False) or [""]
        if len(name) + 4 > beside:
            yield f"  {name}"
            yield f"{'':{beside}}{first}".rstrip()
        else:
            yield f"  {name:{beside - 2}}{first}".rstrip()
        yield from (f"{'':{beside}}{line}" for line in rest)
