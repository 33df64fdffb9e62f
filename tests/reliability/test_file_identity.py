"""The file that is written is the file at its path, and its log is replayed into no other."""

import os
import shutil
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from plangate.application.errors import NotAStore, StoreReplaced
from plangate.application.operations.reports import Health
from plangate.application.registry import PlanRegistry
from plangate.application.warnings import LogSetAside
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, doctor, restore_backup
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd


def create(registry: PlanRegistry, *plan_ids: str) -> None:
    for plan_id in plan_ids:
        registry.create("Ship it " * 30, [{"id": "a", "title": "Build"}], plan_id=plan_id)


def made(path: Path, *plan_ids: str) -> Path:
    with connect(path) as registry:
        create(registry, *plan_ids)
    return path


def plans(path: Path) -> list[str]:
    with connect(path) as registry:
        assert registry.replay.check().mismatch_count == 0
        return [plan.plan_id for plan in registry.list_plans().plans]


def work_and_wait(path: Path, plan_ids: tuple[str, ...], acknowledged: Connection) -> None:
    with connect(path) as registry:
        create(registry, *plan_ids)
        acknowledged.send(len(plan_ids))
        acknowledged.recv()


def crashed(path: Path, *plan_ids: str) -> Path:
    """A store whose process was killed after these plans; they are in its log."""
    ours, theirs = PROCESSES.Pipe()
    with crowd() as alone:
        alone.start(work_and_wait, path, plan_ids, theirs)
        assert ours.poll(PATIENCE)
        assert alone.kill() == 1
    assert log_of(path).stat().st_size
    return path


def open_and_close(path: Path, seen: Connection) -> None:
    with connect(path) as registry:
        seen.send([plan.plan_id for plan in registry.list_plans().plans])


def seen_by_another(path: Path) -> list[str]:
    """The plans that another process sees, which opens and closes the store."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(open_and_close, path, theirs)
        assert ours.poll(PATIENCE)
        alone.finish()
        seen: list[str] = ours.recv()
    return seen


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def note_of(path: Path) -> Path:
    return path.with_name(path.name + "-id")


def set_aside(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}-wal.set-aside-*"))


# --- a log that belongs to the file ----------------------------------------------


def test_the_log_of_a_killed_process_is_replayed(tmp_path: Path) -> None:
    store = crashed(made(tmp_path / "plans.db", "old"), "new")
    assert plans(store) == ["old", "new"]


def with_its_note(store: Path) -> None:
    """Left as it is."""


def without_its_note(store: Path) -> None:
    """As an older plangate left it."""
    note_of(store).unlink()


@pytest.mark.parametrize("prepare", [with_its_note, without_its_note])
def test_a_file_and_its_log_can_be_copied_together(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    store = crashed(made(tmp_path / "plans.db", "old"), "new")
    prepare(store)
    shutil.copytree(tmp_path, tmp_path / "copied")
    assert plans(tmp_path / "copied" / "plans.db") == ["old", "new"]
    assert plans(store) == ["old", "new"]


def test_a_store_that_was_never_checkpointed_is_replayed_without_its_note(tmp_path: Path) -> None:
    store = crashed(tmp_path / "plans.db", "new")
    note_of(store).unlink()
    assert plans(store) == ["new"]


def test_a_store_can_be_moved_away_and_back(tmp_path: Path) -> None:
    store = crashed(made(tmp_path / "plans.db", "old"), "new")
    moved = store.rename(tmp_path / "moved.db")
    moved.rename(store)
    assert plans(store) == ["old", "new"]


# --- a log that belongs to another file --------------------------------------------


def backup_of_the_same_store(store: Path, other: Path) -> None:
    backup(other, store)


def backup_of_another_store(store: Path, other: Path) -> None:
    backup(other, made(store.with_name("another.db"), "old"))


def copy_of_the_closed_file(store: Path, other: Path) -> None:
    shutil.copy(store, other)
    with connect(store) as registry:
        create(registry, *(f"later{number}" for number in range(60)))


@pytest.mark.parametrize(
    "make, prepare",
    [
        (backup_of_the_same_store, with_its_note),
        (backup_of_another_store, with_its_note),
        (backup_of_another_store, without_its_note),
        (copy_of_the_closed_file, with_its_note),
        (copy_of_the_closed_file, without_its_note),
    ],
)
def test_what_is_moved_over_a_crashed_store_is_what_is_read(
    tmp_path: Path, make: Callable[[Path, Path], None], prepare: Callable[[Path], None]
) -> None:
    store, other = made(tmp_path / "plans.db", "old"), tmp_path / "other.db"
    make(store, other)
    log = log_of(crashed(store, "new")).read_bytes()
    prepare(store)

    other.rename(store)

    checkup = doctor(store)
    assert (checkup.health, log_of(store).read_bytes()) == (Health.PROBLEM, log)
    assert [o.place for o in checkup.observations if o.check == "leftover"] == [str(log_of(store))]
    with pytest.warns(LogSetAside, match=r"plans\.db-wal was set aside as"):
        assert plans(store) == ["old"]
    (aside,) = set_aside(store)
    assert aside.read_bytes() == log
    made(store, "newer")
    assert plans(store) == ["old", "newer"]
    assert doctor(store).health is Health.WARNING


def test_without_a_note_a_log_that_continues_a_backup_without_a_gap_is_replayed(
    tmp_path: Path,
) -> None:
    store = made(tmp_path / "plans.db", "old")
    backup(tmp_path / "saved.db", store)
    note_of(crashed(store, "new")).unlink()
    (tmp_path / "saved.db").rename(store)
    assert plans(store) == ["old", "new"]


def test_a_backup_that_is_copied_over_a_crashed_store_is_what_is_read(tmp_path: Path) -> None:
    store = made(tmp_path / "plans.db", "old")
    backup(tmp_path / "saved.db", store)
    crashed(store, "new")
    store.write_bytes((tmp_path / "saved.db").read_bytes())
    with pytest.warns(LogSetAside):
        assert plans(store) == ["old"]


def test_a_backup_over_a_store_that_is_only_in_its_log(tmp_path: Path) -> None:
    backup(tmp_path / "saved.db", made(tmp_path / "another.db", "saved"))
    store = crashed(tmp_path / "plans.db", "new")
    note_of(store).unlink()
    (tmp_path / "saved.db").rename(store)
    with pytest.warns(LogSetAside):
        assert plans(store) == ["saved"]


def test_a_log_whose_file_is_gone_is_set_aside(tmp_path: Path) -> None:
    store = crashed(made(tmp_path / "plans.db", "old"), "new")
    store.unlink()
    with pytest.warns(LogSetAside, match="the file is empty"):
        assert plans(store) == []
    assert len(set_aside(store)) == 1


def test_a_reader_ignores_the_log_of_another_file(tmp_path: Path) -> None:
    store = made(tmp_path / "plans.db", "old")
    backup(tmp_path / "saved.db", store)
    crashed(store, "new")
    (tmp_path / "saved.db").rename(store)
    assert restore_backup(store, tmp_path / "again.db").plans == 1
    assert backup(tmp_path / "b.db", store).plans == 1
    assert log_of(store).stat().st_size


# --- while a registry is open ---------------------------------------------------------


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A link to a store."""
    (tmp_path / "real").mkdir()
    made(tmp_path / "real" / "plans.db", "old")
    (tmp_path / "plans.db").symlink_to(tmp_path / "real" / "plans.db")
    return tmp_path / "plans.db"


def delete(store: Path) -> None:
    store.resolve().unlink()


def rename(store: Path) -> None:
    store.resolve().rename(store.with_name("moved.db"))


def replace_by_a_backup(store: Path) -> None:
    backup(store.with_name("saved.db"), store)
    store.with_name("saved.db").rename(store.resolve())


def replace_by_another(store: Path) -> None:
    made(store.with_name("another.db"), "another").rename(store.resolve())


def rename_and_create(store: Path) -> None:
    rename(store)
    made(store, "created")


def retarget(store: Path) -> None:
    other = made(store.with_name("another.db"), "another")
    store.unlink()
    store.symlink_to(other)


CHANGES = [delete, rename, replace_by_a_backup, replace_by_another, rename_and_create, retarget]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore::plangate.LogSetAside")
def test_nothing_is_acknowledged_once_the_file_is_not_at_its_path(
    link: Path, change: Callable[[Path], None]
) -> None:
    with connect(link) as registry:
        create(registry, "before")
        change(link)
        for _ in range(2):
            with pytest.raises(StoreReplaced, match="while it was open"):
                registry.delete("before")
            with pytest.raises(StoreReplaced):
                registry.get_status("before")
            with pytest.raises(StoreReplaced):
                registry.views.plans()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore::plangate.LogSetAside")
def test_what_is_there_now_is_served_while_the_old_registry_closes(
    link: Path, change: Callable[[Path], None]
) -> None:
    old = connect(link)
    create(old, "before")
    change(link)
    with pytest.raises(StoreReplaced):
        old.get("before")
    with connect(link) as new:
        first = [plan.plan_id for plan in new.list_plans().plans]
        create(new, "new")
        old.close()
        create(new, "newer")
        assert seen_by_another(link) == [*first, "new", "newer"]
        create(new, "newest")
    assert plans(link) == [*first, "new", "newer", "newest"]
    assert doctor(link).health is not Health.PROBLEM


def test_what_is_read_in_the_file_leaves_the_locks_of_its_registry(tmp_path: Path) -> None:
    store = made(tmp_path / "plans.db", "old")
    with connect(store) as registry:
        create(registry, "before")
        assert doctor(store).health is Health.OK
        backup(tmp_path / "saved.db", store)
        connect(store).close()
        assert seen_by_another(store) == ["old", "before"]  # and does not remove the log
        create(registry, "after")
        assert seen_by_another(store) == ["old", "before", "after"]
    assert plans(store) == ["old", "before", "after"]


# --- one file by any name ---------------------------------------------------------------


def test_a_link_names_the_file_and_what_lies_beside_it(link: Path, tmp_path: Path) -> None:
    with connect(link) as registry:
        create(registry, "new")
        assert backup(tmp_path / "saved.db", link).plans == 2
        assert restore_backup(link, tmp_path / "again.db").plans == 2
        events = [o.found for o in doctor(link).observations if o.check == "end"]
        assert "assigned, 2" in events[0]
    assert sorted(path.name for path in tmp_path.iterdir() if "plans" in path.name) == ["plans.db"]


def test_a_link_may_name_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "plans.db").symlink_to(tmp_path / "real.db")
    made(tmp_path / "plans.db", "new")
    assert plans(tmp_path / "real.db") == ["new"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plans.db").symlink_to("plans.db")
    with pytest.raises(NotAStore, match="leads to itself"):
        connect(tmp_path / "plans.db")


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    store = made(tmp_path / "plans.db", "old")
    (tmp_path / "second.db").hardlink_to(store)
    for name in (store, tmp_path / "second.db"):
        with pytest.raises(NotAStore, match="2 names"):
            connect(name)
    assert doctor(store).health is Health.WARNING


# --- rights ---------------------------------------------------------------------------------


@pytest.fixture(params=[0o000, 0o077, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = tmp_path / "plans.db"
    with connect(store) as registry:
        create(registry, "new")
        backup(tmp_path / "saved.db", store)
        restore_backup(tmp_path / "saved.db", tmp_path / "again.db")
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
            **dict.fromkeys(["plans.db", "plans.db-wal", "plans.db-shm", "plans.db-id"], "0o600"),
            **dict.fromkeys(["saved.db", "again.db"], "0o600"),
        }


def test_the_rights_of_a_store_that_is_there_stay(tmp_path: Path) -> None:
    made(tmp_path / "plans.db", "old").chmod(0o640)
    with connect(tmp_path / "plans.db") as registry:
        create(registry, "new")
        modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} - {0o600}
        assert modes == {0o640}
