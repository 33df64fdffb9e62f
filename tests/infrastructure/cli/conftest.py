"""The command line in process, on a database of its own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from typer.main import get_command
from typer.testing import CliRunner

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.app import app


@dataclass(frozen=True)
class Output:
    """What a command printed, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        return json.loads(self.stderr)["error"]


Plangate = Callable[..., Output]


@cache
def _made_once(app: typer.Typer) -> Any:
    """The commands: the runner would make them and their parameters anew for each line."""
    return get_command(app)


@pytest.fixture(autouse=True)
def no_other_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no store of the user: answers would name the one that they are about."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "plans.db"


@pytest.fixture
def plangate(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Output]:
    """Runs a command line: `plangate("status", "billing")`, with `typed` on standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANGATE_DB", str(database))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(typer.testing, "_get_command", _made_once)

    def run(*words: str, typed: str | bytes | None = None) -> Output:
        result = CliRunner().invoke(app, words, input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return Output(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def registry(database: Path) -> Iterator[PlanRegistry]:
    """The registry on the same database."""
    with connect(database) as registry:
        yield registry


@pytest.fixture
def billing(registry: PlanRegistry) -> str:
    """A plan with the tasks a and b."""
    tasks = [{"id": "a", "title": "Task A"}, {"id": "b", "title": "Task B"}]
    return registry.create("Move billing", tasks, plan_id="billing").plan_id
