"""A registry that is closed, or a process that ends, while threads are inside commands."""

import json
from pathlib import Path
from threading import Event, Thread

import pytest

from plangate.application.errors import StoreUnavailable
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sqlite import connections
from plangate.infrastructure.sqlite.file import SqliteFile
from tests.support.reliability.acks import Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.scripts import run_script
from tests.support.soak import Say, short_and_long


@pytest.mark.parametrize("target", ["plans.db", "memory:"])
@short_and_long("rounds", 12, 1_000)
def test_commands_in_progress_end_and_later_ones_are_refused(
    tmp_path: Path, say: Say, target: str, rounds: int
) -> None:
    address = tmp_path / target if target != "memory:" else target
    program = run_script("closing", "close", address, rounds)
    assert (program.returncode, program.stderr) == (0, "")
    figures = json.loads(program.stdout)
    say(f"{rounds} closes of {target}", **figures)
    assert figures.keys() <= {"answered", "acknowledged", "closed", "recorded", "gaps"}
    assert figures["closed"] >= 2 * rounds
    if target != "memory:":
        assert (figures["recorded"], figures["gaps"]) == (figures["acknowledged"], 0)


@pytest.mark.parametrize("how", ["exit", "close-and-exit"])
@short_and_long("number", 2, 200)
def test_a_process_may_end_while_daemon_threads_are_inside_commands(
    tmp_path: Path, say: Say, how: str, number: int
) -> None:
    for one in range(number):
        (tmp_path / str(one)).mkdir()
        database = tmp_path / str(one) / "plans.db"
        program = run_script("closing", how, database, database.parent)
        assert (program.returncode, program.stderr) == (0, "")
        findings = audit(database, Promises.in_logs(database.parent.glob("*.acks")))
        assert findings.faults == {}
        assert findings.acknowledged
    say(f"{how} under daemon threads", findings, processes=number)


def test_closing_waits_no_longer_than_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOCK_TIMEOUT", 0.01)
    file, begun, closed = SqliteFile(tmp_path / "plans.db"), Event(), Event()
    answers: list[int] = []

    def read_on(cursor: Cursor) -> int:
        begun.set()
        closed.wait()
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])

    thread = Thread(target=lambda: answers.append(file.read(read_on)))
    thread.start()
    begun.wait()
    file.close()
    file.close()
    with pytest.raises(StoreUnavailable, match="is closed"):
        file.write(read_on)
    closed.set()
    thread.join()

    assert answers == [1]
    with pytest.raises(StoreUnavailable, match="is closed"):
        file.read(read_on)
    assert not (tmp_path / "plans.db-wal").exists()  # the last connection is closed too
