"""The power fails at any moment, and every acknowledged command is on the disk.

A working process's system calls are logged, and played into thousands of images
of what its disk may hold had the power gone at some point.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from plangate.application.errors import StoreError
from tests.support.reliability.acks import Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.disk import TRACED, Disk, Step, steps
from tests.support.soak import Say

COMMANDS = 700
"""Enough that the write-ahead log is brought into the database several times."""

DATABASE, ACKS = "plans.db", "acks"

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace"),
]


def test_a_power_loss_takes_nothing_that_was_acknowledged(tmp_path: Path, say: Say) -> None:
    outcome = _outcome("FULL", tmp_path, images=2_000)

    say("power loss, synchronous FULL", None, **outcome)
    assert outcome["intact"] == 2_000


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_less_than_full_durability_is_seen_to_lose(
    tmp_path: Path, say: Say, synchronous: str
) -> None:
    outcome = _outcome(synchronous, tmp_path, images=500)

    say(f"power loss, synchronous {synchronous}", None, **outcome)
    assert outcome["lost"] > 100


def _outcome(synchronous: str, folder: Path, *, images: int) -> Counter[str]:
    """How many images have which faults, over power losses at random moments."""
    working, image = folder / "working", folder / "image"
    working.mkdir()
    history = list(_history(working, synchronous))
    first = next(n for n, step in enumerate(history) if step.path.name == ACKS and step.data)
    rng = Random(5)
    moments = Counter(rng.randrange(first, len(history)) for _ in range(images))
    outcome = Counter(images=images, system_calls=len(history))
    outcome["syncs"] = sum(step.call == "sync" for step in history)
    disk, promises = Disk(working), Promises()
    for moment, step in enumerate(history):
        if step.path.name == ACKS:
            promises.take_in(step.data.decode())
        else:
            disk.take(step)
        for _ in range(moments[moment]):
            outcome.update(_faults(image, disk.after_power_loss(rng), promises))
    outcome["acknowledged"] = len(promises.kept)
    return outcome


def _history(folder: Path, synchronous: str) -> Iterator[Step]:
    """What a process did on the disk while it ran errands."""
    log = folder.with_name("calls")
    watching = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={TRACED}"]
    program = [sys.executable, "-m", "tests.support.reliability.steady"]
    arguments = [str(folder / DATABASE), str(folder / ACKS), synchronous, str(COMMANDS)]
    subprocess.run(
        [*watching, "-o", str(log), *program, *arguments], cwd=Path(__file__).parents[2], check=True
    )
    with log.open(encoding="ascii") as lines:
        # The shared memory beside the file is created again after a crash.
        yield from (step for step in steps(lines, folder) if not step.path.name.endswith("-shm"))


def _faults(image: Path, files: dict[str, bytes], promises: Promises) -> set[str]:
    """The kinds of faults that an image has; `intact` if none."""
    shutil.rmtree(image, ignore_errors=True)
    image.mkdir()
    for name, content in files.items():
        (image / name).write_bytes(content)
    try:
        return set(audit(image / DATABASE, promises).faults) or {"intact"}
    except (StoreError, sqlite3.Error):
        return {"unreadable"}
