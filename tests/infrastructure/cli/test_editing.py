"""`revise --edit`: a plan as a file in an editor, whose changes are recorded or kept."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate

Editor = Callable[..., None]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Makes an editor that replaces words in the file, and ends with an exit code."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def make(old: str = "", new: str = "", code: int = 0) -> None:
        program = tmp_path / "editor.py"
        program.write_text(
            "import pathlib, sys\n"
            "path = pathlib.Path(sys.argv[1])\n"
            f"path.write_bytes(path.read_bytes().replace({old.encode()!r}, {new.encode()!r}))\n"
            f"sys.exit({code})\n",
            "utf-8",
        )
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(program)]))

    return make


def kept(folder: Path) -> list[Path]:
    return list(folder.glob("plangate-*.yaml"))


EDIT = ("revise", "billing", "--edit", "--reason", "better said")


@pytest.mark.usefixtures("billing")
def test_what_is_changed_in_the_editor_is_recorded(
    plangate: Plangate, registry: PlanRegistry, editor: Editor, tmp_path: Path
) -> None:
    editor("- id: b\n  title: Task B\n", "- title: Task C\n- id: b\n  title: Another B\n")

    said = plangate(*EDIT)

    a, new, b = registry.get_status("billing").tasks
    assert [(a.id, a.title), (b.id, b.title)] == [("a", "Task A"), ("b", "Another B")]
    assert (said.exit_code, said.stderr, kept(tmp_path)) == (0, "", [])
    assert f"+ {new.id}: Task C" in said.stdout


@pytest.mark.usefixtures("billing")
def test_leaving_without_a_change_records_nothing(
    plangate: Plangate, registry: PlanRegistry, editor: Editor, tmp_path: Path
) -> None:
    before = registry.history.last_position()
    editor()

    said = plangate(*EDIT)

    assert (said.exit_code, kept(tmp_path)) == (0, [])
    assert "Nothing was recorded" in said.stdout
    assert registry.history.last_position() == before


@pytest.mark.usefixtures("billing")
@pytest.mark.parametrize(
    "old, new, code",
    [
        pytest.param("title: Task B", "title: [", 0, id="not YAML"),
        pytest.param("title: Task B", "titel: Task C", 0, id="a wrong field"),
        pytest.param("title: Task B", "title: Task C\n  depends_on: [x]", 0, id="refused"),
        pytest.param("title: Task B", "title: Task C", 1, id="the editor fails"),
    ],
)
def test_what_cannot_be_recorded_is_kept(
    plangate: Plangate,
    registry: PlanRegistry,
    editor: Editor,
    tmp_path: Path,
    old: str,
    new: str,
    code: int,
) -> None:
    before = registry.history.last_position()
    editor(old, new, code)

    said = plangate(*EDIT)

    (file,) = kept(tmp_path)
    assert (said.exit_code, said.stdout) == (3, "")
    assert f"what you wrote is kept in {file}" in said.stderr
    assert new in file.read_text("utf-8")
    assert registry.history.last_position() == before


@pytest.mark.usefixtures("billing")
def test_an_editor_that_fails_without_a_change_leaves_no_file(
    plangate: Plangate, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(code=1)
    failed = plangate(*EDIT)
    monkeypatch.setenv("EDITOR", "no-such-editor")
    missing = plangate(*EDIT)

    assert (failed.exit_code, missing.exit_code, kept(tmp_path)) == (3, 3, [])
    assert re.search(r"ended with 1; nothing was recorded", failed.stderr)
    assert "'no-such-editor' cannot be run" in missing.stderr
