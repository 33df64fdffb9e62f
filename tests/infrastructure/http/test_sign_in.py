"""Signing in with a browser: a key is given once, and stays where no script can read it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import plangate
from plangate import aio
from plangate.infrastructure.http.access import COOKIE, SECURE_COOKIE
from plangate.infrastructure.http.app import create_app

PAGE = {"accept": "text/html"}


@pytest.fixture
def token(tmp_path: Path) -> str:
    with plangate.connect(tmp_path / "plans.db") as registry:
        return registry.keys.create("ana", ["plans:write"]).token


@pytest.fixture
def client(tmp_path: Path, token: str) -> Iterator[TestClient]:
    assert token
    app = create_app(lambda: aio.connect(tmp_path / "plans.db"), keys_required=True)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def sign_in(client: TestClient, token: str, then: str = "/") -> str:
    response = client.post("/sign-in", data={"key": f" {token} ", "then": then})
    assert response.status_code == 303
    assert response.headers["location"] == then
    return response.headers["set-cookie"]


def test_a_page_leads_to_where_a_key_is_given_and_back(client: TestClient, token: str) -> None:
    asked = client.get("/what-if?id=p", headers=PAGE)
    assert asked.status_code == 303
    page = client.get(asked.headers["location"], headers=PAGE)
    assert page.status_code == 200
    found = re.search(r'name="then" value="([^"]*)"', page.text)
    assert found
    sign_in(client, token, found[1].replace("&amp;", "&"))
    assert client.get("/what-if?id=p", headers=PAGE).status_code != 303
    assert client.get("/", headers=PAGE).status_code == 200


def test_a_program_is_not_led_anywhere(client: TestClient) -> None:
    for path in ("/", "/v1/plans", "/live"):
        assert client.get(path).status_code == 401
    assert client.post("/commands", headers=PAGE).status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(client: TestClient, token: str) -> None:
    flags = sign_in(client, token).split("; ")
    assert flags[0] == f"{COOKIE}={token}"
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(flags)
    assert "Secure" not in flags


def test_over_https_the_cookie_goes_nowhere_else(tmp_path: Path, token: str) -> None:
    app = create_app(lambda: aio.connect(tmp_path / "plans.db"), keys_required=True)
    with TestClient(app, base_url="https://localhost", follow_redirects=False) as client:
        flags = sign_in(client, token).split("; ")
        assert flags[0] == f"{SECURE_COOKIE}={token}"
        assert "Secure" in flags
        assert client.get("/", headers=PAGE).status_code == 200


def test_a_wrong_key_is_refused_and_not_repeated(client: TestClient, token: str) -> None:
    response = client.post("/sign-in", data={"key": token[:-1] + "?"})
    assert response.status_code == 403
    assert "mistyped" in response.text
    assert token[:-1] not in response.text
    assert "set-cookie" not in response.headers


def test_signing_out_ends_it(client: TestClient, token: str) -> None:
    sign_in(client, token)
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    assert client.get("/", headers=PAGE).status_code == 303


def test_a_revoked_key_signs_out(client: TestClient, token: str, tmp_path: Path) -> None:
    sign_in(client, token)
    with plangate.connect(tmp_path / "plans.db") as registry:
        registry.keys.revoke(token.split("_")[1])
    assert client.get("/", headers=PAGE).status_code == 303
    assert client.get("/v1/plans").status_code == 401


@pytest.mark.parametrize(
    "then",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil", ""],
)
def test_signing_in_leads_to_no_other_site(client: TestClient, token: str, then: str) -> None:
    response = client.post("/sign-in", data={"key": token, "then": then})
    assert response.headers["location"] == "/"


def test_the_key_is_the_actor_whatever_a_header_says(
    client: TestClient, token: str, tmp_path: Path
) -> None:
    plan = {"plan_id": "p", "goal": "g", "tasks": [{"title": "A"}]}
    bearer = {"authorization": f"Bearer {token}", "x-actor": "root"}
    assert client.post("/v1/plans", json=plan, headers=bearer).status_code == 201
    with plangate.connect(tmp_path / "plans.db") as registry:
        (created,) = registry.history.of("p")
    assert created.envelope.actor == f"key:{token.split('_')[1]} ana"
