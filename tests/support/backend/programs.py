"""The programs of examples/backend, running on a PostgreSQL server of a test's own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Final

from tests.support.servers.postgres import PostgresServer
from tests.support.servers.processes import free_port, launched, started, stop

EXAMPLE: Final = Path(__file__).parents[3] / "examples" / "backend"


class Backend:
    """Some HTTP servers, workers and one feed; which of them write what is wrong to `log`."""

    def __init__(self, database: PostgresServer, folder: Path) -> None:
        self._log = folder / "backend.log"
        self._environment = os.environ | {"DATABASE_URL": database.url}
        self._running: list[subprocess.Popen[bytes]] = []
        self._feed: subprocess.Popen[bytes] | None = None
        self.urls: list[str] = []

    def start(self, servers: int, workers: int) -> None:
        """Start the programs, and wait until the servers answer."""
        self.start_feed()
        for number in range(workers):
            self._running.append(self._launch("worker.py", f"worker-{number}"))
        for _ in range(servers):
            port = free_port()
            serve = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLE), "app:app"]
            serve += ["--port", str(port), "--log-level", "warning"]
            self._running.append(started(serve, self._log, port, env=self._environment))
            self.urls.append(f"http://127.0.0.1:{port}")

    def start_feed(self) -> None:
        """Start the feed."""
        self._feed = self._launch("feed.py")

    def kill_feed(self) -> None:
        """Kill -9 the feed."""
        assert self._feed
        stop(self._feed, SIGKILL)
        assert self._feed.returncode == -SIGKILL, self.log[-3000:]
        self._feed = None

    def stop(self) -> None:
        """End all programs, the way an operator does. None may have ended before."""
        running = [*self._running, *([self._feed] if self._feed else [])]
        ended = [program.args for program in running if program.poll() is not None]
        for program in running:
            stop(program, SIGTERM)
        assert not ended, f"{ended} ended by themselves: {self.log[-3000:]}"

    @property
    def log(self) -> str:
        """What all programs wrote to their log."""
        return self._log.read_text("utf-8")

    def _launch(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(EXAMPLE / program), *arguments]
        return launched(command, self._log, env=self._environment)


def lay_out_tables(database: PostgresServer) -> None:
    """Make the example's own tables."""
    for statement in (EXAMPLE / "schema.sql").read_text("utf-8").split(";\n"):
        database.execute(statement)


@contextmanager
def backend(
    database: PostgresServer, folder: Path, *, servers: int, workers: int
) -> Iterator[Backend]:
    """The programs of the example, which are gone when the block is left."""
    lay_out_tables(database)
    programs = Backend(database, folder)
    try:
        programs.start(servers, workers)
        yield programs
    finally:
        programs.stop()
