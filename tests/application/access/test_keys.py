"""API keys: who gets in, how long, and what is kept of their tokens."""

import sqlite3
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import plangate
from plangate.application.access.keys import ApiKeys
from plangate.application.access.scopes import Scope, with_included
from plangate.application.access.tokens import Token, _checksum
from plangate.application.errors import KeyNotFound, KeyRefused, TransactionRefused
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.testing import FrozenClock

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def registry(clock: FrozenClock) -> Iterator[PlanRegistry]:
    with plangate.connect("memory:", clock=clock) as registry:
        yield registry


@pytest.fixture
def keys(registry: PlanRegistry) -> ApiKeys:
    return registry.keys


def test_a_token_leads_to_its_key(keys: ApiKeys) -> None:
    issued = keys.create("judge", ["plans:score"], actor="ann")
    assert keys.verify(issued.token) == issued.key
    assert issued.key.scopes == (Scope.PLANS_SCORE,)
    assert issued.key.created_by == "ann"
    assert issued.key.actor == f"key:{issued.key.key_id} judge"
    assert list(keys.list()) == [issued.key]


def test_a_token_is_neither_stored_nor_shown_again(keys: ApiKeys, registry: PlanRegistry) -> None:
    issued = keys.create("judge", "admin")
    secret = issued.token.split("_")[2]
    for shown in (repr(issued), repr(Token.parsed(issued.token)), repr(keys.list())):
        assert secret not in shown
    kept = repr(vars(registry._make_key_store())) + keys.list().model_dump_json()
    assert secret not in kept


def test_what_a_mistyped_token_is_refused_by_needs_no_store(keys: ApiKeys) -> None:
    token = keys.create("judge", "admin").token
    keys._store = None  # type: ignore[assignment]
    wrong = [
        "",
        "secret",
        token[:-1],
        token + "0",
        token.replace("plangate_", "plangat_"),
        token.upper(),
        *(token[:n] + ("x" if token[n] != "x" else "y") + token[n + 1 :] for n in range(9, 69, 3)),
    ]
    for text in wrong:
        with pytest.raises(KeyRefused, match="mistyped"):
            keys.verify(text)


@pytest.mark.parametrize("length", range(0, 90, 7))
def test_other_texts_of_any_length_are_refused(keys: ApiKeys, length: int) -> None:
    with pytest.raises(KeyRefused):
        keys.verify((string.ascii_letters * 2)[:length] + "\u00e9\u0000")


def test_a_right_checksum_does_not_make_a_token_known(keys: ApiKeys) -> None:
    with pytest.raises(KeyRefused, match="unknown"):
        keys.verify(Token.new().text)


def test_the_id_of_another_key_does_not_help(keys: ApiKeys) -> None:
    issued, guessed = keys.create("judge", "admin"), Token.new()
    body = guessed.text[:-6].replace(guessed.key_id, issued.key.key_id)
    with pytest.raises(KeyRefused, match="unknown"):
        keys.verify(body + _checksum(body))


def test_a_key_expires(keys: ApiKeys, clock: FrozenClock) -> None:
    token = keys.create("judge", "admin", expires_in=HOUR).token
    clock.advance(HOUR - timedelta.resolution)
    keys.verify(token)
    assert keys.any_valid()
    clock.advance(timedelta.resolution)
    with pytest.raises(KeyRefused, match="expired"):
        keys.verify(token)
    assert not keys.any_valid()


def test_a_revoked_key_is_refused_at_once(
    keys: ApiKeys, registry: PlanRegistry, clock: FrozenClock
) -> None:
    issued = keys.create("judge", "admin")
    with registry.acting_as("ann"):
        revoked = keys.revoke(issued.key.key_id)
    assert (revoked.revoked_at, revoked.revoked_by) == (clock(), "ann")
    with pytest.raises(KeyRefused, match="revoked"):
        keys.verify(issued.token)
    assert not keys.any_valid()
    clock.advance(HOUR)
    assert keys.revoke(issued.key.key_id, actor="ben") == revoked
    with pytest.raises(KeyNotFound):
        keys.revoke("nothing")


@pytest.mark.parametrize(
    "given, field",
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 5}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["plans:destroy"]}, "scopes[0]"),
        ({"scopes": 5}, "scopes"),
        ({"expires_at": datetime(2025, 1, 1, tzinfo=UTC)}, "expires_at"),
        ({"expires_at": datetime(2030, 1, 1)}, "expires_at"),  # noqa: DTZ001
        ({"expires_at": datetime.fromisoformat("9999-12-31T23:59:00-14:00")}, "expires_at"),
        ({"expires_in": timedelta(0)}, "expires_at"),
        ({"expires_in": timedelta.max}, "expires_in"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"expires_in": HOUR, "expires_at": datetime(2030, 1, 1, tzinfo=UTC)}, "expires_in"),
        ({"actor": ""}, "actor"),
    ],
)
def test_a_key_is_not_issued_on_bad_terms(keys: ApiKeys, given: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        keys.create(**{"name": "judge", "scopes": ["admin"], **given})
    assert [problem.field for problem in refused.value.problems] == [field]
    assert len(keys.list()) == 0


def test_an_id_that_is_taken_is_not_used(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys.create("judge", "admin")
    tokens = iter([Token(first.key.key_id, "x"), Token.new()])
    monkeypatch.setattr(Token, "new", lambda: next(tokens))
    second = keys.create("other", "admin")
    assert second.key.key_id != first.key.key_id
    assert keys.verify(first.token) == first.key


def test_scopes_include_others() -> None:
    assert with_included([Scope.ADMIN]) == frozenset(Scope)
    assert with_included([Scope.PLANS_WRITE]) == frozenset(Scope) - {Scope.ADMIN}
    assert with_included([Scope.PLANS_SCORE]) == {Scope.PLANS_SCORE, Scope.PLANS_READ}
    assert with_included([Scope.PLANS_READ]) == {Scope.PLANS_READ}


def test_a_transaction_of_the_caller_issues_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    with plangate.connect(path) as registry:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        with (
            registry.in_transaction(connection) as joined,
            pytest.raises(TransactionRefused, match="committed"),
        ):
            joined.keys.list()
        connection.execute("ROLLBACK")
        connection.close()
