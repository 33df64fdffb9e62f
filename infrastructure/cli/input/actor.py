"""Who acts at the terminal, where no option says it."""

import getpass
import subprocess
from contextlib import suppress
from typing import Final

from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.project import find_project
from plangate.infrastructure.settings import Settings

_LONGEST: Final = 200
_PATIENCE: Final = 2
"""Seconds; git answers at once, or something is wrong with it."""


def default_actor() -> str | None:
    """`PLANGATE_ACTOR`, else the project's actor, git's `user.name`, or the login name."""
    project = find_project()
    return Settings().actor or (project and project.actor) or _git_user() or _login()


def _git_user() -> str | None:
    with suppress(OSError, subprocess.SubprocessError, UnicodeDecodeError):
        asked = ["git", "config", "--get", "user.name"]
        found = subprocess.run(  # noqa: S603  (git, with words of our own)
            asked, capture_output=True, check=True, text=True, timeout=_PATIENCE, encoding="utf-8"
        )
        return _acceptable(found.stdout)
    return None


def _login() -> str | None:
    with suppress(OSError, KeyError):  # a user id without a name
        return _acceptable(getpass.getuser())
    return None


def _acceptable(name: str) -> str | None:
    """The name as the registry takes it; None for an empty one."""
    return harmless(name.strip())[:_LONGEST].strip() or None
