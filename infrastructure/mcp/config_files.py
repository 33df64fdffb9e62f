"""Configuration files that belong to someone else: read, backed up, replaced as a whole.

A link stays a link: the file that it leads to is replaced. The new content is on disk before it
takes the place of the old one.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from plangate.domain.errors import PlangateError

_BOM: Final = "\ufeff"
_BACKUP: Final = "before-plangate"


class ConfigRefused(PlangateError):
    """A configuration file cannot be used; it was left as it is."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path} was left as it is: {self.why}"


def read(path: Path) -> str | None:
    """The text of a file; None where there is none."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        if path.is_symlink() and not path.resolve().parent.is_dir():
            raise ConfigRefused(path, "it is a link that leads nowhere") from None
        return None
    except UnicodeDecodeError:
        raise ConfigRefused(path, "it is not UTF-8 text") from None
    except OSError as error:
        raise ConfigRefused(path, str(error.strerror or error)) from None


def without_mark(text: str) -> tuple[str, str]:
    """The byte order mark that a text begins with, or nothing; and the text behind it."""
    return (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)


def replace(path: Path, text: str, before: str | None) -> Path | None:
    """Give a file its new content; the path of the backup, if there was something before."""
    there = path.resolve()
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        backup = None if before is None else _backed_up(there)
        _write(there, text)
    except OSError as error:
        raise ConfigRefused(path, str(error.strerror or error)) from None
    return backup


def _backed_up(path: Path) -> Path:
    """A copy of a file beside it, under a name that no file has."""
    number, backup = 1, path.with_name(f"{path.name}.{_BACKUP}")
    while os.path.lexists(backup):
        number += 1
        backup = path.with_name(f"{path.name}.{_BACKUP}-{number}")
    shutil.copy2(path, backup)
    return backup


def _write(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
