"""What goes on round one store at once: each part is a process that works until its time is up.

A part reports what it did, and every exception that it did not expect.
"""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from types import FrameType
from typing import Any, Final

from plangate.application.errors import StoreUnavailable, ViewBehind
from plangate.application.operations.reports import Health
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, doctor
from tests.support.reliability.acks import AckLog
from tests.support.reliability.errands import Errand, creating, errands
from tests.support.reliability.workers import TASKS

SHARED: Final = ["shared-0", "shared-1"]
ERASED: Final = "Ada Lovelace was here"
"""What the eraser's plans say until they are erased."""

Part = Callable[["Setting"], None]


class Interruption(Exception):
    """Raised by a signal handler in the midst of a command."""


class Setting:
    """Where a part works, how long, and what it reports."""

    def __init__(self, target: str, folder: Path, part: int, seconds: float) -> None:
        self.target = target
        self.folder = folder
        self.part = part
        self.chance = Random(part)
        self.until = monotonic() + seconds
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.acks = AckLog(folder / f"{part}.acks")

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return monotonic() > self.until

    @contextmanager
    def counting(self, what: str, *documented: type[Exception]) -> Iterator[None]:
        """Count one act, or its documented refusal; report anything else."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  (this is what the test is for)
            if isinstance(error, documented or ()):
                self.counts[f"{what}: {type(error).__name__}"] += 1
            else:
                self.unexpected.append(f"{what}: {type(error).__name__}: {error}")
        else:
            self.counts[what] += 1

    def errands(self, author: str) -> Iterator[Errand]:
        """Errands on the shared plans and one of its own, until the time is up."""
        plans = [*SHARED, f"own-{self.part}"]
        yield from (creating(plan_id, TASKS) for plan_id in plans)
        for errand in errands(self.chance, plans, TASKS, author):
            if self.is_over:
                return
            yield errand


def take_part(work: Part, target: str, folder: Path, part: int, seconds: float) -> None:
    """Work until the time is up, and report in a file."""
    setting = Setting(target, folder, part, seconds)
    try:
        work(setting)
    except Exception as error:  # noqa: BLE001
        setting.unexpected.append(f"{work.__name__}: {type(error).__name__}: {error}")
    report = {"counts": setting.counts, "unexpected": setting.unexpected}
    (folder / f"{part}.json").write_text(json.dumps({work.__name__: report}))


def writer(here: Setting) -> None:
    """Commands on shared plans."""
    with connect(here.target) as registry:
        for errand in here.errands(f"writer{here.part}"):
            with here.counting("commands"):
                here.acks.handle(errand, registry)


def interrupted(here: Setting) -> None:
    """Commands that a signal handler breaks off; each is sent again with its key."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise Interruption

    signal.signal(signal.SIGALRM, interrupt)
    kept: list[BaseException] = []  # with their tracebacks, as a notebook keeps them
    with connect(here.target) as registry:
        for errand in here.errands(f"interrupted{here.part}"):
            here.acks.note(errand.key)
            try:
                signal.setitimer(signal.ITIMER_REAL, here.chance.uniform(1e-5, 4e-3))
                try:
                    errand.send(registry)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interruption as late:
                here.counts["interruptions"] += 1
                kept = [*kept[-100:], late]
            except Exception as error:  # noqa: BLE001
                here.unexpected.append(f"interrupted: {type(error).__name__}: {error}")
            with here.counting("commands"):
                here.acks.note(errand.key, errand.send(registry))


def forking(here: Setting) -> None:
    """A process that forks children while it works; they use what they inherit."""
    with connect(here.target) as registry:
        given = here.errands(f"forking{here.part}")
        for errand in given:
            with here.counting("commands"):
                here.acks.handle(errand, registry)
            child = os.fork()
            if not child:
                _child(registry, here, [next(given, None) for _ in range(3)])
            for _ in range(3):
                next(given, None)
            _, status = os.waitpid(child, 0)
            if status:
                here.unexpected.append(f"a forked child ended with {status}")
            here.counts["forks"] += 1


def _child(registry: PlanRegistry, here: Setting, given: list[Errand | None]) -> None:
    signal.alarm(100)
    try:
        for errand in filter(None, given):
            here.acks.handle(errand, registry)
    except BaseException as error:  # noqa: BLE001
        (here.folder / f"{here.part}.child").write_text(f"{type(error).__name__}: {error}")
        os._exit(1)
    os._exit(0)


def eraser(here: Setting) -> None:
    """Plans that say something, and are erased."""
    with connect(here.target) as registry:
        number = 0
        while not here.is_over:
            plan_id, number = f"erased-{here.part}-{number}", number + 1
            with here.counting("plans erased", StoreUnavailable):
                registry.create(ERASED, [{"id": "a", "title": ERASED}], plan_id=plan_id)
                registry.score_output(plan_id, "a", 0.2, rationale=ERASED)
                erasure = registry.erase(plan_id)
                here.counts["erasures complete"] += erasure.complete


def asking(here: Setting) -> None:
    """Questions of all kinds, and claims of any plan's task."""
    with connect(here.target) as registry:
        number = 0
        while not here.is_over:
            with here.counting("questions"):
                for plan in registry.views.plans(limit=20).plans:
                    registry.get_status(plan.plan_id)
                    registry.gate(plan.plan_id)
                registry.views.board(status="pending", limit=5)
                registry.views.replans(limit=5)
            number += 1
            key = f"claim-{here.part}-{number}"
            with here.counting("claims"):
                first = registry.next_task(idempotency_key=key)
                if first is not None:
                    again = registry.next_task(idempotency_key=key)
                    if again != first:
                        here.unexpected.append(f"{key} claimed {first} and {again}")


def following(here: Setting) -> None:
    """Questions that wait for a background reader."""
    with connect(here.target) as registry:
        registry.views.follow()
        while not here.is_over:
            with here.counting("questions that wait", ViewBehind):
                registry.views.plans(limit=3, at_least=registry.history.last_position())


def rebuilding(here: Setting) -> None:
    """Rebuilds of the views, one after the other."""
    with connect(here.target) as registry:
        while not here.is_over:
            with here.counting("rebuilds"):
                registry.views.rebuild()


def copying(here: Setting) -> None:
    """Backups, copies, bundles: each is a store whose every decision follows from the rules."""
    number = 0
    while not here.is_over:
        number += 1
        into = here.folder / f"copy-{here.part}"
        with here.counting("backups"):
            backup(into, here.target)
            _require_sound(here, "backup", into)
        into.unlink(missing_ok=True)
        with here.counting("copies"), connect(here.target) as source, connect(into) as target:
            source.bundles.copy_to(target)
        with here.counting("copies checked"):
            _require_sound(here, "copy", into)
        for file in here.folder.glob(f"{into.name}*"):
            file.unlink()
        bundle = here.folder / f"bundle-{here.part}"
        with here.counting("bundles"), connect(here.target) as source, connect("memory:") as other:
            source.bundles.export(bundle)
            other.bundles.import_bundle(bundle)
            _require_decided(here, "import", other)
        bundle.unlink(missing_ok=True)


def _require_sound(here: Setting, what: str, path: Path) -> None:
    found = [one for one in doctor(path).observations if one.health is Health.PROBLEM]
    here.unexpected += [f"{what}: {one}" for one in found[:3]]
    with connect(path) as opened:
        _require_decided(here, what, opened)


def _require_decided(here: Setting, what: str, registry: PlanRegistry) -> None:
    report = registry.replay.check()
    here.unexpected += [f"{what}: {mismatch}" for mismatch in report.mismatches[:3]]


def proving(here: Setting) -> None:
    """Checkpoints of the ledger, and the log held against them."""
    notes = here.folder / f"checkpoint-{here.part}"
    with connect(here.target) as registry:
        while not here.is_over:
            with here.counting("checkpoints"):
                if registry.history.last_position():
                    notes.write_text(registry.ledger.checkpoint().note)
                    report = registry.ledger.verify({"checkpoint": notes.read_text()})
                    here.unexpected += [f"ledger: {one}" for one in report.findings[:3]]


def reports(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What all parts counted together, and everything that was unexpected."""
    counts: Counter[str] = Counter()
    unexpected = [f"{file.name}: {file.read_text()}" for file in folder.glob("*.child")]
    for file in folder.glob("*.json"):
        for part, report in json.loads(file.read_text()).items():
            counts.update({f"{part}, {what}": n for what, n in report["counts"].items()})
            unexpected += [f"{part}: {one}" for one in report["unexpected"][:5]]
    return dict(counts), unexpected


PARTS: Final[tuple[Part, ...]] = (
    writer,
    writer,
    interrupted,
    forking,
    eraser,
    asking,
    following,
    rebuilding,
    copying,
    proving,
)
