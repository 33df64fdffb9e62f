"""`plangate serve` over real sockets: who gets in, how much a client may ask, and how it stops."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

import plangate
from plangate.infrastructure.asgi.connections import BoundedConnection
from plangate.infrastructure.cli.app import app
from tests.support.servers.plangate import PlangateServer, plangate_server

pytestmark = pytest.mark.xdist_group("plangate-serve")
PLAN = {"plan_id": "p", "goal": "g", "tasks": [{"id": "a", "title": "A"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlangateServer]:
    folder = tmp_path_factory.mktemp("serve")
    with plangate_server(folder / "plans.db", folder) as server:
        with server.client() as client:
            assert client.post("/v1/plans", json=PLAN).status_code == 201
        yield server


def answer_to(server: PlangateServer, request: bytes, more: Callable[[], Iterator[bytes]]) -> bytes:
    """The answer to bytes on a bare connection, of which more are sent until the server answers."""
    with server.connection() as connection:
        connection.sendall(request)
        for part in more():
            try:
                connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break
        connection.settimeout(20)
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer:
            part = connection.recv(65536)
            if not part:
                break
            answer += part
        return answer


def refusal(target: Path, *options: str) -> Result:
    """What a server says that does not start."""
    return CliRunner().invoke(app, ["--db", str(target), "serve", *options])


def nothing() -> Iterator[bytes]:
    yield from ()


def test_a_rebound_name_gets_no_answer_from_a_real_server(server: PlangateServer) -> None:
    for host in ("rebound.example", "127.0.0.1.nip.io", "localhost.example:80", "[::2]", "a b"):
        request = f"GET /v1/plans HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        answer = answer_to(server, request, nothing)
        assert answer.startswith(b"HTTP/1.1 421 "), answer
        assert b"urn:plangate:problem:host-not-allowed" in answer
        assert b'"plans"' not in answer
    for host in (f"127.0.0.1:{server.port}", "LOCALHOST", "[::1]:80"):
        request = f"GET /v1/plans HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        assert answer_to(server, request, nothing).startswith(b"HTTP/1.1 200 ")
    without = answer_to(server, b"GET /v1/plans HTTP/1.0\r\n\r\n", nothing)
    assert without.startswith(b"HTTP/1.1 421 ")
    twice = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    assert b" 400 " in answer_to(server, twice, nothing).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/plans/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/plans/../../../etc/passwd",
        "/v1/plans/%2e%2e%2f%2e%2e%2fetc%2fpasswd/gate",
        "/static/x/..%2fanswers.py",
        "/static/x/../../answers.py",
        "/static/..%2f..%2f/app.py",
        "/plan?id=..%2f..%2fetc%2fpasswd",
        "/v1/plans/%00",
        "/v1/plans/%ff%fe",
    ],
)
def test_no_path_leads_out_of_the_plans(server: PlangateServer, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answer = answer_to(server, request, nothing)
    status = int(answer.split(b" ")[1])
    assert 400 <= status < 500, answer
    assert b"root:" not in answer
    assert b"import " not in answer


def test_a_body_that_is_declared_too_large_is_refused_unread(server: PlangateServer) -> None:
    head = (
        b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 999999999999\r\n\r\n"
    )
    answer = answer_to(server, head, nothing)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


def test_a_body_without_length_is_refused_once_it_is_too_large(server: PlangateServer) -> None:
    head = (
        b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"100000\r\n" + b"g" * 0x100000 + b"\r\n"

    def endless() -> Iterator[bytes]:
        for _ in range(12):
            yield chunk

    answer = answer_to(server, head, endless)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]


def test_what_cannot_be_read_is_a_problem_too(server: PlangateServer) -> None:
    for sent in (
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 99_999,
    ):
        answer = answer_to(server, sent, nothing)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"urn:plangate:problem:malformed-request" in answer


def test_a_half_closed_client_holds_nothing(server: PlangateServer) -> None:
    with server.connection() as connection:
        connection.sendall(
            b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
        )
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(20)
        assert connection.recv(65536) == b""
    with server.client() as client:
        assert client.get("/healthz").json() == {"status": "alive"}


def test_a_correlation_id_comes_back_and_is_logged(server: PlangateServer) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with server.client() as client:
        named = client.get("/v1/plans", headers={"X-Correlation-ID": "ticket-7"})
        traced = client.get("/v1/plans", headers={"traceparent": trace})
        made = client.get("/v1/plans", headers={"X-Correlation-ID": "a" * 300})
    assert named.headers["x-correlation-id"] == "ticket-7"
    assert traced.headers["x-correlation-id"] == "0af7651916cd43dd8448eb211c80319c"
    assert len(made.headers["x-correlation-id"]) == 32
    lines = [line for line in server.logged() if line.get("correlation_id") == "ticket-7"]
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/plans", 200)]


def test_figures_name_routes_and_no_plans(server: PlangateServer) -> None:
    with server.client() as client:
        client.get("/v1/plans/p/gate")
        client.get("/v1/plans/unheard-of/gate")
        client.request("BREW", "/v1/plans/unheard-of")
        figures = client.get("/metrics").text
    route = "/v1/plans/{plan_id}/gate"
    assert f'plangate_http_requests_total{{method="GET",route="{route}",status="404"}}' in figures
    assert f'plangate_http_request_seconds_count{{method="GET",route="{route}"}}' in figures
    assert 'plangate_view_lag{view="board"} 0.0' in figures
    assert "plangate_http_event_streams 0.0" in figures
    assert "unheard-of" not in figures
    assert "BREW" not in figures


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/", "/plan?id=p", "/sign-in", "/openapi.json"]
)
def test_head_is_answered_as_get_without_the_body(server: PlangateServer, path: str) -> None:
    with server.client() as client:
        head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_a_slow_client_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are shorter here: no test waits for the real ones."""
    monkeypatch.setenv("PYTHONPATH", str(_shorter(tmp_path)), prepend=":")
    with plangate_server(tmp_path / "plans.db", tmp_path) as server:
        assert answer_to(server, b"GET / HT", nothing) == b""
        assert answer_to(server, b"", nothing) == b""
        head = b"POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
        assert answer_to(server, head, nothing).startswith(b"HTTP/1.1 408 ")
        idle = []
        answer = b""
        while not answer:  # however slow this machine is, and those before are let go meanwhile
            idle += [server.connection() for _ in range(3)]
            answer = answer_to(server, b"", nothing)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"too-many-connections" in answer
        for one in idle:
            one.close()
        with server.client() as client:
            assert client.get("/healthz").status_code == 200


def _shorter(folder: Path) -> Path:
    """A folder with what makes a Python that is started have shorter limits."""
    (folder / "sitecustomize.py").write_text(
        "from plangate.infrastructure.asgi import connections, limits\n"
        "connections.BoundedConnection.time = 0.3\n"
        "connections.BoundedConnection.most = 3\n"
        "limits.Limits.__init__.__kwdefaults__['body_time'] = 0.3\n",
        "utf-8",
    )
    return folder


@pytest.mark.parametrize(
    "how, code",
    [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.soak)],
)
def test_a_server_stops_once_what_is_in_flight_has_ended(
    tmp_path: Path, how: signal.Signals, code: int
) -> None:
    target = tmp_path / "plans.db"
    with plangate_server(target, tmp_path) as server, server.client() as client:
        client.post("/v1/plans", json=PLAN)
        accepted = {"accept": "text/event-stream"}
        with (
            server.connection() as connection,
            client.stream("GET", "/live") as live,
            client.stream("GET", "/mcp", headers=accepted) as tools,
        ):
            lines = live.iter_lines()
            assert next(lines) == ": open"
            body = json.dumps({**PLAN, "plan_id": "late"}).encode()
            head = (
                "POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")  # it is in flight
            connection.sendall(body[:-1])
            server.process.send_signal(how)
            for _ in (*lines, *tools.iter_raw()):  # the streams come to their ends
                pass
            connection.sendall(body[-1:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(30) == code
    with plangate.connect(target) as registry:
        assert registry.get_status("late").version == 1
    assert "Traceback" not in server.log()
    assert "without completing" not in server.log()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)


def test_no_address_but_loopback_is_served_without_names_and_keys(tmp_path: Path) -> None:
    target = tmp_path / "plans.db"
    everywhere = ("--host", "0.0.0.0")  # noqa: S104
    nameless = refusal(target, *everywhere)
    assert (nameless.exit_code, nameless.stdout) == (3, "")
    assert "--allowed-host" in nameless.stderr
    named = ("--allowed-host", "plans.example")
    keyless = refusal(target, *everywhere, *named)
    assert (keyless.exit_code, keyless.stdout) == (3, "")
    assert "plangate keys create" in keyless.stderr
    with plangate.connect(target) as registry:
        token = registry.keys.create("judge", ["plans:read"]).token
    with plangate_server(target, tmp_path, *everywhere, *named) as server:
        for headers, status in (
            ({"host": "plans.example"}, 401),
            ({"host": "plans.example", "authorization": f"Bearer {token}"}, 200),
            ({"host": "other.example", "authorization": f"Bearer {token}"}, 421),
        ):
            url = f"http://127.0.0.1:{server.port}/v1/plans"
            assert httpx.get(url, headers=headers, trust_env=False).status_code == status
    wrong = refusal(target, "--allowed-host", "https://plans.example/")
    assert "must be a name or an address" in wrong.stderr
    taken = refusal(target, "--host", "203.0.113.1", *named)
    assert "cannot listen" in taken.stderr


def test_bounds_are_those_that_are_documented() -> None:
    assert (BoundedConnection.most, BoundedConnection.time) == (1_000, 15.0)
