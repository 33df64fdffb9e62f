"""The clients that plangate can be added to: the file that each reads, and its entries."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final


class Client(StrEnum):
    """A client of the protocol, by its usual name."""

    CLAUDE_CODE = "claude-code"
    CLAUDE_DESKTOP = "claude-desktop"
    CODEX = "codex"
    CURSOR = "cursor"
    GEMINI_CLI = "gemini-cli"
    VSCODE = "vscode"
    WINDSURF = "windsurf"
    ZED = "zed"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Where a client keeps its servers: `servers` names the object that they are in.

    `store_at` is how an entry names a store in the project's folder, where the client may start
    the server in another folder; None where it starts it in the project.
    """

    path: Callable[[Path], Path]
    servers: str = "mcpServers"
    entry: Callable[[Sequence[str]], dict[str, Any]] = lambda command: {
        "command": command[0],
        "args": list(command[1:]),
    }
    store_at: str | None = None


def _typed(command: Sequence[str]) -> dict[str, Any]:
    return {"type": "stdio", "command": command[0], "args": list(command[1:])}


def _in_project(*parts: str) -> Callable[[Path], Path]:
    return lambda project: project.joinpath(*parts)


def _in_home(*parts: str) -> Callable[[Path], Path]:
    return lambda _: Path.home().joinpath(*parts)


def _of_claude_desktop(_: Path) -> Path:
    if sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "Claude" / "claude_desktop_config.json"


PROJECT: Final = "{project}"
_WORKSPACE: Final = "${workspaceFolder}"

CLIENTS: Final = {
    Client.CLAUDE_CODE: ClientConfig(_in_project(".mcp.json"), entry=_typed),
    Client.CLAUDE_DESKTOP: ClientConfig(_of_claude_desktop, store_at=PROJECT),
    Client.CODEX: ClientConfig(_in_project(".codex", "config.toml"), servers="mcp_servers"),
    Client.CURSOR: ClientConfig(_in_project(".cursor", "mcp.json"), store_at=_WORKSPACE),
    Client.GEMINI_CLI: ClientConfig(_in_project(".gemini", "settings.json")),
    Client.VSCODE: ClientConfig(
        _in_project(".vscode", "mcp.json"), servers="servers", entry=_typed, store_at=_WORKSPACE
    ),
    Client.WINDSURF: ClientConfig(
        _in_home(".codeium", "windsurf", "mcp_config.json"), store_at=PROJECT
    ),
    Client.ZED: ClientConfig(_in_project(".zed", "settings.json"), servers="context_servers"),
}
