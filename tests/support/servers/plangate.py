"""`plangate serve` as its users run it: a process of its own, on a free port."""

import json
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.servers.processes import PATIENCE, launched, stop


class PlangateServer:
    """A server that runs, and what it wrote."""

    def __init__(self, target: str, folder: Path, options: Sequence[str]) -> None:
        self._out, self._log = folder / "serve.out", folder / "serve.log"
        command = [sys.executable, "-m", "plangate", "--db", target, "--json", "serve"]
        self.process = launched(
            [*command, "--port", "0", *options],
            self._log,
            answers=self._out,
        )
        deadline = monotonic() + PATIENCE
        while not (text := self._out.read_text("utf-8")).rstrip().endswith("}"):
            if self.process.poll() is not None or monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the server did not start: {self.log()[-2000:]}")
            sleep(0.02)
        self.url: str = json.loads(text)["url"].rstrip("/")
        self.port: int = urlsplit(self.url).port or 0

    def log(self) -> str:
        """All that the server logged."""
        return self._log.read_text("utf-8")

    def logged(self) -> list[dict[str, Any]]:
        """Its lines, each a JSON object."""
        return [json.loads(line) for line in self.log().splitlines()]

    def client(self, **options: Any) -> httpx.Client:
        """A client that uses no proxy."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE, **options)

    def connection(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the server to stop; its exit code."""
        stop(self.process, how)
        return int(self.process.returncode)


@contextmanager
def plangate_server(target: str | Path, folder: Path, *options: str) -> Iterator[PlangateServer]:
    """A server of a store, which is gone afterwards."""
    server = PlangateServer(str(target), folder, options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
