"""The checkout under test, and copies of it in which a rule may be broken."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LAYERS = ("application", "domain", "infrastructure")


def settings() -> dict[str, Any]:
    """pyproject.toml, read."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def modules() -> set[str]:
    """Every Python file of the product, as it is called below `plangate/`."""
    below = [path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")]
    return {f"plangate/{path.relative_to(ROOT).as_posix()}" for path in below} | {
        f"plangate/{path.name}" for path in (ROOT / "plangate").glob("*.py")
    }


def copy_to(target: Path, *besides: str) -> Path:
    """Copy the product, its settings and what is named besides into an empty folder.

    The links below `plangate/` stay links and lead to the copied layers.
    """
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("plangate", *LAYERS, *besides):
        shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=unwanted)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, target / name)
    return target
