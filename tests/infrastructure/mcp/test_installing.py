"""plangate is added to the configuration of each client, and nothing there is ever damaged."""

import json
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plangate.infrastructure.mcp import installing
from plangate.infrastructure.mcp.clients import CLIENTS, Client
from plangate.infrastructure.mcp.config_files import ConfigRefused
from plangate.infrastructure.mcp.installing import NAME, carried_out, planned
from plangate.infrastructure.mcp.json_text import parsed_json

JSON_CLIENTS = [one for one in Client if one is not Client.CODEX]

OTHERS = """{
  // servers of the team
  "%(servers)s": {
    "github": {"command": "docker", "args": ["run", "-i", "github-mcp"], "env": {"TOKEN": "${T}"}},
    /* kept: */
    "files": {
      "command": "npx", // pinned elsewhere
      "args": ["-y", "server-filesystem"],
    },
  },
  "theme": "dark" // last
}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: some clients have one configuration for all projects."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def install(client: Client, project: Path, store: str | None = None) -> Path | None:
    found = planned(client, project, store)
    return carried_out(found) if found.is_new else None


def config(client: Client, project: Path) -> Path:
    return CLIENTS[client].path(project)


def written(client: Client, project: Path, text: str) -> Path:
    path = config(client, project)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def without_comments(text: str) -> Any:
    return parsed_json(text).value


@pytest.mark.parametrize("client", Client)
def test_a_missing_file_is_made(client: Client, project: Path) -> None:
    assert install(client, project) is None
    text = config(client, project).read_text("utf-8")
    content = tomllib.loads(text) if client is Client.CODEX else json.loads(text)
    entry = content[CLIENTS[client].servers][NAME]
    assert entry["command"]
    assert "mcp" in entry["args"]
    before = text
    assert install(client, project) is None
    assert config(client, project).read_text("utf-8") == before


@pytest.mark.parametrize("client", JSON_CLIENTS)
def test_other_servers_comments_and_layout_are_kept(client: Client, project: Path) -> None:
    servers = CLIENTS[client].servers
    before = OTHERS % {"servers": servers}
    path = written(client, project, before)
    backup = install(client, project)
    after = path.read_text("utf-8")
    assert backup
    assert backup.read_text("utf-8") == before
    kept = [line.strip().rstrip(",") for line in before.splitlines()]
    assert [line for line in kept if line not in after] == []
    content, expected = without_comments(after), without_comments(before)
    del content[servers][NAME]
    assert content == expected
    assert list(without_comments(after)[servers]) == ["github", "files", NAME]

    assert install(client, project) is None  # again: nothing changes, nothing is backed up
    assert path.read_text("utf-8") == after
    assert [one.name for one in path.parent.iterdir() if "before-plangate" in one.name] == [
        backup.name
    ]


@pytest.mark.parametrize("client", JSON_CLIENTS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "  \n",
        "{}",
        "{ }\n",
        '{"a": 1}',
        '{"a": [1, 2,],}',
        "{\n\t// nothing yet\n}\n",
        "\ufeff{}",
    ],
)
def test_files_without_servers_get_them(client: Client, project: Path, before: str) -> None:
    path = written(client, project, before)
    install(client, project)
    after = path.read_text("utf-8")
    content = without_comments(after.removeprefix("\ufeff"))
    entry = content.pop(CLIENTS[client].servers)[NAME]
    assert entry["command"]
    assert content == (without_comments(before.removeprefix("\ufeff")) if before.strip() else {})
    assert after.startswith("\ufeff") is before.startswith("\ufeff")
    assert ("// nothing yet" in after) is ("// nothing yet" in before)


@pytest.mark.parametrize("client", JSON_CLIENTS)
@pytest.mark.parametrize(
    "before",
    [
        *("{", "[]", "3", '{"a": 1} x', "{a: 1}", "{'a': 1}", '{"a": 1 "b": 2}', "/* open {}"),
        *('{"SERVERS": []}', '{"SERVERS": {"plangate": 1}}', '{"SERVERS": {}, "SERVERS": {}}'),
        *('{"a": 01x}', '{"a": "line\nbreak"}', "[" * 200),
    ],
)
def test_what_cannot_be_extended_is_refused_and_left(
    client: Client, project: Path, before: str
) -> None:
    before = before.replace("SERVERS", CLIENTS[client].servers)
    path = written(client, project, before)
    with pytest.raises(ConfigRefused, match="was left as it is"):
        planned(client, project, None)
    assert path.read_text("utf-8") == before


def test_bytes_that_are_not_text_are_refused(project: Path) -> None:
    path = written(Client.CLAUDE_CODE, project, "")
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigRefused, match="not UTF-8"):
        planned(Client.CLAUDE_CODE, project, None)


def test_an_own_entry_is_brought_up_to_date_and_keeps_what_was_added_to_it(project: Path) -> None:
    own = '{\n  "command": "old", // mine\n  "env": {"A": "1"}\n}'
    before = f'{{"mcpServers": {{"plangate": {own}, "x": {{}}}}}}'
    path = written(Client.CURSOR, project, before)
    install(Client.CURSOR, project, "/data/plans.db")
    after = path.read_text("utf-8")
    entry = without_comments(after)["mcpServers"]["plangate"]
    assert entry["args"] == ["mcp", "--db", "/data/plans.db"]
    assert entry["env"] == {"A": "1"}
    assert entry["command"] != "old"
    assert "// mine" in after


def test_windows_line_ends_are_kept(project: Path) -> None:
    path = written(Client.VSCODE, project, '{\r\n  "inputs": []\r\n}\r\n')
    install(Client.VSCODE, project)
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


def test_a_table_is_added_behind_what_codex_has(project: Path) -> None:
    before = '# mine\nmodel = "o9" # best\n\n[mcp_servers.github]\ncommand = "docker"'
    path = written(Client.CODEX, project, before)
    backup = install(Client.CODEX, project)
    after = path.read_text("utf-8")
    assert after.startswith(before)
    assert backup
    assert backup.read_text("utf-8") == before
    content = tomllib.loads(after)
    assert list(content["mcp_servers"]) == ["github", NAME]
    assert content["model"] == "o9"
    assert install(Client.CODEX, project) is None
    assert path.read_text("utf-8") == after


@pytest.mark.parametrize(
    "before",
    [
        "a = ",
        "mcp_servers = 3\n",
        'mcp_servers = {github = {command = "x"}}\n',
        '[mcp_servers.plangate]\ncommand = "other"\n',
    ],
)
def test_a_table_that_cannot_be_added_is_refused(project: Path, before: str) -> None:
    path = written(Client.CODEX, project, before)
    with pytest.raises(ConfigRefused):
        planned(Client.CODEX, project, None)
    assert path.read_text("utf-8") == before


def test_a_link_stays_a_link_and_rights_stay_as_they_are(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "dotfiles" / "mcp.json"
    there.parent.mkdir()
    there.write_text('{"mcpServers": {}}', "utf-8")
    there.chmod(0o600)
    link = config(Client.CLAUDE_CODE, project)
    link.symlink_to(there)
    backup = install(Client.CLAUDE_CODE, project)
    assert link.is_symlink()
    assert NAME in json.loads(there.read_text("utf-8"))["mcpServers"]
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert backup
    assert backup.parent == there.parent
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_link_to_nothing_leads_to_a_new_file_or_is_refused(project: Path, tmp_path: Path) -> None:
    link = config(Client.CLAUDE_CODE, project)
    link.symlink_to(tmp_path / "later.json")
    install(Client.CLAUDE_CODE, project)
    assert NAME in json.loads((tmp_path / "later.json").read_text("utf-8"))["mcpServers"]

    link.unlink()
    link.symlink_to(tmp_path / "no" / "folder.json")
    with pytest.raises(ConfigRefused, match="leads nowhere"):
        planned(Client.CLAUDE_CODE, project, None)


def test_a_folder_in_its_place_is_refused(project: Path) -> None:
    config(Client.CLAUDE_CODE, project).mkdir()
    with pytest.raises(ConfigRefused):
        planned(Client.CLAUDE_CODE, project, None)


def test_a_file_that_cannot_be_written_is_refused(project: Path) -> None:
    (project / ".cursor").write_text("a file where a folder should be")
    with pytest.raises(ConfigRefused):
        install(Client.CURSOR, project)
    (project / ".cursor").unlink()
    written(Client.CURSOR, project, "{}")
    (project / ".cursor" / "mcp.json").replace(project / ".cursor" / "mcp.json.before-plangate")
    (project / ".cursor" / "mcp.json").mkdir()
    with pytest.raises(ConfigRefused):
        install(Client.CURSOR, project)
    assert not (project / ".cursor" / "mcp.json.before-plangate-2").exists()


def test_every_backup_has_a_name_of_its_own(project: Path) -> None:
    path = written(Client.CLAUDE_CODE, project, "{}")
    backups = [install(Client.CLAUDE_CODE, project)]
    backups.append(install(Client.CLAUDE_CODE, project, "/other.db"))
    assert [one.name for one in backups if one] == [
        *(".mcp.json.before-plangate", ".mcp.json.before-plangate-2")
    ]
    assert path.exists()


@pytest.mark.parametrize(
    "client, store",
    [
        (Client.CLAUDE_CODE, None),
        (Client.CURSOR, "${workspaceFolder}/.plangate/plans.db"),
        (Client.VSCODE, "${workspaceFolder}/.plangate/plans.db"),
        (Client.WINDSURF, "PROJECT/.plangate/plans.db"),
        (Client.CLAUDE_DESKTOP, "PROJECT/.plangate/plans.db"),
    ],
)
def test_a_store_is_named_where_the_client_starts_elsewhere(
    client: Client, store: str | None, project: Path
) -> None:
    entry = planned(client, project, None).entry
    named = None if store is None else store.replace("PROJECT", str(project))
    assert entry["args"] == (["mcp"] if named is None else ["mcp", "--db", named])


def test_the_program_is_named_as_the_client_finds_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("venv", "everywhere"):
        program = tmp_path / folder / "bin" / NAME
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    commands = []
    for path in ("everywhere", "venv"):
        monkeypatch.setenv("PATH", str(tmp_path / path / "bin"))
        commands.append(planned(Client.CURSOR, project, None).entry["command"])
    assert commands == [NAME, str(tmp_path / "venv" / "bin" / NAME)]
    (tmp_path / "venv" / "bin" / NAME).unlink()
    entry = planned(Client.CURSOR, project, None).entry
    assert [entry["command"], *entry["args"][:3]] == [sys.executable, "-m", NAME, "mcp"]


def test_on_a_mac_claude_desktop_keeps_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Application Support" in str(config(Client.CLAUDE_DESKTOP, Path()))


def test_an_edit_that_changed_more_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text is read again before it is written: the last defence of the file."""
    written(Client.CURSOR, project, '{"a": 1}')
    monkeypatch.setattr(installing, "with_members", lambda *_: "{}")
    with pytest.raises(ConfigRefused, match="without changing more"):
        planned(Client.CURSOR, project, None)
