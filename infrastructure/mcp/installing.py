"""Adds plangate to the configuration of a client, and keeps everything else that is there."""

import json
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plangate.infrastructure.mcp.clients import CLIENTS, PROJECT, Client, ClientConfig
from plangate.infrastructure.mcp.config_files import ConfigRefused, read, replace, without_mark
from plangate.infrastructure.mcp.json_text import NotJson, parsed_json, with_members

NAME: Final = "plangate"
"""What the server is called in configurations."""

_STORE: Final = ".plangate/plans.db"


@dataclass(frozen=True, slots=True)
class Installation:
    """What is added to which file, and what that file then holds; `before` is None without one."""

    path: Path
    entry: Mapping[str, Any]
    servers: str
    before: str | None
    after: str

    @property
    def is_new(self) -> bool:
        """Whether the file changes."""
        return self.before != self.after

    @property
    def shown(self) -> str:
        """The entry as that file would have it, alone."""
        if self.path.suffix == ".toml":
            return _toml(self.servers, self.entry)
        return json.dumps({self.servers: {NAME: self.entry}}, indent=2) + "\n"


def planned(client: Client, folder: Path, store: str | None) -> Installation:
    """What installing plangate for a project's folder would do.

    `store` is named in the entry. Without one it is the one in the folder's `.plangate/`, which
    the server finds where the client starts it in the folder. Raises `ConfigRefused` where the
    file cannot be read or extended.
    """
    config = CLIENTS[client]
    path = config.path(folder)
    entry = config.entry(_command(config, folder, store))
    before = read(path)
    edited = _edited_toml if path.suffix == ".toml" else _edited_json
    after = edited(path, before or "", config.servers, entry)
    return Installation(path, entry, config.servers, before, after)


def carried_out(installation: Installation) -> Path | None:
    """Write the file, if it changes; the path of the backup of what was there."""
    return replace(installation.path, installation.after, installation.before)


def _command(config: ClientConfig, folder: Path, store: str | None) -> list[str]:
    if store is None and config.store_at is not None:
        there = str(folder) if config.store_at == PROJECT else config.store_at
        store = f"{there}/{_STORE}"
    return [*_program(), "mcp", *([] if store is None else ["--db", store])]


def _program() -> list[str]:
    """`plangate` where every program finds it; else the whole path, as for one in a `.venv`."""
    own = Path(sys.prefix) / "bin"
    found = shutil.which(NAME)
    if found and Path(found).parent != own:
        return [NAME]
    return [str(own / NAME)] if (own / NAME).exists() else [sys.executable, "-m", NAME]


def _edited_json(path: Path, before: str, servers: str, entry: Mapping[str, Any]) -> str:
    mark, text = without_mark(before)
    try:
        expected = parsed_json(text).value if text.strip() else {}
        edited = with_members(text if text.strip() else "{}\n", [servers, NAME], entry)
        found = parsed_json(edited).value
    except NotJson as error:
        raise ConfigRefused(path, f"it is not what it should be: {error}") from None
    there = expected.setdefault(servers, {})
    there[NAME] = {**there.get(NAME, {}), **entry}
    if found != expected:
        raise ConfigRefused(path, "it could not be extended without changing more")
    return mark + edited


def _edited_toml(path: Path, before: str, servers: str, entry: Mapping[str, Any]) -> str:
    try:
        expected = tomllib.loads(before)
        there = expected.get(servers, {}).get(NAME)
        if there is not None:
            if {**there, **entry} == there:
                return before
            raise ConfigRefused(path, f"it has another [{servers}.{NAME}]; change that by hand")
        gap = "\n\n" if before and not before.endswith("\n") else "\n" if before else ""
        edited = before + gap + _toml(servers, entry)
        found = tomllib.loads(edited)
    except (ValueError, AttributeError) as error:
        raise ConfigRefused(path, f"it is not what it should be: {error}") from None
    if found != {**expected, servers: {**expected.get(servers, {}), NAME: entry}}:
        raise ConfigRefused(path, "it could not be extended without changing more")
    return edited


def _toml(servers: str, entry: Mapping[str, Any]) -> str:
    """The entry as a table; JSON's strings and lists of them are TOML's too."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in entry.items()]
    return "\n".join([f"[{servers}.{NAME}]", *lines, ""])
