"""Who may import whom, and that each rule about it really bites.

The contracts stand in pyproject.toml. A contract that nothing can break looks
just like one that holds, so each is broken here in a copy, in every way that is listed.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.architecture.checkout import copy_to, settings

LAYERED = "Layers: domain below application below infrastructure"
FRONT_DOOR = "The front door is for callers: no layer imports the package root"
PURE_DOMAIN = "The domain owns no clock, no I/O, no framework and no ids of its own making"
PLAIN_APPLICATION = "The application knows no storage engine and no door"
ONE_LIBRARY_USER = "Only the engines know the eventsourcing library"
ENGINES = "Engines are independent: none imports another"
ACYCLIC = "Siblings form no cycle"
DOORS = "Doors know what they are given, never a store or each other"

# Where it is planted (a new module of a folder, or the end of a module), what it says, and
# which contract must name it.
VIOLATIONS = [
    ("domain", "import plangate.application", LAYERED),
    ("domain", "from plangate.infrastructure import sqlite", LAYERED),
    ("application", "import plangate.infrastructure", LAYERED),
    ("domain", "import plangate", FRONT_DOOR),
    ("application", "from plangate import __name__ as root", FRONT_DOOR),
    ("infrastructure/cli", "import plangate", FRONT_DOOR),
    ("domain", "import sqlite3", PURE_DOMAIN),
    ("domain", "from eventsourcing.domain import event", PURE_DOMAIN),
    ("domain", "from uuid import uuid4", PURE_DOMAIN),
    ("application", "import eventsourcing.application", PLAIN_APPLICATION),
    ("application", "def late() -> None:\n    import typer", PLAIN_APPLICATION),
    ("application", "def late() -> None:\n    import scipy", PLAIN_APPLICATION),
    ("infrastructure", "import eventsourcing.persistence", ONE_LIBRARY_USER),
    ("infrastructure/cli", "import eventsourcing", ONE_LIBRARY_USER),
    ("infrastructure/sqlite", "import plangate.infrastructure.postgres", ENGINES),
    ("infrastructure/postgres", "import plangate.infrastructure.memory", ENGINES),
    ("infrastructure/memory", "import plangate.infrastructure.sqlite", ENGINES),
    ("infrastructure/sql/tables.py", "import plangate.infrastructure.postgres.layout", ENGINES),
    ("domain/policy.py", "import plangate.domain.plan", ACYCLIC),
    ("application/ledger", "import plangate.application.bundles.transfer", ACYCLIC),
    ("application/views", "import plangate.application.registry", ACYCLIC),
    ("application/history/points.py", "import plangate.application.history.diff", ACYCLIC),
    ("infrastructure/sqlite", "import plangate.infrastructure.bootstrap", ACYCLIC),
    ("infrastructure/cli", "import plangate.infrastructure.eventsourcing_library", DOORS),
    ("infrastructure/cli", "import plangate.infrastructure.sqlite.file", DOORS),
    ("infrastructure/mcp", "import plangate.infrastructure.sqlite.file", DOORS),
    ("infrastructure/mcp", "import plangate.infrastructure.cli.exits", DOORS),
]

NO_DOORS = {
    "project",
    "store_finding",
    *("memory", "postgres", "sqlite", "eventsourcing_library", "sql"),  # engines
    *("addresses", "signing_key", "stored_events"),
    *("bootstrap", "operations", "settings"),  # what doors are given
    *("charts", "plots", "report", "statistics"),  # statistics, pictures and a file of them
    "asgi",  # what the servers of HTTP and of MCP share
    "command_lines",  # what doors say to type next
    *("plan_formats", "score_files"),  # what other tools write
    *("processes", "worker"),  # what plans are shared out to
    "testing",  # what the tests of hosts are made of
}
"""Everything in the infrastructure that is not a door: what else comes there is one."""

# pydantic_core is pydantic's own, and where some of its types are at home. The API of
# OpenTelemetry is made for libraries to import; the domain may not, by its own contract.
INNER_LAYERS = ["plangate.application", "plangate.domain"]
ALLOWED_BESIDE_THE_STANDARD_LIBRARY = {"opentelemetry", "plangate", "pydantic"} | {
    "pydantic_core",
    "rpds",
}


def contracts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = settings()["tool"]["importlinter"]["contracts"]
    return found


def lint_imports(checkout: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


def imports() -> grimp.ImportGraph:
    return grimp.build_graph("plangate", include_external_packages=True, cache_dir=None)


def strangers(graph: grimp.ImportGraph, package: str) -> set[str]:
    """What a package imports that neither Python nor the list above provides."""
    inside = {package} | graph.find_descendants(package)
    found = {name for module in inside for name in graph.find_modules_directly_imported_by(module)}
    tops = {name.partition(".")[0] for name in found}
    return tops - sys.stdlib_module_names - ALLOWED_BESIDE_THE_STANDARD_LIBRARY


def test_every_contract_holds(tmp_path: Path) -> None:
    outcome = lint_imports(copy_to(tmp_path))

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert all(f"{contract['name']} KEPT" in outcome.stdout for contract in contracts())


def plant(checkout: Path, place: str, planted: str, name: str = "planted") -> str:
    """Write code into a module, or into a new one of a folder; the name of the module."""
    module = Path(place if place.endswith(".py") else f"{place}/{name}.py")
    with (checkout / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{planted}\n")
    return ".".join(("plangate", *module.with_suffix("").parts))


def broken(checkout: Path) -> dict[str, str]:
    """What the linter says of each contract that is broken."""
    outcome = lint_imports(checkout)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    _, *parts = re.split(r"^(.+)\n-{4,}$", outcome.stdout, flags=re.MULTILINE)
    said = dict(zip(parts[::2], (" ".join(part.split()) for part in parts[1::2]), strict=True))
    return {name: why for name, why in said.items() if f"{name} BROKEN" in outcome.stdout}


@pytest.mark.parametrize("contract", sorted({name for *_, name in VIOLATIONS} - {ACYCLIC}))
def test_each_planted_import_breaks_its_contract(tmp_path: Path, contract: str) -> None:
    checkout = copy_to(tmp_path)
    modules = [
        plant(checkout, place, planted, f"planted{number}")
        for number, (place, planted, violated) in enumerate(VIOLATIONS)
        if violated == contract
    ]

    why = broken(checkout)[contract]

    assert [module for module in modules if f"{module} -> " not in why] == []


# Of several cycles in a package the linter names but some.
@pytest.mark.parametrize("place, planted", [one[:2] for one in VIOLATIONS if one[2] == ACYCLIC])
def test_a_planted_import_makes_a_cycle(tmp_path: Path, place: str, planted: str) -> None:
    plant(checkout := copy_to(tmp_path), place, planted)

    assert ACYCLIC in broken(checkout)


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract["name"] for contract in contracts()} == {
        violated for *_, violated in VIOLATIONS
    }


@pytest.mark.parametrize("package", INNER_LAYERS)
def test_an_inner_layer_leans_on_nothing_but_what_is_listed(package: str) -> None:
    assert strangers(imports(), package) == set()


@pytest.mark.parametrize("package", INNER_LAYERS)
def test_a_stranger_in_an_inner_layer_is_noticed(package: str) -> None:
    graph = imports()
    graph.add_module("requests", is_squashed=True)
    graph.add_import(importer=f"{package}.errors", imported="requests")

    assert strangers(graph, package) == {"requests"}


def doors(graph: grimp.ImportGraph) -> set[str]:
    return {
        module
        for module in graph.find_children("plangate.infrastructure")
        if module.rpartition(".")[2] not in NO_DOORS
    }


def test_every_door_is_named_in_the_contract_about_doors() -> None:
    (contract,) = (contract for contract in contracts() if contract["name"] == DOORS)

    assert doors(imports()) == set(contract["source_modules"])


def test_a_new_door_is_noticed() -> None:
    graph = imports()
    graph.add_module("plangate.infrastructure.grpc")

    assert "plangate.infrastructure.grpc" in doors(graph)


def test_a_second_door_may_use_neither_the_first_nor_a_store(tmp_path: Path) -> None:
    checkout = copy_to(tmp_path)
    project = checkout / "pyproject.toml"
    cli, grpc = "plangate.infrastructure.cli", "plangate.infrastructure.grpc"
    source = f'source_modules = [\n    "{cli}",\n'
    text = project.read_text("utf-8")
    assert source in text
    project.write_text(text.replace(source, f'{source}    "{grpc}",\n'), "utf-8")
    (checkout / "infrastructure" / "grpc").mkdir()
    planted = "import plangate.infrastructure.cli.exits\nimport plangate.infrastructure.sqlite"
    plant(checkout, "infrastructure/grpc/__init__.py", planted)

    why = broken(checkout)[DOORS]

    assert f"{grpc} -> plangate.infrastructure.cli.exits" in why
    assert f"{grpc} -> plangate.infrastructure.sqlite " in why


def test_the_linter_refuses_a_layer_under_its_bare_name(tmp_path: Path) -> None:
    checkout = copy_to(tmp_path)
    layers = ("domain", "application", "infrastructure")
    ways = ("import {}", "import {}.sub", "from {}.sub import thing")
    statements = [way.format(layer) for layer in layers for way in ways]
    plant(checkout, "application", "\n".join(statements))
    planted = checkout / "application" / "planted.py"

    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251"),
            *("--output-format=concise", planted),
        ],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    for line, statement in enumerate(statements, 2):
        (refused,) = re.findall(rf"planted\.py:{line}:.*", outcome.stdout)
        assert f"Import plangate.{layers[(line - 2) // 3]}" in refused, statement
