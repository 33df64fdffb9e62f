"""Each defence of the server, and what gets through without it.

Every attack is tried twice: as the server is, and with the one guard switched off that is to
stop it. So no guard is tested by what another one refuses.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json
from starlette.testclient import TestClient

import plangate
from plangate import aio
from plangate.application.access import keys
from plangate.application.access.tokens import Token, _checksum
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.asgi import bearer, limits
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.hosts import HostCheck
from plangate.infrastructure.http import route
from plangate.infrastructure.http.access import Access
from plangate.infrastructure.http.app import create_app
from plangate.testing import FrozenClock

Switch = Callable[[pytest.MonkeyPatch], None]
PLAN = b'{"goal": "g", "tasks": [{"id": "a", "title": "A"}]}'


@dataclass
class Attack:
    """A request that one guard refuses, and how that guard is switched off."""

    name: str
    refused: int
    off: Switch
    method: str = "GET"
    path: str = "/v1/plans"
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    key: str | None = None
    """Which key the request gives."""
    passes: int = 200
    needs_key: bool = False
    """Whether the server requires keys."""


def patched(owner: Any, name: str, value: Any) -> Switch:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value, raising=False)


def yes(*_: Any, **__: Any) -> bool:
    return True


def nothing(*_: Any, **__: Any) -> None:
    """Refuse nothing."""


def chunks() -> Iterator[bytes]:
    yield b'{"goal": "'
    for _ in range(9):
        yield b"g" * 1024 * 1024
    yield b'"}'


TEXT = {"content-type": "text/plain"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
LARGE = b'{"goal": "' + b"g" * 9 * 1024 * 1024 + b'"}'
NO_HOST, NO_ORIGIN = patched(HostCheck, "_is_for_us", yes), patched(HostCheck, "_is_from_us", yes)
NO_KEY = patched(Access, "required", property(lambda _: False, nothing))
NO_OBSTACLE = patched(keys, "_obstacle", nothing)
NO_DIGEST = patched(keys, "compare_digest", yes)
NO_SCOPE = patched(Caller, "require", nothing)


def any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(request: Any, body: bytes) -> Any:
        request.scope["headers"] = [(b"content-type", b"application/json")]  # FastAPI looks too
        return from_json(body)

    monkeypatch.setattr(route, "_parsed", parsed)


def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "MAX_BODY", 2**40)
    monkeypatch.setattr(limits._Request, "require_small", nothing)


post = partial(Attack, method="POST", body=PLAN, passes=201)
keyed = partial(Attack, needs_key=True)

ATTACKS = [
    Attack("a name of the attacker's", 421, NO_HOST, headers={"host": "rebound.example:8421"}),
    Attack("a name that ends in ours", 421, NO_HOST, headers={"host": "evil.localhost"}),
    Attack(
        "a name that begins with ours", 421, NO_HOST, headers={"host": "localhost.evil.example"}
    ),
    Attack("a name with a user", 421, NO_HOST, headers={"host": "localhost:80@evil.example"}),
    Attack("an address of the network", 421, NO_HOST, headers={"host": "192.168.0.7"}),
    Attack("a number for an address", 421, NO_HOST, headers={"host": "2130706433"}),
    Attack("no name", 421, NO_HOST, headers={"host": ""}),
    post(
        "a form of another site", 403, NO_ORIGIN, headers={**JSON, "origin": "https://evil.example"}
    ),
    post("a page without origin", 403, NO_ORIGIN, headers={**JSON, "origin": "null"}),
    post("another port", 403, NO_ORIGIN, headers={**JSON, "origin": "http://localhost:3000"}),
    post("a file", 403, NO_ORIGIN, headers={**JSON, "origin": "file://"}),
    post("not an origin", 403, NO_ORIGIN, headers={**JSON, "origin": "http://[localhost"}),
    post("a browser's word", 403, NO_ORIGIN, headers={**JSON, "sec-fetch-site": "cross-site"}),
    Attack("a script of another site", 403, NO_ORIGIN, headers={"origin": "http://evil.example"}),
    post("text that is JSON", 415, any_type, headers=TEXT),
    post("a form that is JSON", 415, any_type, headers={"content-type": "multipart/form-data"}),
    Attack("a large body", 413, any_size, "POST", headers=JSON, body=LARGE, passes=422),
    Attack("a body without length", 413, any_size, "POST", headers=JSON, body=chunks, passes=422),
    Attack("a large form", 413, any_size, "POST", "/sign-in", FORM, b"key=" + LARGE, passes=400),
    keyed("no key", 401, NO_KEY),
    keyed("no key for figures", 401, NO_KEY, path="/metrics"),
    keyed("no key for a page", 401, NO_KEY, path="/"),
    keyed("a wrong secret", 401, NO_DIGEST, key="forged"),
    keyed("an expired key", 401, NO_OBSTACLE, key="expired"),
    keyed("a revoked key", 401, NO_OBSTACLE, key="revoked"),
    Attack("a revoked key on loopback", 401, NO_OBSTACLE, key="revoked"),
    keyed(
        "a reader that writes",
        403,
        NO_SCOPE,
        "POST",
        headers=JSON,
        body=PLAN,
        key="reader",
        passes=201,
    ),
    keyed(
        "a judge that writes",
        403,
        NO_SCOPE,
        "POST",
        headers=JSON,
        body=PLAN,
        key="judge",
        passes=201,
    ),
    Attack(
        "the request of a proxy",
        401,
        patched(bearer, "_FORWARDED", ()),
        headers={"x-forwarded-for": "203.0.113.9"},
    ),
    Attack(
        "the request of a proxy that says little",
        401,
        patched(bearer, "_FORWARDED", ()),
        headers={"x-real-ip": "203.0.113.9"},
    ),
]


@dataclass
class Servers:
    """A server that requires keys and one that does not, on one store."""

    clients: dict[bool, TestClient]
    tokens: dict[str, str]
    registry: PlanRegistry

    def answer(self, attack: Attack) -> Any:
        """The answer to a request, which has a problem where it is refused."""
        headers = dict(attack.headers)
        if attack.key:
            headers["authorization"] = f"Bearer {self.tokens[attack.key]}"
        content = attack.body() if callable(attack.body) else attack.body
        response = self.clients[attack.needs_key].request(
            attack.method, attack.path, headers=headers, content=content
        )
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["status"] == response.status_code
            assert ("www-authenticate" in response.headers) is (response.status_code == 401)
        assert "default-src 'none'" in response.headers["content-security-policy"]
        return response

    def position(self) -> int:
        """How much was recorded."""
        return self.registry.history.last_position()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    target = tmp_path_factory.mktemp("guards") / "plans.db"
    tokens = keys_in(target)
    with ExitStack() as stack:
        clients = {}
        for required in (False, True):
            app = create_app(lambda: aio.connect(target), keys_required=required)
            client = TestClient(app, base_url="http://localhost")
            clients[required] = stack.enter_context(client)
        yield Servers(clients, tokens, stack.enter_context(plangate.connect(target)))


def keys_in(target: Path) -> dict[str, str]:
    """Keys of a store, each in another state."""
    with plangate.connect(target, clock=FrozenClock()) as registry:
        issue = registry.keys.create
        reader, judge = issue("reader", ["plans:read"]), issue("judge", ["plans:score"])
        expired = issue("old", ["admin"], expires_in=timedelta(days=1))
        revoked = issue("lost", ["admin"])
        registry.keys.revoke(revoked.key.key_id)
    body = f"plangate_{reader.key.key_id}_{Token.new().text.split('_')[2][:-6]}"
    return {
        "reader": reader.token,
        "judge": judge.token,
        "expired": expired.token,
        "revoked": revoked.token,
        "forged": body + _checksum(body),
    }


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_an_attack_is_refused_by_its_guard_alone(
    servers: Servers, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = servers.position()
    assert servers.answer(attack).status_code == attack.refused
    assert servers.position() == before

    attack.off(monkeypatch)
    assert servers.answer(attack).status_code == attack.passes
