"""Applying a trace: a file of commands, one JSON object a line.

`op` names the registry's method, the other keys are its arguments. A line that is
refused records nothing and stops nobody, unless that is wanted. Each line has an
idempotency key, so that running a file again records only what is new: the key it
names itself, else one made of what it says and of how many equal lines stand before
it. Lines are read one at a time; what is kept of each is the digest that tells
equal lines.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from plangate.application.command_context import ContextOptions
from plangate.application.drafts import PLAN_ID_DIGITS, derived_id
from plangate.application.errors import ConcurrentChange, CorruptEvent, StoreError
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput, PlangateError, PlanNotFound, Problem
from plangate.infrastructure.cli.answers import Tally

MAX_LINE: Final = 16 * 1024 * 1024
"""The most bytes a line may have."""

_SCORES: Final = {
    "score_prompt": ("score",),
    "score_output": ("score",),
    "update": ("prompt_score", "output_score"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace: its number from 1, its bytes, and how far the file is read by then."""

    number: int
    content: bytes
    read: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a line: it was refused with an `error`, or it counts as `tally` says.

    `recorded` tells whether it brought anything new. After an outcome that
    `ends_the_run` no other follows: the store failed, and the lines after it might
    have meant what this one should have recorded.
    """

    line: Line
    tally: Tally = field(default_factory=Tally)
    recorded: bool = False
    warnings: tuple[str, ...] = ()
    error: PlangateError | None = None

    @property
    def ends_the_run(self) -> bool:
        """Whether the store could not serve, for reasons that are not this line's plan's alone."""
        return isinstance(self.error, StoreError | ConcurrentChange) and not isinstance(
            self.error, CorruptEvent
        )


def lines_of(stream: BinaryIO) -> Iterator[Line]:
    """The lines of a trace that say something; of one that is too long, only the beginning."""
    number = read = 0
    while content := stream.readline(MAX_LINE + 1):
        number, read = number + 1, read + len(content)
        rest = content
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE + 1)
            read += len(rest)
        if number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        if content.strip():
            yield Line(number, content, read)


def applied(registry: PlanRegistry, lines: Iterable[Line], *, run: str | None) -> Iterator[Outcome]:
    """Carry out the lines one by one. A `run` with a name has keys of its own."""
    keys = _Keys(run)
    for line in lines:
        try:
            outcome = _carried_out(registry, line, keys)
        except PlangateError as error:
            outcome = Outcome(line, error=error)
        yield outcome
        if outcome.ends_the_run:
            return


class _Keys:
    """The idempotency key of each line, in the order of the lines."""

    def __init__(self, run: str | None) -> None:
        self._run = run
        self._seen: Counter[bytes] = Counter()

    def of(self, command: Mapping[str, Any]) -> Any:
        own = command.get("idempotency_key")
        if own is not None:
            return own if self._run is None or not isinstance(own, str) else self._made_of(own)
        digest = hashlib.sha256(json.dumps(command, sort_keys=True).encode()).digest()
        earlier = self._seen[digest[:16]]
        self._seen[digest[:16]] += 1
        return self._made_of(digest.hex(), earlier)

    def _made_of(self, *parts: str | int) -> str:
        text = json.dumps([self._run, *parts])
        return f"trace-{hashlib.sha256(text.encode()).hexdigest()}"


def _carried_out(registry: PlanRegistry, line: Line, keys: _Keys) -> Outcome:
    command = _command(line)
    key = keys.of(command)
    context: ContextOptions = {
        "actor": command.pop("actor", None),
        "correlation_id": command.pop("correlation_id", None),
        "idempotency_key": key,
    }
    command.pop("idempotency_key", None)
    plan_id = command.get("plan_id")
    if command.get("op") == "create":
        before = _version(registry, plan_id or derived_id(PLAN_ID_DIGITS, "plan", key))
        answer = registry.execute(None, command, **context)
    else:
        command.pop("plan_id", None)
        before = _version(registry, plan_id)
        answer = registry.execute(plan_id, command, **context)
    if isinstance(answer, PlanStatus):
        after, warnings = answer.version, answer.warnings
    else:
        after, warnings = _version(registry, plan_id), ()
    recorded = after > before
    tally = _tally(command, answer)
    return Outcome(line, tally, recorded=recorded, warnings=warnings if recorded else ())


def _command(line: Line) -> dict[str, Any]:
    if len(line.content) > MAX_LINE and not line.content.endswith(b"\n"):
        raise _refused(f"is longer than {MAX_LINE} bytes")
    try:
        command = json.loads(
            line.content.decode(), object_pairs_hook=_members, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        byte = line.content[error.start]
        raise _refused(f"is not UTF-8: byte 0x{byte:02X} at column {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise _refused(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise _refused("is nested too deep") from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise _refused(f"cannot be read: {error}") from None
    if not isinstance(command, dict):
        raise _refused('must be a JSON object, as in {"op": "next_task", "plan_id": "billing"}')
    return command


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(name for name, times in Counter(n for n, _ in pairs).items() if times > 1)
        raise _refused(f"the key {twice!r:.80} stands in one object twice")
    return members


def _refuse_constant(name: str) -> None:
    raise _refused(f"is not JSON: there is no {name}")


def _refused(message: str, field: str = "") -> InvalidInput:
    return InvalidInput([Problem(field, message)])


def _version(registry: PlanRegistry, plan_id: Any) -> int:
    """The version of a plan now, be it deleted; 0 if there is none.

    Without a plan, all versions together: a task may be taken from any of them.
    """
    if plan_id is None:
        return sum(plan.version for plan in registry.list_plans().plans)
    plan = registry.get(plan_id)
    if plan is not None:
        return plan.version
    try:
        return registry.history.of(plan_id)[-1].envelope.version
    except PlanNotFound:
        return 0


def _tally(command: Mapping[str, Any], answer: object) -> Tally:
    """What a command counts for; an output score that leaves the gate tripped was a replan."""
    operation = command["op"]
    given = [name for name in _SCORES.get(operation, ()) if command.get(name) is not None]
    output = operation == "score_output" or "output_score" in given
    replanned = output and isinstance(answer, PlanStatus) and answer.needs_replan
    return Tally(plans=operation == "create", scores=len(given), replans=replanned)
