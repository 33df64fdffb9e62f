"""Executes commands that name no idempotency key, so that a file of them can be applied again.

A key stays in the log when the text of its plan is erased, so nothing of the text may be in
it: a guess at the text could be confirmed by the key. The key of a command is a digest of
the command without its text, and an ordinal; the salted digest of the arguments, which an
erasure removes, tells commands apart that differ only in their text. All of this is in the
log, so copies, backups and bundles recognise the same commands.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, Unpack

from plangate.application.command_context import CommandContext, CommandContexts, ContextOptions
from plangate.application.commands import GivenCommand
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.execution import Answer
from plangate.application.idempotency import arguments_digest, digest_without_text
from plangate.application.results import PlanStatus
from plangate.application.signatures import showing_options
from plangate.application.stream_cache import Receipt, StreamCache
from plangate.application.validation import validate_identifier
from plangate.domain.commands import Command

Request = Callable[[str | None, GivenCommand, CommandContext], tuple[str | None, Command]]
"""The plan of a command, and the arguments by which a retry of it is recognised."""


class Execute(Protocol):
    """Executes a command, as `PlanRegistry.execute` does."""

    def __call__(
        self, plan_id: str | None, command: GivenCommand, /, **context: Unpack[ContextOptions]
    ) -> Answer:
        """Execute a command."""


@dataclass(slots=True)
class _Ordinals:
    """The ordinals that equal keys have used in a run: all below `next`, and some beyond it."""

    next: int = 0
    beyond: set[int] = field(default_factory=set)

    def use(self, number: int) -> None:
        self.beyond.add(number)
        while self.next in self.beyond:
            self.beyond.remove(self.next)
            self.next += 1


@showing_options
class RepeatableRun:
    """One pass over commands, of which earlier passes may have recorded some."""

    def __init__(
        self,
        streams: StreamCache,
        contexts: CommandContexts,
        request: Request,
        execute: Execute,
        name: str | None,
    ) -> None:
        """A run with a `name` has keys of its own."""
        self._streams = streams
        self._contexts = contexts
        self._request = request
        self._execute = execute
        self._name = name
        self._used: defaultdict[str, _Ordinals] = defaultdict(_Ordinals)

    def execute(
        self,
        plan_id: str | None,
        command: GivenCommand,
        **context: Unpack[ContextOptions],
    ) -> tuple[str, Answer]:
        """Execute a command once over all runs; its idempotency key comes before the answer.

        The key in the context is a digest of all its content. It is used for a command
        without text, and for one that an earlier version recorded with it.
        """
        if plan_id is not None:
            plan_id = validate_identifier("plan_id", plan_id)
        current = self._contexts.current(context)
        without_text = digest_without_text(command)
        if without_text is None or self._receipt(plan_id, command, current)[0] is not None:
            return current.idempotency_key or "", self._execute(plan_id, command, **context)
        parts = [self._name, plan_id, current.actor, current.correlation_id, without_text]
        base = f"trace-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
        while True:
            ordinal = self._ordinal(base, plan_id, command, current)
            keyed = _with_key(current, base, ordinal)
            try:
                answer = self._execute(plan_id, command, **_options(keyed))
            except IdempotencyKeyReused:  # another process has just used it for another text
                continue
            if answer.recorded if isinstance(answer, PlanStatus) else answer:
                self._used[base].use(ordinal)
            return str(keyed.idempotency_key), answer

    def _ordinal(
        self, base: str, plan_id: str | None, command: GivenCommand, context: CommandContext
    ) -> int:
        """That of the same command in an earlier run, else the first that is free.

        Of a command whose text is erased, nothing but the base is known: the oldest such one
        counts as the same, where none is the same for certain.
        """
        used, erased = self._used[base], None
        for ordinal in count(used.next):
            if ordinal in used.beyond:
                continue
            receipt, digest = self._receipt(plan_id, command, _with_key(context, base, ordinal))
            if receipt is None:
                return ordinal if erased is None else erased
            if receipt.arguments_digest == digest:
                return ordinal
            if receipt.arguments_digest is None and erased is None:
                erased = ordinal
        raise AssertionError  # pragma: no cover  (there is always another number)

    def _receipt(
        self, plan_id: str | None, command: GivenCommand, context: CommandContext
    ) -> tuple[Receipt | None, str]:
        """What was recorded under a key, and the digest of the command's arguments under it."""
        plan_id, arguments = self._request(plan_id, command, context)
        receipts = self._streams.current(plan_id or "").receipts
        return receipts.get(context.idempotency_key or ""), arguments_digest(arguments)


def _options(context: CommandContext) -> ContextOptions:
    return {
        "actor": context.actor,
        "correlation_id": context.correlation_id,
        "idempotency_key": context.idempotency_key,
    }


def _with_key(context: CommandContext, base: str, ordinal: int) -> CommandContext:
    return context.model_copy(update={"idempotency_key": f"{base}-{ordinal}"})
