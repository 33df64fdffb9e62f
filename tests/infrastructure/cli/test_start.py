"""What a command imports: no time is measured, but every module costs each start its time."""

import subprocess
import sys
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry

# Prints, when the program ends, what it has imported.
PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from plangate.infrastructure.cli.app import main
main()
"""
OF_OTHER_STORES = {
    "asyncio",
    "psycopg",
    "plangate.infrastructure.eventsourcing_library.other_engines",
    "plangate.infrastructure.memory",
    "plangate.infrastructure.postgres",
}
OF_OTHER_COMMANDS = {
    "cryptography",
    "matplotlib",
    "numpy",
    "plangate.application.bundles",
    "plangate.application.evidence",
    "plangate.application.history",
    "plangate.application.importing",
    "plangate.application.operations",
    "plangate.application.replay",
    "plangate.infrastructure.cli.commands.analysis",
    "plangate.infrastructure.cli.commands.transfer",
    "plangate.infrastructure.cli.input.plan_files",
    "plangate.infrastructure.operations",
    "plangate.infrastructure.plots",
    "plangate.infrastructure.signing_key",
    "rich.progress",
    "scipy",
    "yaml",
}
OF_HELP = {"typer.rich_utils", "rich.markdown"}
OF_SCREENS = {"plangate.infrastructure.cli.render.status", "rich"}
OF_A_STORE = {"eventsourcing", "plangate.application.registry", "sqlite3"}


def imported(*words: str) -> set[str]:
    """The modules that a command line imports."""
    command = [sys.executable, "-c", PROGRAM, *words]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


@pytest.fixture
def store(database: Path, registry: PlanRegistry) -> Path:
    registry.create("Move billing", [{"title": "Design the schema"}], plan_id="billing")
    return database


def test_gate_imports_nothing_of_other_commands_stores_and_help(store: Path) -> None:
    found = imported("--db", str(store), "gate", "billing")
    assert "plangate.infrastructure.cli.render.status" in found
    assert found.isdisjoint(OF_OTHER_STORES | OF_OTHER_COMMANDS | OF_HELP)


def test_gate_for_programs_imports_no_screen_either(store: Path) -> None:
    found = imported("--db", str(store), "gate", "billing", "--json")
    assert "plangate.application.registry" in found
    assert found.isdisjoint(OF_OTHER_STORES | OF_OTHER_COMMANDS | OF_HELP | OF_SCREENS)


def test_the_version_needs_no_store() -> None:
    found = imported("--version")
    assert "typer" in found
    assert found.isdisjoint(OF_OTHER_STORES | OF_OTHER_COMMANDS | OF_SCREENS | OF_A_STORE)
