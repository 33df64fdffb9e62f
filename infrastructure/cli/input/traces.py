"""Applying a trace: a file of commands, one JSON object a line.

`op` names the command, the other keys are its arguments. A refused line records nothing
and does not stop the run. Each line has an idempotency key, so that applying a file again
records only what is new: the key it names, or else one that a repeatable run makes. Lines
are read one at a time; only a digest of each is kept, to recognise equal lines.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from plangate.application.command_context import ContextOptions
from plangate.application.commands import Create, GivenCommand, validated
from plangate.application.errors import ConcurrentChange, StoreError, UnreadableEvent
from plangate.application.registry import PlanRegistry
from plangate.application.repeatable_run import RepeatableRun
from plangate.application.results import PlanStatus
from plangate.domain.commands import ScoreOutput, ScorePrompt, UpdateScores
from plangate.domain.errors import InvalidInput, PlangateError, Problem
from plangate.infrastructure.cli.answers import Tally

MAX_LINE: Final = 16 * 1024 * 1024
"""The most bytes a line may have."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trace: its number from 1, its bytes, and how many bytes are read by its end."""

    number: int
    content: bytes
    read: int


@dataclass(frozen=True, slots=True)
class LineResult:
    """The result of a line: an `error`, or what its command counts as.

    `recorded` is false for a line that was recorded earlier or changed nothing.
    """

    line: Line
    tally: Tally = field(default_factory=Tally)
    recorded: bool = False
    warnings: tuple[str, ...] = ()
    error: PlangateError | None = None
    creates: str | None = None
    """The plan that a refused line was to create."""

    @property
    def stops_the_run(self) -> bool:
        """Whether the store failed: later lines may depend on what this one should record."""
        return isinstance(self.error, StoreError | ConcurrentChange) and not isinstance(
            self.error, UnreadableEvent
        )


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of a trace that are not blank; of one that is too long, only the beginning."""
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


def apply_lines(
    registry: PlanRegistry, lines: Iterable[Line], *, run: str | None
) -> Iterator[LineResult]:
    """Execute the lines one by one. A named `run` has idempotency keys of its own."""
    keys, commands = _Keys(run), registry.repeatable_run(run)
    for line in lines:
        try:
            result = _apply(registry, line, keys, commands)
        except PlangateError as error:
            result = LineResult(line, error=error, creates=_created_by(line))
        yield result
        if result.stops_the_run:
            return


class _Keys:
    """A digest of each line, in the order of the lines, which counts equal lines before it."""

    def __init__(self, run: str | None) -> None:
        self._run = run
        self._seen: Counter[bytes] = Counter()

    def own(self, given: Any) -> Any:
        """The key for a line that names one."""
        return given if self._run is None or not isinstance(given, str) else self._derived(given)

    def of(self, members: Mapping[str, Any]) -> str:
        """The key that is a digest of the line."""
        digest = hashlib.sha256(json.dumps(members, sort_keys=True).encode()).digest()
        earlier = self._seen[digest[:16]]
        self._seen[digest[:16]] += 1
        return self._derived(digest.hex(), earlier)

    def _derived(self, *parts: str | int) -> str:
        text = json.dumps([self._run, *parts])
        return f"trace-{hashlib.sha256(text.encode()).hexdigest()}"


def _apply(registry: PlanRegistry, line: Line, keys: _Keys, commands: RepeatableRun) -> LineResult:
    members = _members(line)
    named = members.get("idempotency_key")
    key = keys.of(members) if named is None else keys.own(named)
    context: ContextOptions = {
        "actor": members.get("actor"),
        "correlation_id": members.get("correlation_id"),
        "idempotency_key": key,
    }
    command = {name: value for name, value in members.items() if name not in context}
    plan_id = None if command.get("op") == "create" else command.pop("plan_id", None)
    given = validated(command)
    before = registry.history.last_position()
    if named is None:
        key, answer = commands.execute(plan_id, given, **context)
    else:
        answer = registry.execute(plan_id, given, **context)
    # A command that was recorded earlier has its key before this position.
    try:
        recorded = any(
            entry.envelope.idempotency_key == key for entry in registry.history.events(after=before)
        )
    except StoreError:  # the command was acknowledged all the same
        recorded = True
    warnings = answer.warnings if recorded and isinstance(answer, PlanStatus) else ()
    return LineResult(line, _tally(given, answer), recorded=recorded, warnings=warnings)


def _created_by(line: Line) -> str | None:
    try:
        members = _members(line)
    except InvalidInput:
        return None
    plan_id = members.get("plan_id") if members.get("op") == "create" else None
    return plan_id if isinstance(plan_id, str) else None


def _members(line: Line) -> dict[str, Any]:
    if len(line.content) > MAX_LINE and not line.content.endswith(b"\n"):
        raise _refused(f"is longer than {MAX_LINE} bytes")
    try:
        members = json.loads(
            line.content.decode(), object_pairs_hook=_distinct, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        byte = line.content[error.start]
        raise _refused(f"is not UTF-8: byte 0x{byte:02X} at column {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise _refused(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise _refused("is nested too deep") from None
    except ValueError as error:  # an integer with more digits than Python reads
        raise _refused(f"cannot be read: {error}") from None
    if not isinstance(members, dict):
        raise _refused('must be a JSON object, as in {"op": "next_task", "plan_id": "billing"}')
    return members


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(name for name, times in Counter(n for n, _ in pairs).items() if times > 1)
        raise _refused(f"duplicate key {twice!r:.80}")
    return members


def _refuse_constant(name: str) -> None:
    raise _refused(f"is not JSON: there is no {name}")


def _refused(message: str) -> InvalidInput:
    return InvalidInput([Problem("", message)])


def _tally(command: GivenCommand, answer: object) -> Tally:
    """What a command counts as; an output score that leaves the confidence low is a replan."""
    replan = isinstance(answer, PlanStatus) and answer.needs_replan
    match command:
        case Create():
            return Tally(plans=1)
        case ScorePrompt():
            return Tally(scores=1)
        case ScoreOutput():
            return Tally(scores=1, replans=int(replan))
        case UpdateScores():
            output = command.output_score is not None
            prompt = command.prompt_score is not None
            return Tally(scores=prompt + output, replans=int(output and replan))
        case _:
            return Tally()
