"""A store that may only be read: answered from it as it is, never written, and left untouched."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import StoreError, StoreReadOnly
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.servers.processes import drop_rights

QUESTIONS: dict[str, Callable[[PlanRegistry], Any]] = {
    "status": lambda registry: registry.get_status("old").version,
    "gate": lambda registry: registry.gate("old").verdict.value,
    "list": lambda registry: [one.plan_id for one in registry.list_plans(state="active").plans],
    "plans": lambda registry: [one.plan_id for one in registry.views.plans().plans],
    "history": lambda registry: [one.event_id for one in registry.history.audit("old")],
    "as-of": lambda registry: registry.history.as_of("old", version=1).version,
    "check": lambda registry: registry.replay.check().mismatch_count,
    "verify": lambda registry: registry.ledger.verify().finding_count,
    "export": lambda registry: registry.bundles.export(_bundle()).plans,
}
COMMANDS: dict[str, Callable[[PlanRegistry], Any]] = {
    "create": lambda registry: registry.create("New", [{"title": "t"}]),
    "delete": lambda registry: registry.delete("old"),
    "next": lambda registry: registry.next_task("old", worker="w"),
    "erase": lambda registry: registry.erase("old"),
    "checkpoint": lambda registry: registry.ledger.checkpoint(),
}


def _bundle() -> Path:
    return Path(tempfile.mkdtemp()) / "plans.bundle"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder at a place that everybody may open."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o777)
    yield made
    made.chmod(0o777)
    shutil.rmtree(made)


def create(registry: PlanRegistry, plan_id: str) -> None:
    registry.create("Ship it", [{"id": "a", "title": "Build"}], plan_id=plan_id)


def open_to_read(path: Path) -> None:
    for each in path.parent.iterdir():
        each.chmod(0o444)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".db-shm"}


def in_another_process(path: Path, *, until: Callable[[], None] | None = None) -> dict[str, Any]:
    """What a process without rights gets: its answers, and why commands were refused."""
    ours, theirs = PROCESSES.Pipe()
    with crowd() as alone:
        alone.start(_ask_as_nobody, path, until is not None, theirs)
        if until is not None:
            assert ours.poll(PATIENCE)
            ours.recv()
            until()
            ours.send("go on")
        assert ours.poll(PATIENCE)
        answers: dict[str, Any] = ours.recv()
        alone.finish()
    return answers


def _ask_as_nobody(path: Path, again: bool, answers: Connection) -> None:  # noqa: FBT001
    drop_rights()
    try:
        with connect(path) as registry:
            if again:
                answers.send(_answers(registry))
                answers.recv()
            answers.send(_answers(registry))
    except StoreError as error:
        answers.send({"opening": repr(error)})


def _answers(registry: PlanRegistry) -> dict[str, Any]:
    found = {name: ask(registry) for name, ask in QUESTIONS.items()}
    for name, command in COMMANDS.items():
        try:
            command(registry)
            found[name] = "recorded"
        except StoreError as error:
            found[name] = type(error)
    return found


def expected(*plan_ids: str) -> dict[str, Any]:
    return {
        "status": 1,
        "gate": "go",
        "list": [*plan_ids],
        "plans": [*plan_ids],
        "history": ["old@1"],
        "as-of": 1,
        "check": 0,
        "verify": 0,
        "export": len(plan_ids),
        **dict.fromkeys(COMMANDS, StoreReadOnly),
    }


@pytest.mark.parametrize("rights", [0o777, 0o555])
def test_a_closed_store_is_read(folder: Path, rights: int) -> None:
    with connect(folder / "plans.db") as registry:
        create(registry, "old")
    open_to_read(folder / "plans.db")
    folder.chmod(rights)
    before = contents(folder)
    assert in_another_process(folder / "plans.db") == expected("old")
    assert contents(folder) == before


@pytest.mark.parametrize("with_index", [True, False])
@pytest.mark.parametrize("rights", [0o777, 0o555])
def test_the_log_of_a_crashed_store_is_read(folder: Path, rights: int, *, with_index: bool) -> None:
    (folder / "crashed").mkdir()
    path = folder / "crashed" / "plans.db"
    with connect(folder / "plans.db") as registry:
        create(registry, "old")
        create(registry, "new")
        for end in ["", "-wal", "-id", *(["-shm"] if with_index else [])]:
            shutil.copy(f"{folder}/plans.db{end}", f"{path}{end}")
    open_to_read(path)
    path.parent.chmod(rights)
    before = contents(path.parent)
    assert in_another_process(path) == expected("old", "new")
    assert contents(path.parent) == before
    path.parent.chmod(0o777)


def test_a_store_is_read_while_others_write_it(folder: Path) -> None:
    with connect(folder / "plans.db") as registry:
        create(registry, "old")
        open_to_read(folder / "plans.db")
        folder.chmod(0o555)

        assert in_another_process(
            folder / "plans.db", until=lambda: create(registry, "new")
        ) == expected("old", "new")


def test_a_reader_learns_that_others_opened_wrote_and_closed_it(folder: Path) -> None:
    def write() -> None:
        with connect(folder / "plans.db") as registry:
            create(registry, "new")

    with connect(folder / "plans.db") as registry:
        create(registry, "old")
    open_to_read(folder / "plans.db")
    folder.chmod(0o555)
    assert in_another_process(folder / "plans.db", until=write) == expected("old", "new")
