"""The promises of every ledger store."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from plangate.application.errors import NotAStore
from plangate.application.ledger.ledger_store import Leaf, LedgerStore, TreeHead
from plangate.application.ledger.merkle_tree import Frontier, leaf_hash
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from plangate.infrastructure.postgres.ledger import PostgresLedgerStore
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.sql.ledger_store import SqlLedgerStore
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.ledger import SqliteLedgerStore
from tests.support.servers.postgres import PostgresServer


@contextmanager
def _memory(_request: pytest.FixtureRequest, _folder: Path) -> Iterator[Callable[[], LedgerStore]]:
    store = MemoryLedgerStore()
    yield lambda: store


@contextmanager
def _sqlite(_request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[[], LedgerStore]]:
    opened: list[SqliteFile] = []

    def one_more() -> LedgerStore:
        opened.append(SqliteFile(folder / "plans.db"))
        return SqliteLedgerStore(opened[-1])

    yield one_more
    for file in opened:
        file.close()


@contextmanager
def _postgres(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Callable[[], LedgerStore]]:
    server: PostgresServer = request.getfixturevalue("postgres")
    opened = []

    def one_more() -> LedgerStore:
        opened.append(open_schema(server.url))
        return PostgresLedgerStore(opened[-1])

    yield one_more
    for place in opened:
        place.close()


@pytest.fixture(params=[_memory, _sqlite, _postgres], ids=lambda places: places.__name__)
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], LedgerStore]]:
    """Opens the same ledger once more."""
    with request.param(request, tmp_path) as one_more:
        yield one_more


@pytest.fixture
def store(another: Callable[[], LedgerStore]) -> LedgerStore:
    return another()


def some(first: int, number: int) -> list[Leaf]:
    """Leaves that follow each other; every position is ten times the number."""
    return [
        Leaf(n, 10 * (n + 1), f"p ü@{n}", leaf_hash(str(n).encode()))
        for n in range(first, first + number)
    ]


def grown(head: TreeHead, leaves: list[Leaf]) -> TreeHead:
    return TreeHead(leaves[-1].position, head.tree.extended(leaf.hash for leaf in leaves))


def test_a_new_ledger_has_come_nowhere(store: LedgerStore) -> None:
    assert store.head() == TreeHead(0, Frontier())
    assert list(store.leaves(first=0, limit=9)) == []
    assert store.find("p@1") is None


def test_leaves_come_back_as_they_were_saved(
    store: LedgerStore, another: Callable[[], LedgerStore]
) -> None:
    first, more = some(0, 5), some(5, 3)
    head = grown(TreeHead(), first)
    assert store.extend(TreeHead(), first, head)
    assert store.extend(head, more, grown(head, more))
    for place in (store, another()):
        assert place.head() == grown(head, more)
        assert list(place.leaves(first=0, limit=99)) == [*first, *more]
        assert list(place.leaves(first=4, limit=2)) == [first[4], more[0]]
        assert place.find("p ü@6") == more[1]
        assert place.find("p@6") is None


def test_an_extension_of_another_head_saves_nothing(store: LedgerStore) -> None:
    first = some(0, 5)
    head = grown(TreeHead(), first)
    assert store.extend(TreeHead(), first, head)
    assert not store.extend(TreeHead(), first, head)
    elsewhere = TreeHead(head.position + 1, head.tree)
    assert not store.extend(elsewhere, some(5, 1), grown(head, some(5, 1)))
    assert not store.extend(TreeHead(head.position, Frontier(5, (bytes(32),) * 2)), [], head)
    assert store.head() == head
    assert list(store.leaves(first=0, limit=99)) == first


def test_of_many_at_once_one_saves(another: Callable[[], LedgerStore]) -> None:
    stores = [another() for _ in range(4)]
    leaves = some(0, 100)

    def save(store: LedgerStore) -> int:
        saved = 0
        for place in range(0, 100, 10):
            before = TreeHead()
            if place:
                before = grown(before, leaves[:place])
            saved += store.extend(
                before, leaves[place : place + 10], grown(TreeHead(), leaves[: place + 10])
            )
        return saved

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(save, stores)) == 10
    assert list(stores[0].leaves(first=0, limit=999)) == leaves


def test_a_ledger_that_lost_how_far_it_came_is_not_written_over(store: LedgerStore) -> None:
    if isinstance(store, MemoryLedgerStore):
        return
    leaves = some(0, 3)
    store.extend(TreeHead(), leaves, grown(TreeHead(), leaves))
    assert isinstance(store, SqlLedgerStore)
    store._database.write(lambda cursor: cursor.execute("DELETE FROM ledger_reach"))
    with pytest.raises(NotAStore, match="the ledger is damaged"):
        store.extend(TreeHead(), leaves, grown(TreeHead(), leaves))


def test_a_cleared_ledger_is_empty_and_begins_anew(store: LedgerStore) -> None:
    leaves = some(0, 3)
    for _ in range(2):
        store.extend(TreeHead(), leaves, grown(TreeHead(), leaves))
        store.clear()
        assert store.head() == TreeHead()
        assert list(store.leaves(first=0, limit=9)) == []
    store.extend(TreeHead(), leaves, grown(TreeHead(), leaves))
    assert list(store.leaves(first=0, limit=9)) == leaves
