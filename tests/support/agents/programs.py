"""`plangate mcp` as a program of its own, over stdio or HTTP, that can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from mcp import Client, StdioServerParameters

from tests.support.agents.agent import Agent
from tests.support.servers.processes import PATIENCE, launched, stop

ROOT: Final = Path(__file__).parents[3]
_PROGRAM: Final = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
sys.argv = ["plangate", "mcp", *sys.argv[2:]]
from plangate.infrastructure.cli.entry import start
start()
"""


class OverStdio:
    """Starts a server for each client, and knows the one that was started last."""

    def __init__(self, store: Path, folder: Path) -> None:
        self._store = store
        self._note = folder / "pid"

    @asynccontextmanager
    async def agent(self, mode: str = "auto") -> AsyncIterator[Agent]:
        """An agent with a server of its own."""
        arguments = ["-c", _PROGRAM, str(self._note), "--db", str(self._store)]
        server = StdioServerParameters(
            command=sys.executable, args=arguments, env=dict(os.environ), cwd=ROOT
        )
        async with Client(server, mode=mode) as client:
            yield Agent(client)

    def kill(self) -> None:
        """End the server that was started last, at once."""
        os.kill(int(self._note.read_text()), signal.SIGKILL)

    def restart(self) -> None:
        """Each client starts its own."""

    def close(self) -> None:
        """Servers end with their clients."""


class OverHttp:
    """One server for any number of clients."""

    def __init__(self, store: Path, folder: Path) -> None:
        self._store = store
        self._log = folder / "server.log"
        self._server: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.restart()

    def restart(self) -> None:
        """Start a server, on a port of its own."""
        self._log.unlink(missing_ok=True)
        command = [sys.executable, "-m", "plangate", "mcp", "--http", "--port", "0"]
        self._server = launched([*command, "--db", str(self._store)], self._log, cwd=ROOT)
        deadline = monotonic() + PATIENCE
        while "serving plans at " not in (said := self._log.read_text("utf-8")):
            if self._server.poll() is not None or monotonic() > deadline:
                raise AssertionError(f"the server did not start: {said}")
            sleep(0.02)
        self.address = said.split("serving plans at ")[1].split()[0]

    @asynccontextmanager
    async def agent(self, mode: str = "auto") -> AsyncIterator[Agent]:
        """An agent of the server."""
        async with Client(self.address, mode=mode) as client:
            yield Agent(client)

    def kill(self) -> None:
        """End the server at once."""
        assert self._server
        stop(self._server, signal.SIGKILL)

    def close(self) -> None:
        """End the server as a service does."""
        assert self._server
        stop(self._server, signal.SIGTERM)


@contextmanager
def served(
    transport: type[OverStdio | OverHttp], store: Path, folder: Path
) -> Iterator[OverStdio | OverHttp]:
    """Servers on a store over one transport."""
    program = transport(store, folder)
    try:
        yield program
    finally:
        program.close()
