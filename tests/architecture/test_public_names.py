"""The package root: complete, sorted, and nothing that belongs to a module of its own."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import pydantic
import pytest

import plangate
from plangate.application import errors as application_errors
from plangate.domain import errors as domain_errors
from plangate.domain import vocabulary
from plangate.domain.events import PlanEvent

VALUES = {"Claim", "Envelope", "Plan", "PlannedTask", "Policy", "Preset", "Problem"} | {
    "RecordedEvent",
    "Task",
}
PARTS = {"ClaimView", "DeferralView", "Evidence", "GateView", "ObstacleView", "UnreadablePlan"}


def members(module: Any, kind: type) -> set[str]:
    """The public classes of a kind that a module defines."""
    return {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, kind)
        and value.__module__ == module.__name__
    }


def classes(annotation: Any) -> Iterator[type]:
    """The classes of plangate in an annotation such as `Iterator[AuditEntry] | None`."""
    if inspect.isclass(annotation) and annotation.__module__.startswith("plangate."):
        yield annotation
    for inner in get_args(annotation):
        yield from classes(inner)


def returned(owner: Any) -> set[str]:
    """What the public functions or methods of an owner return."""
    functions = [
        value
        for name, value in inspect.getmembers(owner, inspect.isroutine)
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("plangate.")
    ]
    return {
        found.__name__
        for function in functions
        for found in classes(function.__annotations__.get("return"))
    }


@pytest.fixture(scope="module")
def answers() -> set[str]:
    """What the functions of the module and the registry's own methods return."""
    with plangate.connect("memory:") as registry:
        return returned(plangate) | returned(registry)


def test_all_is_sorted_and_names_what_is_there() -> None:
    assert list(plangate.__all__) == sorted(plangate.__all__)
    assert len(set(plangate.__all__)) == len(plangate.__all__)
    imported = {
        name
        for name, value in vars(plangate).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "version"
    }
    assert imported | {"__version__"} == set(plangate.__all__)


def test_the_root_holds_every_error_every_event_and_every_answer_and_little_else(
    answers: set[str],
) -> None:
    errors = {"CannotPlot", "LogSetAside"} | set().union(
        *(members(module, Exception) for module in (domain_errors, application_errors))
    )
    events = {"PlanEvent", *(event.__name__ for event in get_args(PlanEvent))}
    enums = members(vocabulary, str) | members(vocabulary, pydantic.BaseModel)
    functions = {"backup", "connect", "doctor", "get_registry", "migrate", "plot", "restore_backup"}
    expected = errors | events | answers | enums | functions | VALUES | PARTS | {"__version__"}
    assert set(plangate.__all__) == expected


def test_the_version_is_that_of_the_package() -> None:
    command = [sys.executable, "-m", "plangate", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert plangate.__version__ in shown


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "plangate", "burn"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "No such command 'burn'" in refused.stderr
