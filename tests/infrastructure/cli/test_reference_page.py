"""docs/reference/cli.md names every command and option."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from plangate.infrastructure.cli.app import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
CONSOLE = re.compile(r"^```console\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")

# What every command takes, or plangate itself, stands in a table of its own.
ANYWHERE = PAGE[PAGE.index("## Options") : PAGE.index("## For programs")]


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its words; those of a group come after the group's name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(_commands(typer.main.get_command(app)))


def section(command: str) -> str:
    found = re.search(
        rf"^### `plangate {command}\b[^\n]*\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert found, f"docs/reference/cli.md has no section for {command}"
    return found[0]


def shown(argument: Any) -> str:
    """`PLAN`, `[PLAN]` for one that may be left out, `[PLAN…]` for any number of them."""
    several = "…" if argument.nargs == -1 else ""
    return str(argument.metavar) if argument.required else f"[{argument.metavar}{several}]"


def options(command: str) -> set[str]:
    return {
        name
        for parameter in COMMANDS[command].params
        for name in [*parameter.opts, *parameter.secondary_opts]
        if name.startswith("--")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_every_argument_and_option(command: str) -> None:
    heading = section(command).splitlines()[0]
    arguments = [
        shown(parameter)
        for parameter in COMMANDS[command].params
        if parameter.param_type_name == "argument"
    ]

    assert heading.strip("#` ") == " ".join(["plangate", command, *arguments])
    assert options(command) <= set(OPTION.findall(section(command) + ANYWHERE))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_no_option_that_is_not_there(command: str) -> None:
    assert set(OPTION.findall(CONSOLE.sub("", section(command)))) <= options(command)


def test_the_page_names_the_options_of_plangate_itself() -> None:
    own = {name for parameter in typer.main.get_command(app).params for name in parameter.opts}

    assert own <= set(OPTION.findall(ANYWHERE))


def test_the_page_names_no_command_that_is_not_there() -> None:
    for heading in re.findall(r"^### `plangate ([^`]+)`", PAGE, re.MULTILINE):
        assert any(f"{heading} ".startswith(f"{command} ") for command in COMMANDS), heading
