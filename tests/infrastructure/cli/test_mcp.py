"""`plangate mcp install` and what `plangate mcp` needs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from plangate.infrastructure.cli.commands import mcp as commands
from plangate.infrastructure.cli.exits import REFUSED
from tests.infrastructure.cli.conftest import Plangate
from tests.support.agents.agent import Agent
from tests.support.agents.programs import ROOT


@pytest.fixture(autouse=True)
def repository(
    tmp_path: Path,
    plangate: Plangate,  # noqa: ARG001  (it says first where commands run)
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A git repository, in a folder of which commands run."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    monkeypatch.delenv("PLANGATE_DB")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def entry(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))["mcpServers"]["plangate"]


def test_a_store_is_made_at_the_root_of_the_repository(
    repository: Path, plangate: Plangate
) -> None:
    shown = plangate("mcp", "install", "--client", "claude-code")
    assert shown.exit_code == 0
    assert "plans.db*" in (repository / ".plangate" / ".gitignore").read_text("utf-8")
    assert f"made {repository / '.plangate'}" in shown.stdout
    assert f"added plangate to {repository / '.mcp.json'}" in shown.stdout
    assert entry(repository / ".mcp.json")["args"][-1] == "mcp"

    again = plangate("mcp", "install", "--client", "claude-code", "--json").json
    assert (again["changed"], again["backup"], again["store_folder"]) == (False, None, None)


def test_what_is_printed_changes_nothing(repository: Path, plangate: Plangate) -> None:
    shown = plangate("mcp", "install", "--client", "cursor", "--print")
    assert "plangate" in shown.json["mcpServers"]
    assert not (repository / ".cursor").exists()
    assert not (repository / ".plangate").exists()
    table = plangate("mcp", "install", "--client", "codex", "--print").stdout
    assert table.startswith("[mcp_servers.plangate]\n")


def test_a_store_that_is_named_or_configured_elsewhere_is_in_the_entry(
    repository: Path, plangate: Plangate
) -> None:
    plangate("mcp", "install", "--client", "claude-code", "--db", "/data/plans.db")
    assert entry(repository / ".mcp.json")["args"][-2:] == ["--db", "/data/plans.db"]
    assert not (repository / ".plangate").exists()

    (repository / "pyproject.toml").write_text('[tool.plangate]\nstore = "work/plans.db"\n')
    plangate("mcp", "install", "--client", "cursor")
    named = entry(repository / ".cursor" / "mcp.json")["args"][-1]
    assert named == str(repository / "work" / "plans.db")

    (repository / "pyproject.toml").write_text(
        '[tool.plangate]\nstore = "postgresql://a:secret@b"\n'
    )
    refused = plangate("mcp", "install", "--client", "windsurf")
    assert refused.exit_code == REFUSED
    assert "secret" not in refused.stderr


def test_a_broken_configuration_is_refused_and_left(repository: Path, plangate: Plangate) -> None:
    path = repository / ".mcp.json"
    path.write_text("{", encoding="utf-8")
    refused = plangate("mcp", "install", "--client", "claude-code")
    assert refused.exit_code == REFUSED
    assert "was left as it is: it is not what it should be: line 1, column 2" in refused.stderr
    assert path.read_text("utf-8") == "{"
    assert not (repository / ".plangate").exists()
    assert "claude-code" in plangate("mcp", "install", "--client", "emacs").stderr


def test_without_the_extra_the_server_says_what_to_install(
    plangate: Plangate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_NEEDED", ("mcp", "nothing_of_this_name"))
    refused = plangate("mcp")
    assert refused.exit_code == REFUSED
    assert "nothing_of_this_name: pip install 'plangate[mcp]'" in refused.stderr


def test_a_client_that_starts_what_was_installed_works_in_the_project(
    repository: Path, plangate: Plangate
) -> None:
    plangate("mcp", "install", "--client", "claude-code")
    installed = entry(repository / ".mcp.json")
    server = StdioServerParameters(
        command=installed["command"],
        args=installed["args"],
        cwd=repository,
        env={"PYTHONPATH": str(ROOT), "HOME": str(repository / "home")},
    )

    async def work() -> None:
        async with Client(server) as client:
            await Agent(client)("plan_register", goal="g", tasks=["A"], plan_id="p")

    asyncio.run(work())
    assert plangate("status", "p", "--json").json["task_count"] == 1
