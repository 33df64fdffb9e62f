"""The type checker's silence counts only if it read every file.

Without the links below `plangate/`, mypy would read one file and be content. So its list of
files is looked at, and mistakes are planted in files that it reads instead: of one in each
folder, and by `make soak` of every one. Each mistake must be reported.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.checkout import ROOT, modules

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
    # In a copy of the checkout every path were another one, and everything would be read anew.
    cache, shadows = tmp_path / "cache", list[str | Path]()
    if (ROOT / ".mypy_cache").exists():  # what it knows of files that are as they were
        shutil.copytree(ROOT / ".mypy_cache", cache)
    for number, name in enumerate(sorted(planted)):
        shadow = tmp_path / f"{number}.py"
        shadow.write_text((ROOT / name).read_text("utf-8") + MISTAKE, "utf-8")
        shadows += ["--shadow-file", ROOT / name, shadow]

    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--no-error-summary", "--verbose"),
            *("--cache-dir", cache, *shadows),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    sources = re.findall(r"BuildSource\(path='([^']+\.py)'", outcome.stderr)
    assert {Path(path).relative_to(ROOT).as_posix() for path in sources} == FILES
    found = re.findall(
        r"^(.+?):\d+: error: Unsupported .* \[operator\]", outcome.stdout, re.MULTILINE
    )
    assert set(found) == planted
