"""An UmaDB server of a test's own: an engine that `eventsourcing` supports."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.processes import free_port, started, stop


@contextmanager
def umadb_server(folder: Path) -> Iterator[dict[str, str]]:
    """A server that keeps its files in a folder; the variables that lead to it."""
    port = free_port()
    program = Path(sys.executable).with_name("umadb")
    command = [str(program), "--listen", f"127.0.0.1:{port}", "--db-path", str(folder)]
    server = started(command, folder / "log", port)
    try:
        yield {
            "PERSISTENCE_MODULE": "eventsourcing_umadb",
            "UMADB_URI": f"http://127.0.0.1:{port}",
        }
    finally:
        stop(server, signal.SIGTERM)
