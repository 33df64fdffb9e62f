"""Users' modules pass the strict modes of both type checkers: what plangate exports has types.

mypy reads `user_module` with all the rest (`test_typing`); pyright reads it here, and the
service in examples/backend.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.checkout import ROOT

MISTAKE = '\nHEADLINE: int = headline(plangate.connect("memory:").history.of("p")[0])\n'


def test_pyright_accepts_users_modules_and_finds_a_mistake_in_one(tmp_path: Path) -> None:
    module = ROOT / "tests" / "architecture" / "user_module.py"
    shutil.copy(module, tmp_path / "right.py")
    (tmp_path / "wrong.py").write_text(module.read_text("utf-8") + MISTAKE, encoding="utf-8")
    for example in (ROOT / "examples" / "backend").glob("*.py"):
        shutil.copy(example, tmp_path)
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")

    outcome = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.findall(r"^\s+\S*?(\w+\.py):\d+:\d+ - error: (.*)", outcome.stdout, re.MULTILINE)
    assert [file for file, _ in found] == ["wrong.py"], outcome.stdout + outcome.stderr
    assert '"str" is not assignable to' in found[0][1]
