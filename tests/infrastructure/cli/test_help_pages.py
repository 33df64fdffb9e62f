"""Every command is found in the help, and its help has an example that it understands."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from plangate.infrastructure.cli.app import app
from plangate.infrastructure.cli.help_texts import examples_of
from tests.infrastructure.cli.conftest import Plangate

PROGRAM: Any = typer.main.get_command(app)


def _commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *before, name)
        else:
            yield *before, name


COMMANDS = [*_commands(PROGRAM)]


def command_of(words: tuple[str, ...]) -> Any:
    found = PROGRAM
    for word in words:
        found = found.commands[word]
    return found


def parsed(line: str) -> list[str]:
    """The command that understands a line; raises where none does."""
    line = (
        line.rsplit(" | ", maxsplit=1)[-1].split(" && ", maxsplit=1)[0].split(" > ", maxsplit=1)[0]
    )
    program, *words = shlex.split(line)
    assert program == "plangate"
    context, named = PROGRAM.make_context("plangate", words), list[str]()
    while hasattr(context.command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, left = context.command.resolve_command(context, rest)
        named.append(name)
        context = command.make_context(name, left, parent=context)
    return named


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_is_understood(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = examples_of(command_of(words))
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert examples
    assert any(tuple(parsed(example))[: len(words)] == words for example in examples)


FILES = [
    word
    for words in COMMANDS
    for example in examples_of(command_of(words))
    for word in example.split()
    if "." in word and "://" not in word and not word.startswith("-")
]


@pytest.mark.parametrize("width", ["80", "40"])
def test_the_help_names_all_and_fits_the_screen(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    shown = plangate("--help").stdout

    assert max(map(len, shown.splitlines())) <= int(width)
    for name in PROGRAM.commands:
        assert f"\n  {name}" in shown, name
    assert {"keys", "mcp", "report", "serve"} <= set(PROGRAM.commands)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_each_fits_80_columns(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    lines = plangate("help", *words).stdout.splitlines()

    examples = set(examples_of(command_of(words)))
    assert [line for line in lines if len(line) > 80 and line.strip() not in examples] == []
