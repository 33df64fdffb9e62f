"""The package root: complete, sorted, and nothing that belongs to a module of its own."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pydantic
import pytest

import plangate
from plangate.application import errors as application_errors
from plangate.domain import errors as domain_errors
from plangate.domain import vocabulary
from plangate.domain.events import PlanEvent

VALUES = {"Claim", "Envelope", "Plan", "PlannedTask", "Policy", "Preset", "Problem"} | {
    "PlanDraft",
    "RecordedEvent",
    "RevisionDraft",
    "Task",
    "TaskDraft",
}
PARTS = {"ClaimView", "DeferralView", "Evidence", "GateView", "ObstacleView", "UnreadablePlan"} | {
    "ViewLag"
}


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
    return {found.__name__ for function in functions for found in classes(answer_of(function))}


def answer_of(function: Callable[..., Any]) -> Any:
    """What a function returns; its annotation may be imported for type checkers alone."""
    annotation = function.__annotations__.get("return")
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules[function.__module__]
    late = imported_for_type_checkers(module).items()
    names = {name: getattr(import_module(found), name) for name, found in late}
    return eval(annotation, vars(module) | names)  # noqa: S307  (our own annotation)


@pytest.fixture(scope="module")
def answers() -> set[str]:
    """What the functions of the module and the registry's own methods return."""
    with plangate.connect("memory:") as registry:
        return returned(plangate) | returned(registry)


def fresh(program: str) -> str:
    """What a program prints in an interpreter of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def imported_for_type_checkers(module: ModuleType = plangate) -> dict[str, str]:
    """The names that a module imports from plangate, each with its module."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own = [one for one in imports if one.module and one.module.startswith("plangate.")]
    return {name.name: str(one.module) for one in own for name in one.names}


def test_all_is_sorted_and_names_what_is_imported_at_first_use_and_for_type_checkers() -> None:
    assert list(plangate.__all__) == sorted(set(plangate.__all__))
    first_use = {name: f"plangate.{module}" for name, module in plangate._MODULE_OF.items()}
    assert first_use == imported_for_type_checkers()
    assert first_use.keys() | {"__version__"} == set(plangate.__all__)


def test_each_name_is_that_of_its_module_and_is_imported_once() -> None:
    for name, module in plangate._MODULE_OF.items():
        value = getattr(import_module(f"plangate.{module}"), name)
        assert getattr(plangate, name) is value
        assert vars(plangate)[name] is value


def test_importing_the_root_loads_no_layer_until_a_name_is_used() -> None:
    shown = fresh(
        "import plangate, sys\n"
        "print([name for name in sys.modules if name.startswith('plangate.')])\n"
        "print(plangate.Policy.__module__)\n"
    )
    assert shown.splitlines() == ["[]", "plangate.domain.policy"]


def test_a_star_import_and_dir_give_every_name_before_any_is_used() -> None:
    names = sorted(plangate.__all__)
    starred = f"from plangate import *\nprint(*sorted(set(dir()) & set({names})))"
    listed = f"import plangate\nprint(*[one for one in dir(plangate) if one in {names}])"
    assert fresh(starred).split() == fresh(listed).split() == names


def test_what_is_not_there_is_missing_as_from_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'plangate' has no attribute 'connects'"):
        _ = plangate.connects  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'connects' from 'plangate'"):
        from plangate import connects  # type: ignore[attr-defined]  # noqa: F401, PLC0415


def test_the_root_holds_every_error_every_event_and_every_answer_and_little_else(
    answers: set[str],
) -> None:
    errors = {"CannotPlot", "LogSetAside"} | set().union(
        *(members(module, Exception) for module in (domain_errors, application_errors))
    )
    events = {"PlanEvent", *(event.__name__ for event in get_args(get_args(PlanEvent)[0]))}
    enums = members(vocabulary, str) | members(vocabulary, pydantic.BaseModel)
    functions = {"backup", "connect", "doctor", "get_registry", "migrate", "plot"} | {
        "reset_registry",
        "restore_backup",
    }
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
    assert "there is no command 'burn'" in refused.stderr
