"""The promises of every store of API keys."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from plangate.application.access.key_store import ApiKey, KeyStore, StoredKey, copy_keys
from plangate.application.access.scopes import Scope
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.postgres.keys import PostgresKeyStore
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.keys import SqliteKeyStore
from tests.support.servers.postgres import PostgresServer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Another = Callable[[], KeyStore]


@contextmanager
def _memory(_request: pytest.FixtureRequest, _folder: Path) -> Iterator[Another]:
    store = MemoryKeyStore()
    yield lambda: store


@contextmanager
def _sqlite(_request: pytest.FixtureRequest, folder: Path) -> Iterator[Another]:
    opened: list[SqliteFile] = []

    def one_more() -> KeyStore:
        opened.append(SqliteFile(folder / "plans.db"))
        return SqliteKeyStore(opened[-1])

    yield one_more
    for file in opened:
        file.close()


@contextmanager
def _postgres(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Another]:
    server: PostgresServer = request.getfixturevalue("postgres")
    opened = []

    def one_more() -> KeyStore:
        opened.append(open_schema(server.url))
        return PostgresKeyStore(opened[-1])

    yield one_more
    for schema in opened:
        schema.close()


@pytest.fixture(params=[_memory, _sqlite, _postgres], ids=lambda places: places.__name__)
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Another]:
    """Opens the same keys once more."""
    with request.param(request, tmp_path) as one_more:
        yield one_more


@pytest.fixture
def store(another: Another) -> KeyStore:
    return another()


def stored(key_id: str, minute: int = 0, **more: object) -> StoredKey:
    key = ApiKey(
        key_id=key_id,
        name=f"judge ü {key_id}",
        scopes=(Scope.PLANS_READ, Scope.PLANS_SCORE),
        created_at=NOON + timedelta(minutes=minute),
    )
    return StoredKey(key.model_copy(update=more), key_id.encode().ljust(32, b"\0"))


def test_a_new_store_has_no_keys(store: KeyStore) -> None:
    assert store.all() == []
    assert store.find("a") is None


def test_keys_come_back_as_they_were_kept(store: KeyStore, another: Another) -> None:
    elsewhere = timezone(timedelta(hours=2))
    full = stored("a", 2, created_by="ann", expires_at=datetime(2027, 1, 1, tzinfo=elsewhere))
    plain = stored("b", 1)
    assert store.add(full)
    assert store.add(plain)
    for one in (store, another()):
        assert one.find("a") == full
        assert one.find("b") == plain
        assert one.find("c") is None
        assert list(one.all()) == [plain, full]


def test_a_taken_id_is_not_given_again(store: KeyStore) -> None:
    first = stored("a")
    assert store.add(first)
    assert not store.add(stored("a", 1, name="another"))
    assert list(store.all()) == [first]


def test_a_key_is_revoked_once_and_by_the_first(store: KeyStore, another: Another) -> None:
    store.add(stored("a"))
    store.add(stored("b"))
    assert store.revoke("a", NOON, "ann")
    assert not store.revoke("a", NOON + timedelta(days=1), "ben")
    assert not store.revoke("c", NOON, None)
    expected = stored("a", revoked_at=NOON, revoked_by="ann")
    assert another().find("a") == expected
    assert another().find("b") == stored("b")


def test_of_many_at_once_one_keeps_an_id(another: Another) -> None:
    stores = [another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda n: stores[n].add(stored("a", n)), range(4)))
    assert sum(kept) == 1
    assert stores[0].find("a") == stored("a", kept.index(True))


def test_keys_are_copied_to_a_store_that_keeps_its_own(store: KeyStore) -> None:
    source = MemoryKeyStore()
    source.add(stored("a", name="theirs"))
    source.add(stored("b", revoked_at=NOON, revoked_by="ann"))
    store.add(stored("a"))
    copy_keys(source, store)
    assert list(store.all()) == [stored("a"), stored("b", revoked_at=NOON, revoked_by="ann")]
