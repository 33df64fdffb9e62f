"""One word, one meaning: a layer has no two classes, and no two public functions, of one name."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.checkout import LAYERS, ROOT

ENGINES: Final = ("eventsourcing_library", "memory", "postgres", "sqlite")

ONE_CONCEPT: Final = {
    "backup": "the command of the function",
    "doctor": "the command of the function",
    "migrate": "the command of the function",
    "restore_backup": "the command of the function",
    "drawn": "each picture is drawn by one",
    "project": "each view has its projection",
    "routes": "each page has its routes",
}
"""Names that more modules of a layer may give to the same thing, each with its reason."""


def names_in(layer: Path) -> dict[str, set[str]]:
    """Where each class and each public function of a layer is defined; engines count as one.

    An engine's part has the name of the same part of another engine. A leading underscore
    makes a class private, but no other word.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in layer.rglob("*.py"):
        module = path.relative_to(layer).as_posix()
        home = "an engine" if module.startswith(ENGINES) else module
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("_"):
                continue
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[node.name.lstrip("_")].add(home)
    return found


def shared(layer: Path) -> dict[str, list[str]]:
    return {name: sorted(homes) for name, homes in names_in(layer).items() if len(homes) > 1}


@pytest.mark.parametrize("layer", LAYERS)
def test_no_name_has_two_meanings_in_a_layer(layer: str) -> None:
    twice = [
        f"{name}: {', '.join(homes)}"
        for name, homes in shared(ROOT / layer).items()
        if name not in ONE_CONCEPT
    ]

    assert not twice, "names with more than one meaning:\n" + "\n".join(twice)


def test_every_name_that_may_be_shared_is_shared() -> None:
    assert ONE_CONCEPT.keys() <= {name for layer in LAYERS for name in shared(ROOT / layer)}


def test_a_planted_second_meaning_is_found(tmp_path: Path) -> None:
    for name in ("views/board.py", "replay/sweep.py", "sqlite/events.py", "postgres/events.py"):
        module = tmp_path / name
        module.parent.mkdir(exist_ok=True)
        module.write_text(f"class {'_' * name.startswith('v')}Point: ...\n", "utf-8")
        with module.open("a", encoding="utf-8") as file:
            file.write("def _private() -> None: ...\n")
    for engine in ("sqlite", "postgres"):
        (tmp_path / engine / "layout.py").write_text("def layout_of() -> None: ...\n", "utf-8")

    assert shared(tmp_path) == {"Point": ["an engine", "replay/sweep.py", "views/board.py"]}
