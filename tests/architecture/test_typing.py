"""The type checker's silence counts only if it read every file.

Without the links below `plangate/`, mypy would read one file and be content.
So a mistake is planted in every file of a copy, and each one must be reported.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.checkout import ROOT, copy_to, modules

MISTAKE = '\nplanted: int = "not a number"\n'


def test_mypy_finds_a_mistake_in_every_file(tmp_path: Path) -> None:
    checkout = copy_to(tmp_path, "tests", "benchmarks")
    expected = modules() | {
        path.relative_to(ROOT).as_posix()
        for folder in ("tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    for name in expected:
        with (checkout / name).open("a", encoding="utf-8") as file:
            file.write(MISTAKE)

    outcome = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", tmp_path / "cache"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.findall(
        r'^(.+?):\d+: error: .*variable has type "int"', outcome.stdout, re.MULTILINE
    )
    assert set(found) == expected
