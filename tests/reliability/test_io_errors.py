"""System calls fail now and then, and no acknowledged command is lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reliability.acks import Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.faults import AFTERWARDS, PLANS
from tests.support.soak import Say

COMMANDS = 2_000

# How often each call is made differs a lot. Files are opened, and cut to length,
# when a registry opens; so there is a new registry every few commands.
POINTS = [
    pytest.param("posix/io/rw/pwrite", 0.05, 100, id="pwrite"),
    pytest.param("posix/io/sync/*", 0.1, 100, id="sync"),
    pytest.param("posix/io/rw/pread", 0.02, 10, id="pread"),
    pytest.param("posix/io/oc/open", 0.1, 3, id="open"),
    pytest.param("posix/io/rw/ftruncate", 0.3, 3, id="ftruncate"),
]


@pytest.mark.soak
@pytest.mark.skipif(not shutil.which("fiu-run"), reason="needs libfiu (fiu-run)")
@pytest.mark.parametrize("point, probability, reopen", POINTS)
def test_nothing_is_lost_to_failing_calls_and_the_registry_goes_on_after_them(
    tmp_path: Path, say: Say, point: str, probability: float, reopen: int
) -> None:
    database, log = tmp_path / "plans.db", tmp_path / "acks"
    program = [sys.executable, "-m", "tests.support.reliability.faults"]
    arguments = [str(database), str(log), point, str(probability), str(COMMANDS), str(reopen)]

    ran = subprocess.run(
        ["fiu-run", "-x", "-f", "", *program, *arguments],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    outcomes = json.loads(ran.stdout)
    promises = Promises.in_logs([log])
    findings = audit(database, promises)
    say(f"failing {point}", findings, under_faults=outcomes)
    assert findings.faults == {}
    assert not promises.open
    assert len(promises.asked) == len(PLANS) + COMMANDS + AFTERWARDS
    assert 0 < outcomes["acknowledged"] < COMMANDS
