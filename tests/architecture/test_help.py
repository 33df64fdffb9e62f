"""`help()` shows every parameter: no public method hides some behind `*args` or `**options`."""

import inspect
import pydoc
from collections.abc import Iterator
from inspect import Parameter, isroutine
from typing import Any

import pytest

import plangate


def groups(registry: plangate.PlanRegistry) -> list[Any]:
    own = (registry.views, registry.history, registry.replay, registry.evidence)
    more = (registry.bundles, registry.ledger, registry.keys, registry.repeatable_run())
    return [plangate, registry, *own, *more]


def routines() -> Iterator[tuple[str, Any]]:
    with plangate.connect("memory:") as registry:
        for owner in groups(registry):
            for name, routine in inspect.getmembers(owner, isroutine):
                if not name.startswith("_"):
                    yield f"{type(owner).__name__}.{name}", routine


@pytest.mark.parametrize("name, routine", [pytest.param(*one, id=one[0]) for one in routines()])
def test_every_parameter_has_a_name_of_its_own(name: str, routine: Any) -> None:
    hidden = [
        parameter
        for parameter in inspect.signature(routine).parameters.values()
        if parameter.kind is Parameter.VAR_KEYWORD
    ]
    assert not hidden, name


def test_help_shows_the_options_of_a_judgement() -> None:
    shown = pydoc.plain(pydoc.render_doc(plangate.PlanRegistry.score_output))
    parameters = inspect.signature(plangate.PlanRegistry.score_output).parameters
    options = ("scorer", "scale", "occurred_at", "rationale", "evidence", "token")
    for option in (*options, "actor", "correlation_id", "idempotency_key"):
        assert f"{option}: " in shown
        assert parameters[option].kind is Parameter.KEYWORD_ONLY
        assert parameters[option].default is None
