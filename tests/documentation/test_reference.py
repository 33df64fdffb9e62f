"""The reference leaves nothing out: errors, policy fields, settings, events and methods."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import plangate
from plangate.domain.vocabulary import ObstacleKind, PlanState
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.stored_events.kinds import STORED_KINDS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
GROUPS = ("views", "history", "replay", "evidence", "bundles", "ledger", "keys")


def code_on(page: str) -> set[str]:
    """Every word that a page sets as code."""
    text = (REFERENCE / page).read_text("utf-8")
    return {
        word for span in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[\w-]+", span)
    }


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_every_error_is_named() -> None:
    errors = {
        name
        for name in plangate.__all__
        if inspect.isclass(value := getattr(plangate, name)) and issubclass(value, Exception)
    }

    assert errors <= code_on("errors.md")


def test_every_policy_field_and_state_is_named() -> None:
    wanted = {*plangate.Policy.model_fields, *PlanState, *ObstacleKind, *plangate.Preset}

    assert wanted <= code_on("policy.md")


def test_every_environment_variable_is_named() -> None:
    text = Path(inspect.getfile(Settings)).read_text("utf-8")
    variables = {f"PLANGATE_{name}" for name in re.findall(r"_variable\(\"(\w+)\"\)", text)}

    assert len(variables) == len(fields(Settings))
    assert variables <= code_on("settings.md")


def test_every_stored_event_is_named_with_all_its_fields() -> None:
    text = (REFERENCE / "events.md").read_text("utf-8")
    for name, kind in STORED_KINDS.items():
        rows = [line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line]

        assert len(rows) == 1, name
        for field in set(kind.event.model_fields) - {"type", "at"}:
            assert re.search(rf"\b{field}\b", rows[0]), f"{name}: {field}"


def test_every_field_of_the_envelope_is_named() -> None:
    assert set(plangate.Envelope.__dataclass_fields__) <= code_on("events.md")


def test_every_method_of_the_registry_and_its_groups_is_named() -> None:
    named = code_on("python.md")
    with plangate.connect("memory:") as registry:
        assert public(registry) <= named
        for group in GROUPS:
            assert public(getattr(registry, group)) <= named, group


def test_every_function_of_the_module_is_named() -> None:
    functions = {name for name in plangate.__all__ if inspect.isfunction(getattr(plangate, name))}

    assert functions <= code_on("python.md")


def test_every_field_of_a_status_is_named() -> None:
    wanted = {
        *plangate.PlanStatus.model_fields,
        *plangate.TaskView.model_fields,
        *plangate.GateView.model_fields,
        *plangate.ClaimView.model_fields,
    }

    assert wanted <= code_on("python.md")
