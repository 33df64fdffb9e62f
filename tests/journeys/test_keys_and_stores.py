"""API keys beside the plans: in old stores, backups, bundles and copies."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import plangate
from plangate.application.errors import KeyRefused
from plangate.infrastructure import addresses
from tests.support.servers.postgres import PostgresServer

TASKS = [{"id": "a", "title": "A"}]


def test_a_backup_holds_digests_and_a_bundle_no_keys(tmp_path: Path) -> None:
    store, saved, back = (tmp_path / name for name in ("plans.db", "saved.db", "back.db"))
    with plangate.connect(store) as registry:
        registry.create("g", TASKS, plan_id="p")
        issued = registry.keys.create("judge", ["admin"])
        registry.bundles.export(tmp_path / "plans.bundle")
    plangate.backup(saved, store)
    plangate.restore_backup(saved, back)
    secret = issued.token.split("_")[2].encode()
    for path in tmp_path.iterdir():
        assert secret not in path.read_bytes()
    assert issued.key.key_id.encode() not in (tmp_path / "plans.bundle").read_bytes()
    with plangate.connect(back) as registry:
        assert registry.keys.verify(issued.token) == issued.key
    with plangate.connect(tmp_path / "other.db") as registry:
        registry.bundles.import_bundle(tmp_path / "plans.bundle")
        assert list(registry.keys.list()) == []
    assert plangate.doctor(back).health == "ok"


def test_keys_go_through_a_backup_of_postgresql(postgres: PostgresServer, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    with plangate.connect(postgres.url) as registry:
        registry.create("g", TASKS, plan_id="p")
        kept = registry.keys.create("judge", ["admin"])
        lost = registry.keys.create("lost", ["admin"])
        registry.keys.revoke(lost.key.key_id, actor="ann")
        listed = registry.keys.list()
    plangate.backup(saved, postgres.url)
    plangate.restore_backup(saved, postgres.url, schema="again")
    with plangate.connect(postgres.url, schema="again") as registry:
        assert registry.keys.list() == listed
        assert registry.keys.verify(kept.token) == kept.key
        with pytest.raises(KeyRefused, match="revoked"):
            registry.keys.verify(lost.token)
    assert plangate.doctor(postgres.url).health == "ok"


def test_an_older_store_has_no_keys_while_it_is_only_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "plans.db"
    with plangate.connect(store) as registry:
        registry.create("g", TASKS, plan_id="p")
    with closing(sqlite3.connect(store)) as connection:
        connection.executescript("DROP TABLE api_keys; PRAGMA user_version = 5")
    monkeypatch.setattr(addresses, "may_write", lambda _: False)
    with plangate.connect(store) as registry:
        assert registry.get_status("p").version == 1
        assert list(registry.keys.list()) == []
        assert not registry.keys.any_valid()
        with pytest.raises(plangate.StoreReadOnly):
            registry.keys.create("judge", ["admin"])
    monkeypatch.undo()
    with plangate.connect(store) as registry:
        token = registry.keys.create("judge", ["admin"]).token
        assert registry.keys.verify(token).name == "judge"
