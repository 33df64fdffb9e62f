"""The example of a feed writes each letter exactly once, although it is killed again and again."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import plangate
from tests.support.soak import short_and_long

EXAMPLE = Path(__file__).parents[2] / "examples" / "exactly_once.py"
TASKS = [{"id": "a", "title": "A"}]
PROCESSES = 2


def letters(path: Path) -> list[str]:
    """The events that letters were written of, in order."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=30)) as host:
        tables = host.execute("SELECT 1 FROM sqlite_master WHERE name = 'letters'").fetchall()
        found = host.execute("SELECT event_id FROM letters ORDER BY rowid") if tables else []
        return [event_id for (event_id,) in found]


@short_and_long("kills", 1, 50)
def test_each_replan_has_one_letter(tmp_path: Path, kills: int) -> None:
    plans, host, count = tmp_path / "plans.db", tmp_path / "letters.db", 0
    command = [sys.executable, str(EXAMPLE), str(plans), str(host)]
    with plangate.connect(plans) as registry:

        def replan() -> None:
            nonlocal count
            registry.create("g", TASKS, plan_id=f"p{count}")
            registry.score_output(f"p{count}", "a", 0.1)
            count += 1

        for _ in range(kills):
            before = len(letters(host))
            feeds = [subprocess.Popen([*command, "60"]) for _ in range(PROCESSES)]
            while len(letters(host)) < before + 5:
                replan()
            for feed in feeds:
                feed.kill()
                feed.wait()
            replan()
        subprocess.run([*command, "0"], check=True, timeout=60)
        replans = registry.history.events(kinds="replan-triggered", limit=10_000)
        assert letters(host) == [one.envelope.event_id for one in replans]
        assert len(replans) == count
