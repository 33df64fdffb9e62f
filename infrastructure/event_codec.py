"""Stored bytes: how a recorded event is written down, and read back for ever.

The stored names stand in one table and are never derived from a module path. A
stored record is compact UTF-8 JSON, `{"event": {…}, "meta": {…}}`: the fact, and
the part of its envelope that no column holds. Older schema versions are brought
up to date here and nowhere else, each time they are read; what is stored never
changes, but for people's own words, which can be erased.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from plangate.application.errors import CorruptEvent
from plangate.application.recorded_event import FIRST_KIND, Envelope, RecordedEvent, StoredEntry
from plangate.domain.events import (
    AttemptStarted,
    Fact,
    GateApproved,
    LeaseRenewed,
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
)
from plangate.domain.vocabulary import Erasable

_Event = TypeVar("_Event", bound=Fact)
_Json = dict[str, Any]
_Place = tuple[_Json, str, str]

Upcaster = Callable[[_Json], _Json]
"""Turns a stored record of one schema version into the next version's shape."""


@dataclass(frozen=True, slots=True)
class StoredKind:
    """How one kind of event is stored: its class, and what brings older versions up to date.

    The n-th upcaster leads from schema version n to n + 1; the version written
    today follows from their number. `fields_were_added` marks a version that only
    brought optional fields: older records read as they are.
    """

    event: type[PlanEvent]
    upcasters: tuple[Upcaster, ...] = ()

    @property
    def schema_version(self) -> int:
        """The schema version that is written today, counted from 1."""
        return len(self.upcasters) + 1

    def reads_as_it_is(self, written_as: int) -> bool:
        """Whether a record of that schema version has the shape of today's."""
        if written_as == self.schema_version:
            return True
        if not 1 <= written_as <= self.schema_version:
            return False
        return all(step is fields_were_added for step in self.upcasters[written_as - 1 :])


def fields_were_added(body: _Json) -> _Json:
    """Leads to a version with more optional fields: there is nothing to do."""
    return body


STORED_KINDS: Final[Mapping[str, StoredKind]] = {
    # 2: priority and labels; tasks with depends_on, priority and labels; policy with gate
    # and attempt_scores
    # 3: policy with order, min_scored, consecutive_lows, exit_threshold, latch, max_replans
    FIRST_KIND: StoredKind(PlanCreated, (fields_were_added, fields_were_added)),
    "task-scored": StoredKind(TaskScored),
    "scoring-failed": StoredKind(ScoringFailed),
    "score-retracted": StoredKind(ScoreRetracted),
    "outcome-recorded": StoredKind(OutcomeRecorded),
    # 2: worker and lease_until; causes expired, released, revised and retried
    "task-status-changed": StoredKind(TaskStatusChanged, (fields_were_added,)),
    "lease-renewed": StoredKind(LeaseRenewed),
    "replan-triggered": StoredKind(ReplanTriggered),
    "gate-approved": StoredKind(GateApproved),
    "plan-revised": StoredKind(PlanRevised),
    "task-added": StoredKind(TaskAdded),
    "task-changed": StoredKind(TaskChanged),
    "task-moved": StoredKind(TaskMoved),
    "task-dropped": StoredKind(TaskDropped),
    "task-split": StoredKind(TaskSplit),
    "task-replaced": StoredKind(TaskReplaced),
    "attempt-started": StoredKind(AttemptStarted),
    "plan-paused": StoredKind(PlanPaused),
    "plan-resumed": StoredKind(PlanResumed),
    "plan-archived": StoredKind(PlanArchived),
    "plan-restored": StoredKind(PlanRestored),
    "plan-deleted": StoredKind(PlanDeleted),
    "plan-erased": StoredKind(PlanErased),
}


class Meta(BaseModel):
    """The part of an event's envelope that is stored beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    recorded_at: AwareDatetime
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    idempotency_key: str | None = None
    arguments_digest: str | None = None
    salt: str | None = None
    origin_position: int | None = None


class StoredRecord(BaseModel, Generic[_Event]):
    """A stored event whole. `commitments` stand for what was erased, by its JSON pointer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: _Event
    meta: Meta
    commitments: dict[str, str] | None = None


class EventCodec:
    """Recorded events to stored bytes and back."""

    def __init__(self, kinds: Mapping[str, StoredKind] = STORED_KINDS) -> None:
        self._kinds = kinds
        self._names = {kind.event: name for name, kind in kinds.items()}
        self._records = {name: StoredRecord[kind.event] for name, kind in kinds.items()}  # type: ignore[name-defined]

    @property
    def kinds(self) -> Sequence[str]:
        """The stored names of all kinds of events."""
        return tuple(self._kinds)

    def encode(self, recorded: RecordedEvent) -> tuple[str, bytes]:
        """The stored name and the bytes of an event."""
        event, envelope = recorded.event, recorded.envelope
        name = self._names[type(event)]
        fact = event.model_dump(mode="json", exclude_none=True)
        written = any(True for _ in _written(fact, type(event)))
        meta = Meta(
            schema_version=self._kinds[name].schema_version,
            recorded_at=envelope.recorded_at,
            actor=envelope.actor,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            idempotency_key=envelope.idempotency_key,
            arguments_digest=envelope.arguments_digest,
            salt=secrets.token_hex(16) if written or envelope.arguments_digest else None,
            origin_position=envelope.origin_position,
        )
        return name, _compact(
            {"event": fact, "meta": meta.model_dump(mode="json", exclude_none=True)}
        )

    def decode(self, entry: StoredEntry) -> RecordedEvent:
        """The event that was stored; raises `CorruptEvent` where it cannot be read."""
        if entry.position is not None and entry.position < 1:
            # No reader of the log comes by there; it must have no effect on its plan either.
            raise _corrupt(entry, f"it stands outside of the log, at {entry.position}")
        try:
            record = self._record(entry.name, entry.state)
        except _Unreadable as unreadable:
            raise _corrupt(entry, unreadable) from None
        meta = record.meta
        envelope = Envelope(
            plan_id=entry.plan_id,
            version=entry.version,
            position=entry.position,
            recorded_at=meta.recorded_at,
            actor=meta.actor,
            correlation_id=meta.correlation_id,
            causation_id=meta.causation_id,
            idempotency_key=meta.idempotency_key,
            arguments_digest=meta.arguments_digest,
            schema_version=meta.schema_version,
            salt=meta.salt,
            origin_position=meta.origin_position,
        )
        return RecordedEvent(record.event, envelope)

    def canonical_form(self, entry: StoredEntry) -> bytes:
        """The bytes that stand for a stored event in proofs, before and after an erasure.

        Taken from the stored object as it is, before any upcasting. What can be
        erased is replaced by salted commitments and the salt is left out, so that
        erasing it leaves this form, and every proof over it, as it was. Raises
        `CorruptEvent` for what is no stored record.
        """
        with _refusing_what_is_no_record(entry):
            return _form(entry, self._committed(entry))

    def content_form(self, entry: StoredEntry) -> bytes:
        """The canonical form without the place that the event had in the log it came from."""
        with _refusing_what_is_no_record(entry):
            body = self._committed(entry)
            body["meta"].pop("origin_position", None)
            return _form(entry, body)

    def has_erasable_text(self, entry: StoredEntry) -> bool:
        """Whether people's words stand in the entry. Raises `CorruptEvent` as above."""
        with _refusing_what_is_no_record(entry):
            event = json.loads(entry.state)["event"]
            return any(True for _ in _written(event, self._kinds[entry.name].event))

    def erased(self, entry: StoredEntry) -> StoredEntry:
        """The entry without people's words, with commitments in their place.

        The digest of a command's arguments goes too: whoever guesses the words could
        tell by it that they are right. Raises `CorruptEvent` as above.
        """
        with _refusing_what_is_no_record(entry):
            return replace(entry, state=_compact(self._committed(entry)))

    def _committed(self, entry: StoredEntry) -> _Json:
        """The stored object with commitments in the place of all that can be erased."""
        body = json.loads(entry.state)
        meta, commitments = body["meta"], body.pop("commitments", {})
        salt = bytes.fromhex(meta.pop("salt", ""))
        places = list(_written(body["event"], self._kinds[entry.name].event))
        if salt and "arguments_digest" in meta:
            places.append((meta, "arguments_digest", "/meta/arguments_digest"))
        for holder, key, pointer in places:
            commitments[pointer] = _commitment(salt, pointer, holder.pop(key))
        return {**body, "commitments": commitments} if commitments else body

    def is_as_written(self, entry: StoredEntry) -> bool:
        """Whether the stored bytes are compact JSON, each key once, as `encode` writes it.

        A salt, which no canonical form holds, is in the digits that `encode` writes.
        """
        try:
            body = json.loads(entry.state)
            salt = body["meta"].get("salt", "")
            return _compact(body) == entry.state and bytes.fromhex(salt).hex() == salt
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False

    def moved(self, entry: StoredEntry) -> StoredEntry:
        """The entry for another log: its first position stays with it as `origin_position`."""
        with _refusing_what_is_no_record(entry):
            body = json.loads(entry.state)
            if entry.position is not None:
                body["meta"].setdefault("origin_position", entry.position)
            return replace(entry, position=None, state=_compact(body))

    def _record(self, name: str, stored: bytes) -> StoredRecord[Any]:
        kind = self._kinds.get(name)
        if kind is None:
            raise _Unreadable(f"its name {name!r} is not known")
        model = self._records[name]
        try:
            record = model.model_validate_json(stored)
        except ValidationError:
            return _brought_up_to_date(kind, model, stored)
        if kind.reads_as_it_is(record.meta.schema_version):
            return record
        return _brought_up_to_date(kind, model, stored)


def _brought_up_to_date(
    kind: StoredKind, model: type[StoredRecord[Any]], stored: bytes
) -> StoredRecord[Any]:
    try:
        body = json.loads(stored)
        written_as = body["meta"]["schema_version"]
        if written_as not in range(1, kind.schema_version + 1):
            raise _Unreadable(f"its schema version {written_as} is not known to this plangate")
        for upcast in kind.upcasters[written_as - 1 :]:
            body = upcast(body)
        return model.model_validate_json(_compact(body))
    except ValidationError as error:
        raise _Unreadable(_first_problem(error)) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _Unreadable(f"it is no stored record: {error!r}") from None


class _Unreadable(Exception):
    """Why stored bytes cannot be read."""


@contextmanager
def _refusing_what_is_no_record(entry: StoredEntry) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _corrupt(entry, f"it is no stored record: {error!r}") from None


def _corrupt(entry: StoredEntry, why: object) -> CorruptEvent:
    return CorruptEvent(entry.plan_id, entry.version, str(why), entry.position)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _form(entry: StoredEntry, body: _Json) -> bytes:
    named = {"plan_id": entry.plan_id, "version": entry.version, "name": entry.name}
    return _canonical({**body, **named, "commitments": body.get("commitments", {})})


def _canonical(value: object) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _commitment(salt: bytes, pointer: str, value: object) -> str:
    digest = hashlib.sha256()
    for part in (salt, pointer.encode(), _canonical(value)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _written(value: _Json, model: type[BaseModel], pointer: str = "/event") -> Iterator[_Place]:
    """Where people's words stand in a stored event: the object, the key, the JSON pointer."""
    for name, field in model.model_fields.items():
        if name not in value:
            continue
        here, held = f"{pointer}/{name}", value[name]
        if any(isinstance(mark, Erasable) for mark in field.metadata):
            yield value, name, here
        elif isinstance(held, list):
            for place, item in enumerate(held):
                yield from _written_inside(item, get_args(field.annotation)[0], f"{here}/{place}")
        else:
            yield from _written_inside(held, field.annotation, here)


def _written_inside(value: object, annotation: object, pointer: str) -> Iterator[_Place]:
    if isinstance(value, dict) and isinstance(annotation, type):
        yield from _written(value, annotation, pointer)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else problem["msg"]
