"""Servers to measure, and clients that cost little beside them."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from threading import Thread
from time import perf_counter
from typing import Any, Final

from benchmarks.measuring import MICROSECONDS
from benchmarks.workers import environment

_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
Request = tuple[str, str, dict[str, Any] | None]
"""Method, path, and a body that is sent as JSON."""


class HttpServer:
    """A server in a process of its own."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (our own programs)
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            text=True,
        )
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        self.port: Final = int(line.rstrip("/\n").rpartition(":")[2])

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate()


class Client:
    """One connection, which waits for each answer before it asks again."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: Request) -> None:
        """Send a request, and read the whole answer; raises `ValueError` for a refusal."""
        method, path, body = request
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + content)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._received()
        found = _LENGTH.search(answer)
        if not answer.startswith(b"HTTP/1.1 20") or found is None:
            raise ValueError(answer.decode())
        missing = end + 4 + int(found[1]) - len(answer)
        while missing > 0:
            missing -= len(self._received())

    def _received(self) -> bytes:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def per_request(port: int, clients: int, requests: Callable[[int], Request], number: int) -> float:
    """The µs of a request, of which so many are sent by so many clients at once."""

    def work(client: Client, first: int) -> None:
        for turn in range(first, number, clients):
            client.ask(requests(turn))

    opened = [Client(port) for _ in range(clients)]
    threads = [Thread(target=work, args=(one, n)) for n, one in enumerate(opened)]
    started = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = perf_counter() - started
    for one in opened:
        one.close()
    return took / number * MICROSECONDS
