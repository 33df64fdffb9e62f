"""The doctor looks at stores as they lie, names what is wrong by place, and changes nothing."""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import plangate
from plangate.application.errors import NotAStore
from plangate.application.operations.reports import Checkup, Health
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import doctor
from plangate.infrastructure.sqlite import checkup as sqlite_checkup
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION
from tests.reliability.test_damaged_events import DAMAGES
from tests.support.model.random_work import RandomWork
from tests.support.reliability.copy_workers import examine_as_nobody
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.umadb import umadb_server

TASKS = [{"id": "a", "title": "Build"}]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of a few plans, with views, that no process has open."""
    path = tmp_path / "plans.db"
    with connect(path) as registry:
        for plan_id in ("p", "q"):
            registry.create("Ship it", TASKS, plan_id=plan_id)
            registry.score_prompt(plan_id, "a", 0.5)
            registry.score_prompt(plan_id, "a", 0.6)
        registry.views.plans()
    return path


def altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def ill(checkup: Checkup) -> dict[str, str]:
    """What is not well, by check: what was found, and where."""
    return {
        o.check: f"{o.found} at {o.place}"
        for o in checkup.observations
        if o.health is not Health.OK
    }


def well(checkup: Checkup, check: str) -> str:
    (observation,) = [o for o in checkup.observations if o.check == check]
    assert observation.health is Health.OK
    return observation.found


# --- files that are well ---


def test_a_store_that_is_well_is_left_alone_down_to_its_folder(store: Path) -> None:
    before, files = store.read_bytes(), set(store.parent.iterdir())
    reported: list[tuple[int, int]] = []

    checkup = doctor(store, progress=lambda done, total: reported.append((done, total)))

    assert checkup.health is Health.OK
    assert checkup.store == str(store)
    assert (store.read_bytes(), set(store.parent.iterdir())) == (before, files)
    assert reported[-1] == (12, 12)
    assert "SQLite" in well(checkup, "versions")
    assert "synchronous=FULL" in well(checkup, "durability")
    assert well(checkup, "end") == "the log ends at the newest position that was assigned, 6"
    assert plangate.doctor is doctor


def test_a_store_in_use_is_examined_in_its_current_state(store: Path) -> None:
    with connect(store) as registry:
        registry.score_prompt("p", "a", 0.7)
        files = {path.name: path.read_bytes() for path in store.parent.glob("*-wal")}
        assert files
        checkup = doctor(store)
        assert checkup.health is Health.OK
        assert "in use" in well(checkup, "file")
        assert well(checkup, "end").endswith("assigned, 7")
        assert {p.name: p.read_bytes() for p in store.parent.glob("*-wal")} == files
    assert store.parent.exists()


def test_a_store_left_by_a_crash_is_examined_with_its_log(store: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with connect(store) as registry:
        registry.score_prompt("p", "a", 0.7)
        for name in ("plans.db", "plans.db-wal"):
            shutil.copy(store.with_name(name), left)
    checkup = doctor(left / "plans.db")
    assert checkup.health is Health.OK
    assert well(checkup, "end").endswith("assigned, 7")


def test_opening_it_meanwhile_gives_no_false_alarm(store: Path) -> None:
    opened: list[PlanRegistry] = []

    def open_it(_done: int, _total: int) -> None:
        if not opened:
            opened.append(connect(store))
            opened[0].score_prompt("p", "a", 0.7)

    checkup = doctor(store, progress=open_it)
    opened[0].close()
    assert checkup.health is Health.OK
    assert well(checkup, "end").endswith("assigned, 7")


@pytest.fixture
def shared(store: Path) -> Iterator[Path]:
    """The store at a place where everybody may go."""
    folder = Path(tempfile.mkdtemp())
    shutil.copy(store, folder)
    yield folder / store.name
    folder.chmod(0o777)
    shutil.rmtree(folder)


def test_a_store_that_may_only_be_read_or_not_at_all(shared: Path) -> None:
    shared.chmod(0o444)
    shared.parent.chmod(0o555)
    assert ill(_seen_without_rights(shared)) == {}
    shared.chmod(0)
    assert "cannot be read: no right to read the file" in ill(_seen_without_rights(shared))["file"]


def _seen_without_rights(path: Path) -> Checkup:
    """What a process without rights finds."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as alone:
        alone.start(examine_as_nobody, path, theirs)
        assert ours.poll(PATIENCE)
        seen: Checkup = ours.recv()
        alone.finish()
    return seen


def test_an_older_layout_is_reported_and_not_upgraded(store: Path) -> None:
    views = [f"DROP TABLE {name}" for name in ("view_marks", "view_stuck")]
    altered(store, *views, "PRAGMA user_version = 1")
    checkup = doctor(store)
    assert checkup.health is Health.OK
    assert "layout 1; the next command upgrades it" in well(checkup, "store")
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


# --- files that are none ---


def test_what_is_not_a_store_is_reported_as_a_problem(tmp_path: Path) -> None:
    def made(name: str, *statements: str) -> Path:
        altered(tmp_path / name, *statements)
        return tmp_path / name

    (tmp_path / "diary").write_text("Dear diary\n" * 50, "utf-8")
    newer = made(
        "newer", "PRAGMA application_id = 0x504C4754", f"PRAGMA user_version = {LAYOUT_VERSION + 1}"
    )
    expected = {
        tmp_path / "nowhere.db": "there is no file",
        tmp_path: "a folder, not a database file",
        tmp_path / "diary": "not a SQLite database",
        made("notes", "CREATE TABLE notes (note TEXT)"): "a database of another application",
        made("vacant", "CREATE TABLE t (x)", "DROP TABLE t"): "an empty database",
        newer: f"has layout {LAYOUT_VERSION + 1}",
    }
    for path, why in expected.items():
        before = sorted(tmp_path.iterdir())
        checkup = doctor(path)
        assert checkup.health is Health.PROBLEM
        assert any(why in found and str(path) in found for found in ill(checkup).values()), path
        assert sorted(tmp_path.iterdir()) == before


def test_what_names_no_store_is_refused() -> None:
    with pytest.raises(NotAStore, match="there is no engine for mysql://"):
        doctor("mysql://host/plans")


# --- what was done to a store ---


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_every_damaged_event_is_named(store: Path, damage: str) -> None:
    where = "WHERE originator_id = 'p' AND originator_version = 2"
    altered(store, f"UPDATE stored_events SET {damage} {where}")
    checkup = doctor(store)
    assert checkup.health is Health.PROBLEM
    problems = [f"{o.found} {o.place}" for o in checkup.observations if o.health is Health.PROBLEM]
    assert any("p@2" in each for each in problems)  # it, or that it is missing


@pytest.mark.parametrize(
    "statement, check, found",
    [
        ("DELETE FROM stored_events WHERE notification_id = 6", "end", "the log ends at 5"),
        (
            "DELETE FROM stored_events WHERE notification_id = 2",
            "positions",
            "no event at position 2",
        ),
        ("DELETE FROM stored_events WHERE notification_id = 2", "histories", "p@2 should be here"),
        (
            "DELETE FROM stored_events WHERE notification_id > 4",
            "views",
            "beyond the end of the log",
        ),
        ("UPDATE view_plans SET labels = '{'", "rows", "a row is damaged at plans"),
        (
            "INSERT INTO view_stuck VALUES ('plans', 0, 'p', 3, 3, 'it failed', '2026-01-01')",
            "views",
            "plans is stuck: it failed at p@3",
        ),
        ("DROP TABLE view_marks", "views", "cannot be examined"),
        ("PRAGMA journal_mode = DELETE", "durability", "not in write-ahead mode"),
    ],
)
def test_what_was_done_to_a_store_is_found(
    store: Path, statement: str, check: str, found: str
) -> None:
    altered(store, statement)
    problems = ill(doctor(store))
    assert found in problems[check]


def test_an_index_without_one_of_its_rows_is_found(store: Path) -> None:
    altered(
        store,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE (originator_id, originator_version)',"
        " 'CHECK (1 OR originator_id = originator_version)') WHERE name = 'stored_events'",
        "DELETE FROM sqlite_master WHERE name = 'sqlite_autoindex_stored_events_1'",
    )
    assert "page" in ill(doctor(store))["integrity"]


def test_little_space_and_a_long_log_are_warnings(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_checkup, "_LONG_LOG", 0)
    with connect(store) as registry:
        registry.score_prompt("p", "a", 0.7)
        checkup = doctor(store)
    assert checkup.health is Health.WARNING
    assert "the write-ahead log has grown to" in ill(checkup)["space"]
    monkeypatch.setattr(sqlite_checkup, "_LITTLE_SPACE", 2**62)
    assert "left on the disk" in ill(doctor(store))["space"]


# --- other engines ---


@pytest.fixture
def busy(postgres: PostgresServer) -> Iterator[PlanRegistry]:
    with connect(postgres.url) as registry:
        RandomWork(registry, random.Random(3)).go_on(40)
        registry.create("Ship it", TASKS, plan_id="p")
        registry.score_prompt("p", "a", 0.5)
        yield registry


@pytest.mark.usefixtures("busy")
def test_a_store_in_postgres_that_is_well(postgres: PostgresServer) -> None:
    reported: list[tuple[int, int]] = []
    checkup = doctor(postgres.url, progress=lambda done, total: reported.append((done, total)))
    assert checkup.health is Health.OK
    assert "(schema plangate)" in checkup.store
    assert reported[-1][0] == reported[-1][1] > 0
    assert "synchronous_commit on, on this server alone" in well(checkup, "durability")
    assert "may read and record" in well(checkup, "rights")


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    "statement, check, found",
    [
        ("UPDATE plangate.stored_events SET state = '{' WHERE {p1}", "events", "p@1"),
        (
            "UPDATE plangate.stored_events SET state = replace(state, '\":', '\": ') WHERE {p1}",
            "bytes",
            "p@1",
        ),
        ("DELETE FROM plangate.stored_events WHERE {p1}", "histories", "p@1 should be here"),
        ("DELETE FROM plangate.stored_events WHERE {p1}", "positions", "no event at position"),
        ("UPDATE plangate.plangate_layout SET version = 99", "store", "has layout 99"),
        ("DROP TABLE plangate.stored_events", "store", "only a part of plangate's tables"),
        ("DROP SCHEMA plangate CASCADE", "store", "no plangate tables in the schema plangate"),
    ],
)
def test_what_is_wrong_in_postgres_is_found(
    postgres: PostgresServer, statement: str, check: str, found: str
) -> None:
    postgres.execute(statement.replace("{p1}", "originator_id = 'p' AND originator_version = 1"))
    checkup = doctor(postgres.url)
    assert checkup.health is Health.PROBLEM
    assert found in ill(checkup)[check]


@pytest.mark.usefixtures("busy")
def test_missing_rights_are_reported(postgres: PostgresServer) -> None:
    postgres.execute("CREATE ROLE reader LOGIN")
    url = postgres.url.replace("plangate@", "reader@")
    try:
        assert "refuses access to this user" in ill(doctor(url))["store"]
        postgres.execute("GRANT USAGE ON SCHEMA plangate TO reader")
        postgres.execute("GRANT SELECT ON plangate.plangate_layout TO reader")
        assert "may not read events" in ill(doctor(url))["rights"]
        postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA plangate TO reader")
        checkup = doctor(url)
        assert checkup.health is Health.WARNING
        assert "but not record any" in ill(checkup)["rights"]
    finally:
        postgres.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_a_server_that_does_not_answer_is_a_problem(postgres: PostgresServer) -> None:
    checkup = doctor(postgres.url.replace(f":{postgres.port}", ":1"))
    assert "did not answer" in ill(checkup)["server"]


def test_settings_that_lose_what_was_acknowledged_are_a_problem() -> None:
    from plangate.infrastructure.postgres.checkup import _settings  # noqa: PLC0415

    usual: dict[str, Any] = {
        "version": "18.4",
        "standby": False,
        "encoding": "UTF8",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "off",
        "standbys": "two",
        "data_checksums": "on",
    }
    assert {o.health for o in _settings(usual)} == {Health.OK}
    for name, value in (("fsync", "off"), ("full_page_writes", "off"), ("encoding", "LATIN1")):
        assert Health.PROBLEM in {o.health for o in _settings(usual | {name: value})}
    assert Health.WARNING in {o.health for o in _settings(usual | {"standby": True})}


def test_other_stores_are_examined_by_their_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor("memory:").health is Health.OK
    with umadb_server(tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with connect("engine:") as registry:
            registry.create("Ship it", TASKS, plan_id="p")
        checkup = doctor("engine:")
    assert (checkup.store, checkup.health) == ("engine:", Health.OK)
