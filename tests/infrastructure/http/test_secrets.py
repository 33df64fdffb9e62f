"""Secrets are in no log, whatever a client puts them into."""

import json
import logging
from pathlib import Path

import pytest

import plangate
from plangate.infrastructure.http.logs import JsonLines
from tests.support.servers.plangate import plangate_server

pytestmark = pytest.mark.xdist_group("plangate-serve")


def test_no_secret_is_logged(tmp_path: Path) -> None:
    target = tmp_path / "plans.db"
    with plangate.connect(target) as registry:
        token = registry.keys.create("ana", ["admin"]).token
    secret = token.split("_")[2]
    with plangate_server(target, tmp_path) as server, server.client() as client:
        bearer = {"authorization": f"Bearer {token}"}
        assert client.get("/v1/plans", headers=bearer).status_code == 200
        client.get("/v1/plans", params={"key": token, "password": "hunter2"})
        client.get(f"/v1/plans/{token}")
        client.get("/v1/plans", headers={"authorization": f"Basic {secret}"})
        client.get("/v1/plans", headers={"authorization": f"Bearer {token}x"})
        client.get("/v1/plans", headers={"x-correlation-id": token})
        client.post("/sign-in", data={"key": token})
        client.post("/sign-in", data={"key": f"{token}x", "then": token})
        client.get("/v1/plans", headers={"cookie": f"plangate_key={token}"})
        client.get("/sign-in", params={"then": f"/?password=hunter2&key={token}"})
        server.stop()
        log = server.log()
    assert len(log.splitlines()) >= 10
    assert secret not in log
    assert "hunter2" not in log
    key_id = token.split("_")[1]
    assert f'"key": "{key_id}"' in log
    assert all(json.loads(line)["level"] for line in log.splitlines())


def test_a_token_in_an_exception_is_cut_short() -> None:
    token = f"plangate_abcdefghij_{'s' * 49}"
    error = ValueError(token)
    record = logging.LogRecord(
        "plangate",
        logging.ERROR,
        __file__,
        1,
        "failed with %s",
        (token,),
        (ValueError, error, None),
    )
    line = JsonLines().format(record)
    assert "sss" not in line
    assert json.loads(line)["message"] == "failed with plangate_abcdefghij_…"
    assert json.loads(line)["exception"] == "ValueError: plangate_abcdefghij_…"
