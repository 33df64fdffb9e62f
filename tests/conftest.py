"""What tests at several altitudes share."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.files_in_memory import files_in_memory
from tests.support.servers.postgres import PostgresServer, postgres_server
from tests.support.warm_programs import warm_programs

collect_ignore = ["support/sample_host"]
"""A host's own suite, which one of our tests runs."""

# Tests start hundreds of programs, which would all compile the same modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Let a run of several workers write to memory. The workers get its folder from here."""
    if config.getoption("numprocesses", None) and (folder := files_in_memory()):
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


def pytest_collection_finish() -> None:
    """Leave modules and thousands of collected tests out of every later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def settings_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the key, the store and the name of the user who runs them."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANGATE_LEDGER_KEY", str(folder / "ledger.pem"))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("PLANGATE_ACTOR", "ann")
        yield


@pytest.fixture(scope="session")
def warm_plangate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program that does as `plangate`, or as `python -c CODE`, without the time to start."""
    with warm_programs(tmp_path_factory.mktemp("warm")) as program:
        yield program


@pytest.fixture(scope="session")
def postgres_of_the_run() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, one for each process that runs tests."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_the_run: PostgresServer) -> Iterator[PostgresServer]:
    """A real PostgreSQL server with nothing in its database."""
    yield postgres_of_the_run
    postgres_of_the_run.clear()
