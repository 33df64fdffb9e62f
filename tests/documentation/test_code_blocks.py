"""The code in README and docs runs as it stands there."""

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(language, code, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (language, code) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
    if language in {"python", "sql"}
]


@pytest.mark.parametrize("language, code", BLOCKS)
def test_a_code_block_runs(language: str, code: str, tmp_path: Path, warm_plangate: Path) -> None:
    if language == "python":
        subprocess.run([warm_plangate, "-c", code], cwd=tmp_path, check=True, timeout=60)
    else:
        make_a_plan = (
            "import plangate\n"
            "with plangate.connect('plans.db') as r:\n"
            "    r.create('g', [{'id': 'a', 'title': 'A'}], plan_id='p')\n"
            "    r.score_prompt('p', 'a', 0.5)\n"
        )
        subprocess.run([warm_plangate, "-c", make_a_plan], cwd=tmp_path, check=True, timeout=60)
        with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
            assert connection.execute(code).fetchall() == [("p", 2, 0.5)]
