"""What a later Python refuses is not used, although the oldest one that is supported takes it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_sql_numbers_its_placeholders() -> None:
    """From Python 3.14 on, `sqlite3` takes no sequence of values for `?1`."""
    sources = [*ROOT.glob("infrastructure/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    assert len(sources) > 300
    assert [path for path in sources if re.search(r"[\s(]\?\d", path.read_text("utf-8"))] == []
