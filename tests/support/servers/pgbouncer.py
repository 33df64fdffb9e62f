"""PgBouncer before a PostgreSQL server, handing out its sessions for one transaction each."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers.postgres import PostgresServer, unprivileged
from tests.support.servers.processes import NOBODY, free_port, is_root, started, stop

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is missing: apt-get install pgbouncer"
)


@contextmanager
def pgbouncer(server: PostgresServer, **settings: str) -> Iterator[str]:
    """The address of the server's database behind a pooler; it is gone afterwards."""
    assert PROGRAM
    folder, port = Path(tempfile.mkdtemp(prefix="plangate-pgbouncer-")), free_port()
    given = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": "3",
    } | settings
    database = f"* = host=127.0.0.1 port={server.port} user=plangate"
    lines = ["[databases]", database, "[pgbouncer]", *(f"{k} = {v}" for k, v in given.items())]
    (folder / "pgbouncer.ini").write_text("\n".join(lines), "utf-8")
    try:
        if is_root():
            shutil.chown(folder, NOBODY, NOBODY)
        process = started(
            [PROGRAM, folder / "pgbouncer.ini"], folder / "log", port, **unprivileged()
        )
        try:
            yield f"postgresql://plangate@127.0.0.1:{port}/{server.url.rpartition('/')[2]}"
        finally:
            stop(process, signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
