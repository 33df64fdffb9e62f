"""What a registry reports while it works: to the logger `plangate`, and to OpenTelemetry.

OpenTelemetry is looked for among the modules that this process has imported, as a host that
uses it has done. So where it is not used, it costs nothing and is not imported; nor does it
cost anything where no provider is set.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import isfunction
from logging import NullHandler, getLogger
from time import monotonic
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from weakref import WeakSet

from plangate.domain.events import PlanEvent, ReplanTriggered
from plangate.domain.vocabulary import Verdict

if TYPE_CHECKING:
    from plangate.application.telemetry.otel import Instruments

SLOW: Final = 1.0
"""Seconds from which on a command is reported as slow."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at whether the host has set a provider: each look takes time."""

log: Final = getLogger("plangate")
log.addHandler(NullHandler())

_OTEL: Final = "opentelemetry.trace"
_UNSEEN: Final = frozenset(
    {"acting_as", "close", "for_schema", "health", "in_transaction", "repeatable_run", "subscribe"}
)
"""Methods that are neither commands nor questions."""

C = TypeVar("C", bound=type[Any])


class HasHealth(Protocol):
    """A registry, as far as its health is asked for."""

    def health(self) -> Any:
        """Its health."""


registries: Final[WeakSet[HasHealth]] = WeakSet()
"""The opened registries of this process, whose views are asked how far they are behind."""


class _Host:
    """The host's OpenTelemetry, once it has set a provider; that is looked for now and then."""

    def __init__(self) -> None:
        self._found: Instruments | None = None
        self._look_at = 0.0

    def instruments(self) -> "Instruments | None":
        if _OTEL not in sys.modules:
            return None
        now = monotonic()
        if self._found is None and now >= self._look_at:
            from plangate.application.telemetry.otel import Instruments, is_set  # noqa: PLC0415

            self._look_at = now + LOOK_EVERY
            self._found = Instruments() if is_set() else None
        return self._found


instruments: Final = _Host().instruments
"""The host's OpenTelemetry; None where it has none."""


def questions_of(group: str = "") -> Callable[[C], C]:
    """Have the public methods of a class reported as the questions of a group, or of none."""
    prefix = f"{group}." if group else ""

    def decorated(owner: C) -> C:
        for name, method in _methods(owner):
            setattr(owner, name, _question(method, f"{prefix}{name}"))
        return owner

    return decorated


def commands(owner: C) -> C:
    """Have the public methods of a class reported as commands."""
    methods = dict(_methods(owner))
    execute = _execute(methods.pop("execute"), methods)
    for name, method in methods.items():
        setattr(owner, name, _command(method, name))
    owner.execute = execute
    return owner


def conflict(plan_id: str) -> None:
    """Report that another writer changed a plan under a command, which is decided again."""
    log.debug("the plan %r changed under a command, which is decided again", plan_id)
    found = instruments()
    if found is not None:
        found.conflicts.add(1)


def recorded(events: Iterable[PlanEvent]) -> None:
    """Report the replans among what a command recorded."""
    replans = [event for event in events if type(event) is ReplanTriggered]
    found = instruments() if replans else None
    if found is not None:
        found.replans.add(len(replans))


def answered(verdict: Verdict) -> None:
    """Report a gate's answer."""
    found = instruments()
    if found is not None:
        found.verdicts.add(1, {"verdict": str(verdict)})


def _methods(owner: type[Any]) -> list[tuple[str, FunctionType]]:
    return [
        (name, method)
        for name, method in vars(owner).items()
        if isfunction(method) and not name.startswith("_") and name not in _UNSEEN
    ]


def _question(method: FunctionType, name: str) -> Any:
    names_plan = _names_plan(method)

    @wraps(method)
    def question(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = instruments()
        if found is None:
            return method(self, *args, **kwargs)
        with found.span(name, args[0] if names_plan and args else kwargs.get("plan_id")):
            return method(self, *args, **kwargs)

    return question


def _execute(method: FunctionType, names: Iterable[str]) -> Any:
    """Report a command that is given as a value as the method that its `op` names."""
    reported = {name: _command(method, name) for name in (*names, "execute")}

    @wraps(method)
    def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = args[1] if len(args) > 1 else kwargs.get("command")
        op = given.get("op") if isinstance(given, Mapping) else getattr(given, "op", None)
        name = op if isinstance(op, str) and op in reported else "execute"
        return reported[name](self, *args, **kwargs)

    return execute


def _command(method: FunctionType, name: str) -> Any:
    names_plan = _names_plan(method)

    @wraps(method)
    def command(self: Any, *args: Any, **kwargs: Any) -> Any:
        began = monotonic()
        try:
            found = instruments()
            if found is None:
                return method(self, *args, **kwargs)
            plan_id = args[0] if names_plan and args else kwargs.get("plan_id")
            return found.command(name, plan_id, lambda: method(self, *args, **kwargs))
        finally:
            took = monotonic() - began
            if took >= SLOW:
                log.warning("the command %s took %.1f s", name, took)

    return command


def _names_plan(method: FunctionType) -> bool:
    """Whether a method's first argument is a plan's id."""
    return method.__code__.co_varnames[1:2] == ("plan_id",)
