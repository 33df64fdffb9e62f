"""The type checker's silence counts only if it read every file.

Without the links below `plangate/`, mypy would read one file and be content. So its list of
files is looked at, and mistakes are planted in a copy: in a file of each folder, and by
`make soak` in every file. Each one must be reported.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.checkout import ROOT, copy_to, modules

MISTAKE = '\n"planted" + 1\n'
"""It changes no interface, so that what imports the file need not be read again."""

FILES = modules() | {
    path.relative_to(ROOT).as_posix()
    for folder in ("tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
}
SOME = {
    "plangate/__init__.py",
    "plangate/domain/evolve.py",
    "plangate/application/views/run.py",
    "plangate/infrastructure/cli/exits.py",
    "tests/architecture/test_typing.py",
    "benchmarks/report.py",
}


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(SOME, id="some"),
        pytest.param(FILES, id="every", marks=[pytest.mark.soak, pytest.mark.timeout(0)]),
    ],
)
def test_mypy_reads_every_file_and_finds_each_mistake(tmp_path: Path, planted: set[str]) -> None:
    checkout, cache = copy_to(tmp_path / "checkout", "tests", "benchmarks"), tmp_path / "cache"
    if (ROOT / ".mypy_cache").exists():  # what it knows of files that are as they were
        shutil.copytree(ROOT / ".mypy_cache", cache)
    for name in planted:
        with (checkout / name).open("a", encoding="utf-8") as file:
            file.write(MISTAKE)

    outcome = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--verbose", "--cache-dir", cache],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )

    sources = re.findall(r"BuildSource\(path='([^']+\.py)'", outcome.stderr)
    assert {Path(path).relative_to(checkout).as_posix() for path in sources} == FILES
    found = re.findall(
        r"^(.+?):\d+: error: Unsupported .* \[operator\]", outcome.stdout, re.MULTILINE
    )
    assert set(found) == planted
