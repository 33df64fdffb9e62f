"""Embedding needs no package of the command line; the command line says what it needs."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from plangate.infrastructure.cli import entry
from plangate.infrastructure.cli.exits import REFUSED
from tests.architecture.checkout import settings

HIDDEN = f"import sys\nsys.modules.update(dict.fromkeys({entry._NEEDED!r}))\n"
EMBEDDED = """
import io, pkgutil
import plangate

for name in plangate.__all__:
    getattr(plangate, name)
with plangate.connect("memory:") as registry:
    plan = registry.create("Move billing", ["Design the schema"])
    registry.score_output(plan.plan_id, plan.tasks[0].id, 0.5, scorer="judge")
    assert registry.views.plans() and list(registry.history.audit())
    assert registry.replay.what_if(policy="steady").plans
    assert registry.replay.check().mismatch_count == 0
    registry.evidence.findings()
    registry.bundles.export(io.BytesIO())
"""
PROGRAM = "from plangate.infrastructure.cli.entry import start\nstart()\n"


def run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_plangate_is_embedded_without_the_packages_of_the_command_line() -> None:
    assert run(HIDDEN + EMBEDDED).stderr == ""


def test_without_them_the_command_says_what_to_install() -> None:
    refused = run(HIDDEN + PROGRAM)
    assert (refused.returncode, refused.stdout) == (REFUSED, "")
    assert refused.stderr == (
        "refused: a terminal needs defusedxml, junitparser, markdown_it, mdit_py_plugins, "
        "rich, typer, yaml: pip install 'plangate[cli]'\n"
    )


@pytest.mark.parametrize("name", entry._NEEDED)
def test_one_of_them_missing_is_named_alone(name: str) -> None:
    refused = run(f"import sys\nsys.modules[{name!r}] = None\n{PROGRAM}")
    assert (refused.returncode, refused.stdout) == (REFUSED, "")
    assert refused.stderr == f"refused: a terminal needs {name}: pip install 'plangate[cli]'\n"


def test_the_extra_brings_what_the_command_needs_and_all_brings_every_extra() -> None:
    extras = settings()["project"]["optional-dependencies"]
    brought = {line.partition(">=")[0] for line in extras["cli"]}
    files = {"defusedxml", "junitparser", "markdown-it-py", "mdit-py-plugins"}
    assert {"rich", "typer", "pyyaml"} | files == brought
    assert all(find_spec(name) for name in entry._NEEDED)
    others = sorted(extras.keys() - {"all", "dev"})
    assert extras["all"] == [f"plangate[{','.join(others)}]"]
