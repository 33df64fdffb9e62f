"""Every public method refuses wrong types, huge numbers and dead files by a `PlangateError`."""

import inspect
import io
import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest

from plangate.application.errors import NotAStore
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlangateError
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, doctor, migrate, restore_backup
from tests.support.forging import forged

GROUPS: Final = ("", "views", "history", "replay", "evidence", "bundles", "ledger")


def nested(depth: int) -> list[Any]:
    """Lists in lists, deeper than Python's stack."""
    outer: list[Any] = []
    for _ in range(depth):
        outer = [outer]
    return outer


def closed() -> io.BytesIO:
    """A stream that was closed."""
    stream = io.BytesIO(b"x")
    stream.close()
    return stream


HOSTILE: Final[dict[str, Any]] = {
    "nothing": None,
    "a boolean": True,
    "2**63": 2**63,
    "-2**63": -(2**63),
    "10**400": 10**400,
    "not a number": math.nan,
    "a NUL": "p\0",
    "a lone surrogate": "\ud800",
    "long text": "a" * 100_000,
    "bytes": b"p@1",
    "a list": [None],
    "an object": {"op": ["x"]},
    "a module": sys,
    "deep lists": nested(3_000),
    "no time zone": datetime(2026, 1, 1),  # noqa: DTZ001  (that is what is tried)
    "the last moment": datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    "the first moment": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "a long time": timedelta.max,
    "a folder": Path("/"),
    "a missing file": Path("/no/such/file"),
    "text stream": io.StringIO("x"),
    "a closed stream": closed(),
}

VALID: Final[dict[str, Any]] = {
    "plan_id": "p",
    "task_id": "a",
    "goal": "g",
    "tasks": [{"id": "a", "title": "A"}],
    "score": 0.5,
    "kind": "output",
    "reason": "r",
    "event_id": "p@1",
    "outcome": "accepted",
    "source": "ci",
    "status": "done",
    "token": 1,
    "changes": [{"op": "change", "task_id": "a", "title": "N"}],
    "command": {"op": "pause", "reason": "x"},
    "a": 1,
    "policy": "steady",
    "grid": {"decay": [0.5]},
    "given": [],
    "format": "loopllm",
}


EVENTS: Final = 4
"""How many events there are at least."""


def work() -> PlanRegistry:
    """A registry with one plan whose replan is due."""
    registry = connect("memory:")
    registry.create("g", [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], plan_id="p")
    registry.score_output("p", "a", 0.2)
    return registry


def methods() -> Iterator[tuple[str, str]]:
    """Every public method, with its group."""
    with work() as registry:
        for group in GROUPS:
            members = inspect.getmembers(getattr(registry, group) if group else registry)
            for name, member in members:
                if not name.startswith("_") and inspect.ismethod(member) and name != "close":
                    yield group, name


def parameters(method: Callable[..., Any]) -> Iterator[str]:
    """The names by which arguments are given, options included."""
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            yield from get_type_hints(get_args(parameter.annotation)[0])
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            yield parameter.name


def required(method: Callable[..., Any]) -> dict[str, Any]:
    """Good values for the arguments that must be given."""
    streams = {"source": io.BytesIO(forged({})), "target": io.BytesIO()}
    others = streams if "Bundles" in method.__qualname__ else {}
    return {
        name: (VALID | others).get(name)
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    }


def use(answer: Any) -> None:
    """Read an answer that is read lazily; a subscription may wait behind the last event."""
    if isinstance(answer, Iterator):
        list(islice(answer, EVENTS))
    elif hasattr(answer, "__enter__"):
        with answer:
            pass


@pytest.mark.parametrize("group, name", list(methods()), ids=str)
def test_no_argument_makes_a_method_raise_anything_else(group: str, name: str) -> None:
    messages: list[str] = []
    with work() as registry:
        method = getattr(getattr(registry, group) if group else registry, name)
        ends = {"timeout": 0} if name == "subscribe" else {}
        for parameter in parameters(method):
            for value in HOSTILE.values():
                try:
                    use(method(**required(method) | ends | {parameter: value}))
                except PlangateError as refused:
                    messages.append(str(refused))
        assert all(messages)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_no_view_has_such_a_name(value: object) -> None:
    with work() as registry, pytest.raises(InvalidInput, match="is not a view; there are"):
        registry.views.rebuild(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "field, question",
    [
        ("after", lambda registry: registry.history.events(after=2**63)),
        ("at_least", lambda registry: registry.views.plans(at_least=2**63)),
        ("version", lambda registry: registry.history.as_of("p", version=2**63)),
        ("against", lambda registry: registry.ledger.verify("x")),
        ("against", lambda registry: registry.ledger.verify({1: "x"})),
        ("event_id", lambda registry: registry.ledger.prove(b"p@1")),
        ("source", lambda registry: registry.bundles.import_bundle(None)),
        ("source", lambda registry: registry.bundles.import_bundle("no-such")),
        ("source", lambda registry: registry.bundles.import_bundle("/")),
        ("source", lambda registry: registry.bundles.import_bundle("a\0b")),
        ("source", lambda registry: registry.bundles.import_bundle(closed())),
        ("source", lambda registry: registry.bundles.import_bundle(io.StringIO("x"))),
        ("target", lambda registry: registry.bundles.export("/no/such/x.bundle")),
        ("target", lambda registry: registry.bundles.export(None)),
        ("target", lambda registry: registry.bundles.export(closed())),
        ("target", lambda registry: registry.bundles.export(io.StringIO())),
        ("target", lambda registry: registry.bundles.copy_to(None)),
        ("progress", lambda registry: registry.replay.check(progress=1)),
    ],
)
@pytest.mark.parametrize("engine", ["memory:", "plans.db"])
def test_a_refusal_names_the_field(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    field: str,
    question: Callable[[PlanRegistry], object],
) -> None:
    monkeypatch.chdir(tmp_path)
    with connect(engine) as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        with pytest.raises(InvalidInput) as refused:
            question(registry)
    assert [problem.field for problem in refused.value.problems] == [field]


NO_PATHS = ("a NUL", "a lone surrogate", "long text", "bytes", "2**63", "a list", "a module")


@pytest.mark.parametrize("value", NO_PATHS)
@pytest.mark.parametrize("function", [connect, migrate, doctor])
def test_what_no_file_can_be_named_is_not_an_address(
    function: Callable[[Any], object], value: str
) -> None:
    with pytest.raises(NotAStore):
        function(HOSTILE[value])


@pytest.mark.parametrize("value", NO_PATHS)
@pytest.mark.parametrize("function", [backup, restore_backup])
def test_what_no_file_can_be_named_is_not_a_backup(
    function: Callable[..., object], value: str
) -> None:
    with pytest.raises(InvalidInput, match="path: must be the path of a file"):
        function(HOSTILE[value], "memory:")


def test_a_server_whose_name_no_bytes_write_is_not_an_address() -> None:
    with pytest.raises(NotAStore, match="does not understand the PostgreSQL address"):
        connect("postgresql://\ud800")


@pytest.mark.parametrize("until", ["the last moment", "the first moment"])
def test_a_time_that_no_calendar_has_in_utc_is_refused(until: str) -> None:
    with work() as registry, pytest.raises(InvalidInput, match="until: must be between the years"):
        registry.defer_task("p", "b", "later", until=HOSTILE[until])


def test_the_last_moment_in_utc_is_a_time() -> None:
    with work() as registry:
        registry.defer_task("p", "b", "later", until=datetime.max.replace(tzinfo=UTC))
        assert registry.views.plans().plans[0].plan_id == "p"


def test_a_reader_that_went_away_is_not_a_wrong_target() -> None:
    class Gone(io.BytesIO):
        def write(self, _data: object) -> int:
            raise BrokenPipeError

    with work() as registry, pytest.raises(BrokenPipeError):
        registry.bundles.export(Gone())
