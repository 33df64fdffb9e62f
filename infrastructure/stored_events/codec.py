"""Encodes recorded events as stored bytes, and decodes them."""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from msgspec.structs import asdict
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from typing_extensions import override

from plangate.application.event_store import EventFormat
from plangate.application.recorded_event import CommandFacts, Envelope, RecordedEvent, StoredEntry
from plangate.application.validation import refusal
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.event_bounds import MAX_EVENT_BYTES
from plangate.domain.events import PlanEvent
from plangate.domain.values import of_fields
from plangate.infrastructure.stored_events.damage import (
    NOT_A_RECORD,
    corrupt,
    first_problem,
    requiring_a_record,
    too_new,
)
from plangate.infrastructure.stored_events.erasable_text import committed, holds_erasable_text
from plangate.infrastructure.stored_events.fast_reading import FastKind
from plangate.infrastructure.stored_events.kinds import STORED_KINDS, Json, StoredKind
from plangate.infrastructure.stored_events.records import (
    StoredRecord,
    bounded_record,
    compact,
    record_model,
)
from plangate.infrastructure.stored_events.structs import REFUSED, is_finer

_Made = TypeVar("_Made")

_KIND_NAME: Final = re.compile("[a-z]+(-[a-z]+)*")
"""What the name of a kind looks like, also of one to come; anything else is damage."""


class _ByKind(dict[str, _Made]):
    """What reads records of each kind, made for the first one: a start has no use for all."""

    def __init__(
        self, kinds: Mapping[str, StoredKind], make: Callable[[StoredKind], _Made]
    ) -> None:
        super().__init__()
        self._kinds = kinds
        self._make = make

    def __missing__(self, name: str) -> _Made:
        self[name] = made = self._make(self._kinds[name])
        return made


class EventCodec(EventFormat):
    """Encodes recorded events as stored bytes, and decodes them."""

    def __init__(self, kinds: Mapping[str, StoredKind] = STORED_KINDS) -> None:
        self._kinds = kinds
        self._names = {kind.event: name for name, kind in kinds.items()}
        self._models = _ByKind(kinds, lambda kind: record_model(kind.event))
        self._fast: Mapping[str, FastKind] = _ByKind(kinds, FastKind.of)

    @property
    @override
    def kinds(self) -> Sequence[str]:
        return tuple(self._kinds)

    def encode(self, recorded: RecordedEvent) -> tuple[str, bytes]:
        """The stored name and the bytes of an event."""
        event, envelope = recorded.event, recorded.envelope
        name = self._names[type(event)]
        fact = event.model_dump(mode="json", exclude={"type"}, exclude_none=True)
        erasable = holds_erasable_text(fact, type(event))
        meta = {  # the fields of `Meta`, in its order
            "schema_version": self._kinds[name].schema_version,
            "recorded_at": to_jsonable_python(envelope.recorded_at),
            "actor": envelope.actor,
            "correlation_id": envelope.correlation_id,
            "causation_id": envelope.causation_id,
            "idempotency_key": envelope.idempotency_key,
            "arguments_digest": envelope.arguments_digest,
            "salt": secrets.token_hex(16) if erasable or envelope.arguments_digest else None,
            "origin_position": envelope.origin_position,
        }
        meta = {field: value for field, value in meta.items() if value is not None}
        return name, compact({"event": fact, "meta": meta})

    @override
    def decode(self, entry: StoredEntry) -> RecordedEvent:
        if entry.position is not None and entry.position < 1:
            # No reader of the log finds it there, so it must not count for its plan either.
            raise corrupt(entry, f"it stands outside of the log, at {entry.position}")
        if (fast := self._decoded_fast(entry)) is not None:
            return fast
        validated = self._record(entry)
        return RecordedEvent(validated.event, _envelope(entry, dict(vars(validated.meta))))

    def _decoded_fast(self, entry: StoredEntry) -> RecordedEvent | None:
        """An event whose record is as usual; None where the models decide.

        What refuses a record refuses it again. What does not was raised by a signal handler.
        """
        interruption = None
        for _ in range(2):
            try:
                decode, revive, _, versions = self._fast[entry.name]
                record = decode(entry.state)
                meta = asdict(record.meta)
                if meta["schema_version"] not in versions or is_finer(entry.state):
                    return None
                recorded = RecordedEvent(revive(record.event), _envelope(entry, meta))
            except (KeyError, *REFUSED) as error:
                interruption = error
            else:
                if interruption is not None:
                    raise interruption
                return recorded
        return None

    @override
    def read_to_fold(
        self, entries: Iterable[StoredEntry]
    ) -> Iterator[tuple[StoredEntry, PlanEvent, CommandFacts]]:
        fast = self._fast
        for entry in entries:
            event: PlanEvent | None = None
            try:
                decode, revive, as_read, versions = fast[entry.name]
                record = decode(entry.state)
                command = record.meta
                if (
                    command.schema_version in versions
                    and not is_finer(entry.state)
                    and (entry.position is None or entry.position > 0)
                ):
                    event = record.event if as_read else revive(record.event)
            except (KeyError, *REFUSED):
                if self._decoded_fast(entry) is not None:  # a signal handler raised it
                    raise
            if event is None:
                recorded = self.decode(entry)
                event, command = recorded.event, recorded.envelope
            yield entry, event, command

    @override
    def canonical_form(self, entry: StoredEntry) -> bytes:
        # From the stored object, before any upcasting, so that proofs over it stay valid.
        with requiring_a_record(entry):
            return _form(entry, committed(*self._body_and_class(entry)))

    @override
    def content_form(self, entry: StoredEntry) -> bytes:
        with requiring_a_record(entry):
            body = committed(*self._body_and_class(entry))
            body["meta"].pop("origin_position", None)
            return _form(entry, body)

    @override
    def has_erasable_text(self, entry: StoredEntry) -> bool:
        with requiring_a_record(entry):
            body, event = self._body_and_class(entry)
            return holds_erasable_text(body["event"], event)

    @override
    def erased(self, entry: StoredEntry) -> StoredEntry:
        with requiring_a_record(entry):
            return replace(entry, state=compact(committed(*self._body_and_class(entry))))

    @override
    def require_bounds(self, entry: StoredEntry) -> None:
        if len(entry.state) > MAX_EVENT_BYTES:
            problem = f"must be at most {MAX_EVENT_BYTES // 2**20} MiB as it is stored"
            raise InvalidInput([Problem("", problem)])
        kind = self._kinds[entry.name]
        model = bounded_record(kind.event)
        with requiring_a_record(entry):
            state = compact(kind.upcasted(entry)) if kind.upcasters else entry.state
        try:
            model.model_validate_json(state)
        except ValidationError as refused:
            raise refusal(refused, model) from None

    @override
    def is_as_written(self, entry: StoredEntry) -> bool:
        # No canonical form holds the salt, so it is compared with the digits that `encode` writes.
        try:
            body = json.loads(entry.state)
            salt = body["meta"].get("salt", "")
            return compact(body) == entry.state and bytes.fromhex(salt).hex() == salt
        except NOT_A_RECORD:
            return False

    @override
    def moved(self, entry: StoredEntry) -> StoredEntry:
        with requiring_a_record(entry):
            body = json.loads(entry.state)
            if entry.position is not None:
                body["meta"].setdefault("origin_position", entry.position)
            return replace(entry, position=None, state=compact(body))

    def _record(self, entry: StoredEntry) -> StoredRecord[Any]:
        kind, model = self._kind(entry), self._models[entry.name]
        try:
            record = model.model_validate_json(entry.state)
            if record.meta.schema_version in kind.read_as_they_are:
                return record
        except ValidationError:
            pass
        with requiring_a_record(entry):
            try:
                return model.model_validate_json(compact(kind.upcasted(entry)))
            except ValidationError as error:
                raise corrupt(entry, first_problem(error)) from None

    def _body_and_class(self, entry: StoredEntry) -> tuple[Json, type[PlanEvent]]:
        """The stored object of an entry, and its event's class; refuses a newer schema version."""
        body = json.loads(entry.state)
        kind = self._kind(entry)
        kind.refuse_newer(entry, body["meta"].get("schema_version"))
        return body, kind.event

    def _kind(self, entry: StoredEntry) -> StoredKind:
        kind = self._kinds.get(entry.name)
        if kind is None:
            unknown = f"its name {entry.name!r}"
            if _KIND_NAME.fullmatch(str(entry.name)):
                raise too_new(entry, unknown)
            raise corrupt(entry, f"{unknown} is not known")
        return kind


def _envelope(entry: StoredEntry, meta: Json) -> Envelope:
    """An event's envelope; `meta` becomes its own."""
    meta["plan_id"], meta["version"], meta["position"] = (
        entry.plan_id,
        entry.version,
        entry.position,
    )
    return of_fields(Envelope, meta)


def _form(entry: StoredEntry, body: Json) -> bytes:
    named = {"plan_id": entry.plan_id, "version": entry.version, "name": entry.name}
    whole = {**body, **named, "commitments": body.get("commitments", {})}
    return compact(whole, sort_keys=True)
