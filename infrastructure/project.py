"""The project that the current folder belongs to: its `.plangate/`, and its configuration.

`.plangate/config.toml`, or else `[tool.plangate]` in `pyproject.toml`, may name the store,
the actor, the policy of new plans, and the configuration of findings.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

from plangate.domain.errors import InvalidInput, Problem

FOLDER: Final = ".plangate"
STORE: Final = "plans.db"
CONFIG: Final = "config.toml"
_PYPROJECT: Final = "pyproject.toml"
_TABLE: Final = b"[tool.plangate"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with `.plangate/` or a configuration in it; paths are relative to that folder."""

    folder: Path
    config_file: Path | None = None
    store: str | None = None
    actor: str | None = None
    policy: str | Mapping[str, Any] | None = None
    findings: str | None = None

    @property
    def own_store(self) -> Path | None:
        """The store in `.plangate/`, whether it is there yet or not."""
        there = self.folder / FOLDER
        return there / STORE if there.is_dir() else None

    def path(self, name: str) -> Path:
        """The path that the configuration names."""
        return self.folder / name

    @classmethod
    def at(cls, folder: Path) -> Self | None:
        """The project in this very folder; raises `InvalidInput` for a wrong configuration."""
        config = folder / FOLDER / CONFIG
        if config.is_file():
            return cls(folder, config, **_checked(config, _toml(config, config.read_bytes())))
        pyproject = folder / _PYPROJECT
        if pyproject.is_file() and _TABLE in (content := pyproject.read_bytes()):
            table = _toml(pyproject, content).get("tool", {}).get("plangate", {})
            return cls(folder, pyproject, **_checked(pyproject, table))
        return cls(folder) if (folder / FOLDER).is_dir() else None


def find_project(start: Path | None = None) -> Project | None:
    """The nearest project, from the current folder upwards."""
    try:
        folder = Path.cwd() if start is None else start.absolute()
    except FileNotFoundError:  # the current folder was deleted
        return None
    for one in (folder, *folder.parents):
        try:
            project = Project.at(one)
        except PermissionError:
            continue
        if project is not None:
            return project
    return None


def project_policy() -> str | Mapping[str, Any] | None:
    """The policy of plans whose file names none, if the project has one."""
    project = find_project()
    return project.policy if project else None


_KEYS: Final = tuple(field.name for field in fields(Project))[2:]


def _toml(file: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise InvalidInput([Problem(str(file), f"is not TOML: {error}")]) from None


def _checked(file: Path, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise InvalidInput([Problem(str(file), "tool.plangate must be a table")])
    problems = [Problem(str(file), _unknown(key)) for key in table if key not in _KEYS]
    problems += [
        Problem(str(file), f"{key} must be text")
        for key, value in table.items()
        if key in _KEYS and not _is_text(value) and not (key == "policy" and _is_table(value))
    ]
    if problems:
        raise InvalidInput(problems)
    return dict(table)


def _unknown(key: str) -> str:
    near = get_close_matches(key, _KEYS, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{key!r:.80} is not known; accepted: {', '.join(_KEYS)}{meant}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)
