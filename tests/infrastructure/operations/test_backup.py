"""A backup is the whole store at one moment, while others write, or it is not there."""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

import pytest

import plangate
from plangate.application import plan_log
from plangate.application.errors import (
    NotAStore,
    StoreError,
    StoreNotEmpty,
    StoreTooNew,
)
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, restore_backup
from plangate.infrastructure.sqlite import backup as sqlite_backup
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION
from tests.support.model.random_work import RandomWork
from tests.support.reliability.copy_workers import back_up_and_hang, back_up_with_little_space
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "Build"}]


def entries(registry: PlanRegistry) -> list[StoredEntry]:
    return list(registry._store.read_all_stored(limit=99_999))


def names(folder: Path) -> set[str]:
    """What is in a folder, beside the note of the store."""
    return {path.name for path in folder.iterdir()} - {"plans.db-id"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of some plans, whose views are kept."""
    path = tmp_path / "plans.db"
    with connect(path) as registry:
        RandomWork(registry, random.Random(2)).go_on(120)
        assert registry.views.plans().plans
    return path


# --- making one ---


def test_a_backup_is_a_store_with_all_that_was_there(store: Path, tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    report = backup(
        tmp_path / "b.db", store, progress=lambda done, total: reported.append((done, total))
    )

    assert names(tmp_path) == {"plans.db", "b.db"}
    assert report.file == str(tmp_path / "b.db")
    assert report.bytes == (tmp_path / "b.db").stat().st_size
    assert reported[-1][0] == reported[-1][1] == report.bytes // 4096
    with connect(store) as ours, connect(tmp_path / "b.db") as theirs:
        assert entries(theirs) == entries(ours)
        assert (report.events, report.position) == (
            len(entries(ours)),
            ours.history.last_position(),
        )
        assert report.plans == len(ours.list_plans().plans) + _deleted(ours)
        assert theirs.views.report() == ours.views.report()
        assert theirs.views.plans() == ours.views.plans()


def _deleted(registry: PlanRegistry) -> int:
    return sum(entry.name == "plan-deleted" for entry in entries(registry))


def test_writers_go_on_and_what_they_were_promised_before_is_in_it(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_backup, "_PAGES_AT_A_TIME", 8)
    stop, wrote, promised = Event(), Event(), [0, 0, 0]

    def write(writer: int) -> None:
        with connect(store) as registry:
            plan_id = registry.create("Ship it", TASKS, plan_id=f"w{writer}").plan_id
            while not stop.is_set():
                registry.update(plan_id, "a", prompt_score=0.9, output_score=0.1)
                promised[writer] = registry.history.last_position()
                wrote.set()

    def look_on(_done: int, _total: int) -> None:
        """Continue the backup after another process has written."""
        wrote.clear()
        assert wrote.wait(30)

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, writer) for writer in range(3)]
        try:
            while not all(promised):
                look_on(0, 0)
            for number in range(4):
                before = max(promised)
                report = backup(tmp_path / f"{number}.db", store, progress=look_on)
                assert before <= report.position == report.events < max(promised)
                with connect(tmp_path / f"{number}.db") as registry:
                    for name in ("w0", "w1", "w2"):
                        _commands_are_whole(registry, name)
        finally:
            stop.set()
        for ended in writers:
            ended.result()


def _commands_are_whole(registry: PlanRegistry, plan_id: str) -> None:
    history = registry.history.of(plan_id)
    heads = {entry.envelope.causation_id for entry in history} - {None}
    last = [e for e in history if e.envelope.causation_id is None][-1].envelope
    assert last.version == 1 or last.event_id in heads


def test_a_backup_takes_the_place_of_nothing(store: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.db"
    taken.write_text("mine", "utf-8")
    with pytest.raises(InvalidInput, match="exists already"):
        backup(taken, store)
    assert taken.read_text("utf-8") == "mine"

    late = tmp_path / "late.db"
    with pytest.raises(InvalidInput, match="exists already"):
        backup(late, store, progress=lambda _done, _total: _write(late))
    assert late.read_text("utf-8") == "mine"
    assert names(tmp_path) == {"plans.db", "taken.db", "late.db"}


def _write(path: Path) -> None:
    path.write_text("mine", "utf-8")


def test_without_links_a_backup_is_renamed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    backup(tmp_path / "b.db", store)
    assert names(tmp_path) == {"plans.db", "b.db"}
    late = tmp_path / "late.db"
    with pytest.raises(InvalidInput, match="exists already"):
        backup(late, store, progress=lambda _done, _total: _write(late))
    assert late.read_text("utf-8") == "mine"


def test_there_must_be_a_folder_and_a_store(tmp_path: Path, store: Path) -> None:
    with pytest.raises(InvalidInput, match="the folder"):
        backup(tmp_path / "nowhere" / "b.db", store)
    with pytest.raises(NotAStore, match="there is no file"):
        backup(tmp_path / "b.db", tmp_path / "nowhere.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotAStore, match="is empty, and not a store"):
        backup(tmp_path / "b.db", tmp_path / "empty.db")
    assert names(tmp_path) == {"plans.db", "empty.db"}


def test_a_damaged_store_gives_no_backup(store: Path, tmp_path: Path) -> None:
    _zero(store, page=3)
    with pytest.raises(NotAStore, match="is damaged"):
        backup(tmp_path / "b.db", store)
    assert names(tmp_path) == {"plans.db"}


def _zero(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))


def test_an_incomplete_copy_is_not_a_backup(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(path: Path) -> sqlite_backup.Extent:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM stored_events WHERE notification_id > 5")
            connection.commit()
        return verified_extent(path)

    verified_extent = sqlite_backup.verified_extent
    monkeypatch.setattr(sqlite_backup, "verified_extent", lose)
    with pytest.raises(NotAStore, match="holds 5 events up to position 5 instead of"):
        backup(tmp_path / "b.db", store)
    assert names(tmp_path) == {"plans.db"}


def test_killed_in_the_middle_there_is_no_backup_and_the_next_one_is_whole(
    store: Path, tmp_path: Path
) -> None:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(back_up_and_hang, store, tmp_path / "b.db", theirs)
        assert ours.poll(PATIENCE)
        assert alone.kill() == 1
    assert not (tmp_path / "b.db").exists()
    assert backup(tmp_path / "b.db", store).events > 0


def test_without_space_there_is_no_backup(store: Path, tmp_path: Path) -> None:
    assert _said_by(back_up_with_little_space, store, tmp_path / "b.db") == "StoreUnavailable"
    assert names(tmp_path) <= {"plans.db", "plans.db-wal", "plans.db-shm"}


def _said_by(work: Callable[[Path, Path, Connection], None], store: Path, path: Path) -> str:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(work, store, path, theirs)
        assert ours.poll(PATIENCE)
        said: str = ours.recv()
        alone.finish()
    return said


# --- other engines ---


@pytest.fixture
def busy(postgres: PostgresServer) -> Iterator[PlanRegistry]:
    """A store in PostgreSQL with some plans."""
    with connect(postgres.url) as registry:
        RandomWork(registry, random.Random(3)).go_on(80)
        yield registry


def test_a_store_in_postgres_is_backed_up_into_a_file_and_back(
    busy: PlanRegistry, postgres: PostgresServer, tmp_path: Path
) -> None:
    report = backup(tmp_path / "b.db", postgres.url)
    assert names(tmp_path) == {"b.db"}
    assert report.position == busy.history.last_position()

    restored = restore_backup(tmp_path / "b.db", postgres.url, schema="again")
    assert (restored.events, restored.positions_kept) == (report.events, True)
    restore_backup(tmp_path / "b.db", tmp_path / "file.db")
    for target in (
        connect(postgres.url, schema="again"),
        connect(tmp_path / "file.db"),
        connect(tmp_path / "b.db"),
    ):
        with target as registry:
            assert entries(registry) == entries(busy)
            assert registry.list_plans() == busy.list_plans()


def test_in_memory_there_is_nothing_to_back_up_and_a_pool_serves_too(
    busy: PlanRegistry, postgres: PostgresServer, tmp_path: Path
) -> None:
    from psycopg_pool import ConnectionPool  # noqa: PLC0415

    with ConnectionPool(postgres.url, open=True) as pool:
        assert backup(tmp_path / "b.db", pool).position == busy.history.last_position()
    assert backup(tmp_path / "m.db", "memory:").events == 0


# --- bringing one back ---


@pytest.fixture
def saved(store: Path, tmp_path: Path) -> Path:
    """A backup of the store, which is lost."""
    backup(tmp_path / "b.db", store)
    store.unlink()
    return tmp_path / "b.db"


def test_a_backup_is_brought_back_where_nothing_is(saved: Path, store: Path) -> None:
    before = saved.read_bytes()
    report = restore_backup(saved, store)
    assert names(store.parent) == {"b.db", "plans.db"}
    assert saved.read_bytes() == before
    with connect(store) as registry:
        assert report.events == len(entries(registry))
        assert report.positions_kept
        assert registry.views.report().views[0].lag == 0  # the views came along
        registry.create("On we go", TASKS)


@pytest.mark.parametrize("left", ["plans.db-wal", "plans.db-journal"])
def test_it_does_not_go_beside_the_log_of_another_store(
    saved: Path, store: Path, left: str
) -> None:
    store.with_name(left).touch()
    with pytest.raises(InvalidInput, match=f"{left} exists already"):
        restore_backup(saved, store)
    assert not store.exists()


def test_it_goes_into_an_empty_store(saved: Path, store: Path) -> None:
    connect(store).close()
    report = restore_backup(saved, store)
    with connect(store) as registry, connect(saved) as source:
        assert entries(registry) == entries(source)
        assert len(entries(source)) == report.events


def test_it_never_takes_the_place_of_plans(saved: Path, store: Path) -> None:
    with connect(store) as registry:
        registry.create("Mine", TASKS, plan_id="mine")
    with pytest.raises(StoreNotEmpty, match="holds plans") as refusal:
        restore_backup(saved, store)
    assert (refusal.value.store, refusal.value.events) == (str(store), 1)
    with connect(store) as registry:
        assert [entry.event_id for entry in entries(registry)] == ["mine@1"]


def test_cut_short_it_goes_on(saved: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(store).close()
    monkeypatch.setattr(plan_log, "PAGE", 7)

    def stop(done: int, _total: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_backup(saved, store, progress=stop)
    with connect(store) as registry:
        assert 0 < registry.history.last_position() < 100
    report = restore_backup(saved, store)
    with connect(store) as registry:
        assert registry.history.last_position() == report.position
    assert restore_backup(saved, store) == report  # it is all there


@pytest.mark.parametrize("cut", [0, 50, 4_096, 8_192, 20_000, -1])
def test_a_cut_backup_is_refused(saved: Path, store: Path, cut: int) -> None:
    os.truncate(saved, cut if cut >= 0 else saved.stat().st_size - 4_096)
    with pytest.raises(NotAStore):
        restore_backup(saved, store)
    assert names(store.parent) == {"b.db"}


def test_what_is_not_a_backup_is_refused(tmp_path: Path, store: Path) -> None:
    new = tmp_path / "new.db"
    (tmp_path / "diary").write_text("Dear diary\n" * 50, "utf-8")
    for path in (tmp_path / "diary", tmp_path / "nowhere", tmp_path):
        with pytest.raises(NotAStore):
            restore_backup(path, new)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION + 1}")
    with pytest.raises(StoreTooNew):
        restore_backup(store, new)
    assert not new.exists()


def test_a_backup_with_a_damaged_page_is_refused(saved: Path, store: Path) -> None:
    pages = saved.stat().st_size // 4_096
    for page in range(2, pages + 1):
        spoilt = saved.with_name("spoilt.db")
        spoilt.write_bytes(saved.read_bytes())
        _zero(spoilt, page)
        with pytest.raises(NotAStore, match="damaged"):
            restore_backup(spoilt, store)
    assert not store.exists()


def test_they_are_in_the_public_api() -> None:
    assert (plangate.backup, plangate.restore_backup) == (backup, restore_backup)
    assert issubclass(plangate.StoreNotEmpty, StoreError)
