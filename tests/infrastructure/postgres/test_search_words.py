"""What plans are found by: PostgreSQL finds what SQLite finds, however long the text."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plangate.application.views.plan_summaries import PlansRequest
from plangate.application.views.view_store import ViewStore
from plangate.infrastructure.postgres.schema import open_schema
from plangate.infrastructure.postgres.search_words import OVERLAP, PART
from plangate.infrastructure.postgres.views import PostgresViewStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.support.properties import repeatable
from tests.support.servers.postgres import PostgresServer
from tests.support.views.rows import ids, made, put, summary

Stores = tuple[ViewStore, ViewStore]

LETTERS = "aAbÄäßéıİñøŁÆﬁ你好한글жЖ़क١２_-'’.:/\\\"*()&|!<>%?\n\t🚢"  # noqa: RUF001
texts = st.text(st.sampled_from([*LETTERS, " ", " ", " "]), max_size=30)


@pytest.fixture
def stores(postgres: PostgresServer) -> Iterator[Stores]:
    """One store of each kind."""
    both = memory_view_store(), PostgresViewStore(open_schema(postgres.url))
    for store in both:
        made(store, "plans")
    yield both
    for store in both:
        store.close()


def found(store: ViewStore, text: str) -> list[str]:
    return ids(store.plans(PlansRequest(text=text), None, 10))


def test_both_find_the_same(stores: Stores) -> None:
    @repeatable
    @given(kept=st.lists(texts, min_size=3, max_size=3), asked=texts.filter(str.strip))
    @example(["Straße", "STRASSE", "strasse"], "strasse")
    @example(["Straße", "STRASSE", "strasse"], "STRAßE")
    @example(["ﬁne", "fine", "한글"], "fi")
    @example(["x한글", "x²", "한"], "하")
    @example(["a\u0301b", "áb", "a b"], "AB")
    def try_it(kept: list[str], asked: str) -> None:
        for store in stores:
            put(store, "plans", *map(summary, (1, 2, 3)), texts=list(enumerate(kept, start=1)))
        in_sqlite, in_postgres = (found(store, asked) for store in stores)
        assert in_postgres == in_sqlite

    try_it()


def test_a_text_may_be_longer_than_any_limit_of_a_text_search(stores: Stores) -> None:
    words = [f"w{number}" if number % 3 else "again" for number in range(40_000)]
    words += ["x" * 3_000, "end"]
    for store in stores:
        put(store, "plans", summary(1), summary(2), texts=[(1, " ".join(words)), (2, "w1 end")])
        assert found(store, "w1 again w39998 end") == ["p1"]
        assert found(store, "x" * 400) == ["p1"]
        assert found(store, "end") == ["p1", "p2"]


@pytest.mark.parametrize("place", [PART - OVERLAP - 1, PART - 2, PART - 1, PART, PART + 1])
def test_adjacent_words_are_found_where_a_part_ends(stores: Stores, place: int) -> None:
    words = [f"w{number}" for number in range(2 * PART)]
    for store in stores:
        put(store, "plans", summary(1), texts=[(1, " ".join(words))])
        together = [f"w{place + n}" for n in range(OVERLAP)]
        assert found(store, "-".join(together)) == ["p1"]
        assert found(store, "-".join(reversed(together))) == []


def test_many_words_are_asked_for_at_once(stores: Stores) -> None:
    words = [f"{number:02x}" for number in range(166)]
    for store in stores:
        put(store, "plans", summary(1), texts=[(1, " ".join(words))])
        assert found(store, " ".join(words)) == ["p1"]
        assert found(store, " ".join([*words[1:], "zz"])) == []
