"""The stored form of recorded events, readable by every later version.

The stored names are in one table and never derived from a module path. A stored record is
compact UTF-8 JSON, `{"event": {…}, "meta": {…}}`: the fact, and the part of its envelope
that no column holds. Only this module upgrades older schema versions, on each read; stored
events never change, except that erasable text can be erased.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Final, Generic, NamedTuple, Self, TypeVar, get_args

import msgspec
from msgspec.structs import asdict
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import to_jsonable_python
from typing_extensions import override

from plangate.application.errors import CorruptEvent, EventTooNew
from plangate.application.event_store import EventFormat
from plangate.application.recorded_event import (
    FIRST_KIND,
    CommandFacts,
    Envelope,
    RecordedEvent,
    StoredEntry,
)
from plangate.application.validation import refusal
from plangate.domain import events
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.event_bounds import MAX_EVENT_BYTES, bounded
from plangate.domain.event_ids import MAX_EVENT_ID
from plangate.domain.events import Fact, PlanEvent
from plangate.domain.evolve import stands_for
from plangate.domain.values import of_fields
from plangate.domain.vocabulary import MAX_INTEGER, Erasable, Identifier, Moment
from plangate.infrastructure.stored_structs import REFUSED, is_finer, struct_of
from plangate.infrastructure.uninterrupted import uninterrupted

_Event = TypeVar("_Event", bound=Fact)
_Made = TypeVar("_Made")
_Json = dict[str, Any]
_Value = tuple[_Json, str, str]
"""An erasable value: the object that holds it, its key, and its JSON pointer."""

Upcaster = Callable[[_Json], _Json]
"""Converts a stored record to the next schema version."""


@dataclass(frozen=True, slots=True)
class StoredKind:
    """How one kind of event is stored: its class and its current schema version, from 1.

    `upcasters` has, by schema version, what converts its records to the next one. A version
    without an upcaster is followed by one that only added optional fields.
    """

    event: type[PlanEvent]
    schema_version: int = 1
    upcasters: Mapping[int, Upcaster] = field(default_factory=dict)

    @property
    def read_as_they_are(self) -> frozenset[int]:
        """The schema versions of the records that need no upcasting."""
        return frozenset(range(max(self.upcasters, default=0) + 1, self.schema_version + 1))


STORED_KINDS: Final[Mapping[str, StoredKind]] = {
    # 2: priority and labels; tasks with depends_on, priority and labels; policy with gate
    # and attempt_scores
    # 3: policy with order, min_scored, consecutive_lows, exit_threshold, latch, max_replans
    # 4: policy with scarce_evidence
    # 5: policy with judges and min_judges
    FIRST_KIND: StoredKind(events.PlanCreated, schema_version=5),
    # 2: scale and occurred_at
    "task-scored": StoredKind(events.TaskScored, schema_version=2),
    # 2: occurred_at
    "scoring-failed": StoredKind(events.ScoringFailed, schema_version=2),
    "score-retracted": StoredKind(events.ScoreRetracted),
    # 2: occurred_at
    "outcome-recorded": StoredKind(events.OutcomeRecorded, schema_version=2),
    # 2: worker and lease_until; causes expired, released, revised and retried
    # 3: cause approved
    "task-status-changed": StoredKind(events.TaskStatusChanged, schema_version=3),
    "task-deferred": StoredKind(events.TaskDeferred),
    "task-undeferred": StoredKind(events.TaskUndeferred),
    "lease-renewed": StoredKind(events.LeaseRenewed),
    "replan-triggered": StoredKind(events.ReplanTriggered),
    # 2: accept
    "gate-approved": StoredKind(events.GateApproved, schema_version=2),
    "plan-revised": StoredKind(events.PlanRevised),
    "task-added": StoredKind(events.TaskAdded),
    "task-changed": StoredKind(events.TaskChanged),
    "task-moved": StoredKind(events.TaskMoved),
    "task-dropped": StoredKind(events.TaskDropped),
    "task-split": StoredKind(events.TaskSplit),
    "task-replaced": StoredKind(events.TaskReplaced),
    "attempt-started": StoredKind(events.AttemptStarted),
    "plan-paused": StoredKind(events.PlanPaused),
    "plan-resumed": StoredKind(events.PlanResumed),
    "plan-archived": StoredKind(events.PlanArchived),
    "plan-restored": StoredKind(events.PlanRestored),
    "plan-deleted": StoredKind(events.PlanDeleted),
    "plan-erased": StoredKind(events.PlanErased),
}


_KIND_NAME: Final = re.compile("[a-z]+(-[a-z]+)*")
"""What the name of a kind looks like, also of one to come; anything else is damage."""


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
    """A whole stored event. `commitments` replace erased values, by JSON pointer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: _Event
    meta: Meta
    commitments: dict[str, str] | None = None

    @model_validator(mode="after")
    def _holds_no_type(self) -> Self:
        if "type" in self.event.model_fields_set:
            raise ValueError("the type of an event is its name, and not stored with it")
        return self


_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _BoundedMeta(BaseModel):
    """What `Meta` may hold in an event that comes into a store."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Annotated[int, Field(ge=1)]
    recorded_at: Moment
    actor: Identifier | None = None
    correlation_id: Identifier | None = None
    causation_id: Annotated[str, Field(max_length=MAX_EVENT_ID)] | None = None
    idempotency_key: Identifier | None = None
    arguments_digest: _Digest | None = None
    salt: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = None
    origin_position: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None


@cache
def _bounded_record(event: type[PlanEvent]) -> type[BaseModel]:
    commitments = dict[Annotated[str, Field(pattern="^/(event|meta)/[a-z0-9_/]{1,100}$")], _Digest]
    return create_model(
        "BoundedRecord",
        __config__=ConfigDict(frozen=True, extra="forbid", strict=True),
        event=(bounded(event), ...),
        meta=(_BoundedMeta, ...),
        commitments=(commitments | None, None),
    )


class _FastKind(NamedTuple):
    """How records of one kind are decoded, where nothing is unusual about them."""

    decode: Callable[[bytes], Any]
    revive: Callable[[Any], Any]
    as_read: bool
    """Whether a plan is folded from what `decode` gives: it need not become an event."""
    versions: frozenset[int]

    @classmethod
    def of(cls, kind: StoredKind) -> "_FastKind":
        as_read = kind.event in _FOLDED_AS_READ
        return cls(*_decoder(kind.event), as_read, kind.read_as_they_are)


_FOLDED_AS_READ: Final[frozenset[type[PlanEvent]]] = frozenset(
    {
        events.AttemptStarted,
        events.LeaseRenewed,
        events.OutcomeRecorded,
        events.ReplanTriggered,
        events.ScoreRetracted,
        events.ScoringFailed,
        events.TaskScored,
        events.TaskStatusChanged,
    }
)
"""Events that a plan has by the thousands; all their fields are plain values."""


_Decoder = tuple[Callable[[bytes], Any], Callable[[Any], Any]]


@cache
def _decoder(event: type[PlanEvent]) -> _Decoder:
    """What decodes the records of an event, and what makes the event of its struct."""
    return uninterrupted(lambda: _new_decoder(event))


def _new_decoder(event: type[PlanEvent]) -> _Decoder:
    struct, revive = struct_of(event)
    stands_for(struct, event)
    fields: list[Any] = [("event", struct), ("meta", struct_of(Meta)[0])]
    fields.append(("commitments", dict[str, str] | None, None))
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(record).decode, revive


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


@cache
def _record_model(event: type[PlanEvent]) -> type[StoredRecord[Any]]:
    return uninterrupted(lambda: StoredRecord[event])  # type: ignore[valid-type]


class EventCodec(EventFormat):
    """Encodes recorded events as stored bytes, and decodes them."""

    def __init__(self, kinds: Mapping[str, StoredKind] = STORED_KINDS) -> None:
        self._kinds = kinds
        self._names = {kind.event: name for name, kind in kinds.items()}
        self._models = _ByKind(kinds, lambda kind: _record_model(kind.event))
        self._fast: Mapping[str, _FastKind] = _ByKind(kinds, _FastKind.of)

    @property
    @override
    def kinds(self) -> Sequence[str]:
        return tuple(self._kinds)

    def encode(self, recorded: RecordedEvent) -> tuple[str, bytes]:
        """The stored name and the bytes of an event."""
        event, envelope = recorded.event, recorded.envelope
        name = self._names[type(event)]
        fact = event.model_dump(mode="json", exclude={"type"}, exclude_none=True)
        erasable = any(True for _ in _erasable_values(fact, type(event)))
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
        return name, _compact({"event": fact, "meta": meta})

    @override
    def decode(self, entry: StoredEntry) -> RecordedEvent:
        if entry.position is not None and entry.position < 1:
            # No reader of the log finds it there, so it must not count for its plan either.
            raise _corrupt(entry, f"it stands outside of the log, at {entry.position}")
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
        with _requiring_a_record(entry):
            return _form(entry, self._committed(entry))

    @override
    def content_form(self, entry: StoredEntry) -> bytes:
        with _requiring_a_record(entry):
            body = self._committed(entry)
            body["meta"].pop("origin_position", None)
            return _form(entry, body)

    @override
    def has_erasable_text(self, entry: StoredEntry) -> bool:
        with _requiring_a_record(entry):
            body = json.loads(entry.state)
            return any(True for _ in _erasable_values(body["event"], self._kind(entry, body).event))

    @override
    def erased(self, entry: StoredEntry) -> StoredEntry:
        with _requiring_a_record(entry):
            return replace(entry, state=_compact(self._committed(entry)))

    def _committed(self, entry: StoredEntry) -> _Json:
        """The stored object without its salt, all erasable values replaced by commitments.

        The digest of a command's arguments goes too: a guess at the text could be
        confirmed by it.
        """
        body = json.loads(entry.state)
        meta, commitments = body["meta"], body.pop("commitments", {})
        salt = bytes.fromhex(meta.pop("salt", ""))
        values = list(_erasable_values(body["event"], self._kind(entry, body).event))
        if salt and "arguments_digest" in meta:
            values.append((meta, "arguments_digest", "/meta/arguments_digest"))
        for holder, key, pointer in values:
            commitments[pointer] = _commitment(salt, pointer, holder.pop(key))
        return {**body, "commitments": commitments} if commitments else body

    @override
    def require_bounds(self, entry: StoredEntry) -> None:
        if len(entry.state) > MAX_EVENT_BYTES:
            problem = f"must be at most {MAX_EVENT_BYTES // 2**20} MiB as it is stored"
            raise InvalidInput([Problem("", problem)])
        kind = self._kinds[entry.name]
        model = _bounded_record(kind.event)
        with _requiring_a_record(entry):
            state = _compact(_upcasted(kind, entry)) if kind.upcasters else entry.state
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
            return _compact(body) == entry.state and bytes.fromhex(salt).hex() == salt
        except _NOT_A_RECORD:
            return False

    @override
    def moved(self, entry: StoredEntry) -> StoredEntry:
        with _requiring_a_record(entry):
            body = json.loads(entry.state)
            if entry.position is not None:
                body["meta"].setdefault("origin_position", entry.position)
            return replace(entry, position=None, state=_compact(body))

    def _record(self, entry: StoredEntry) -> StoredRecord[Any]:
        kind, model = self._kind(entry), self._models[entry.name]
        try:
            record = model.model_validate_json(entry.state)
            if record.meta.schema_version in kind.read_as_they_are:
                return record
        except ValidationError:
            pass
        with _requiring_a_record(entry):
            return _upcast(kind, model, entry)

    def _kind(self, entry: StoredEntry, body: _Json | None = None) -> StoredKind:
        """The kind of an entry, and with `body` only if its schema version is not too new."""
        kind = self._kinds.get(entry.name)
        if kind is None:
            unknown = f"its name {entry.name!r}"
            if _KIND_NAME.fullmatch(str(entry.name)):
                raise _too_new(entry, unknown)
            raise _corrupt(entry, f"{unknown} is not known")
        if body is not None:
            _refuse_newer(kind, entry, body["meta"].get("schema_version"))
        return kind


def _upcast(
    kind: StoredKind, model: type[StoredRecord[Any]], entry: StoredEntry
) -> StoredRecord[Any]:
    try:
        return model.model_validate_json(_compact(_upcasted(kind, entry)))
    except ValidationError as error:
        raise _corrupt(entry, _first_problem(error)) from None


def _upcasted(kind: StoredKind, entry: StoredEntry) -> _Json:
    """The stored object as the current schema version has it."""
    body: _Json = json.loads(entry.state)
    written_as = body["meta"]["schema_version"]
    _refuse_newer(kind, entry, written_as)
    if written_as not in range(1, kind.schema_version + 1):
        raise _corrupt(entry, f"its schema version {written_as} is not known to this plangate")
    for version in range(written_as, kind.schema_version):
        if upcast := kind.upcasters.get(version):
            body = upcast(body)
    return body


def _refuse_newer(kind: StoredKind, entry: StoredEntry, written_as: object) -> None:
    if isinstance(written_as, int) and written_as > kind.schema_version:
        raise _too_new(entry, f"its schema version {written_as}")


_NOT_A_RECORD: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""Raised by reading JSON that has not the shape of a stored record."""


@contextmanager
def _requiring_a_record(entry: StoredEntry) -> Iterator[None]:
    try:
        yield
    except _NOT_A_RECORD as error:
        raise _corrupt(entry, f"it is not a stored record: {error!r}") from None


def _envelope(entry: StoredEntry, meta: _Json) -> Envelope:
    """An event's envelope; `meta` becomes its own."""
    meta["plan_id"], meta["version"], meta["position"] = (
        entry.plan_id,
        entry.version,
        entry.position,
    )
    return of_fields(Envelope, meta)


def _corrupt(entry: StoredEntry, why: str) -> CorruptEvent:
    return CorruptEvent(entry.plan_id, entry.version, why, entry.position)


def _too_new(entry: StoredEntry, unknown: str) -> EventTooNew:
    why = f"{unknown} is not known to this plangate; a newer one wrote it"
    return EventTooNew(entry.plan_id, entry.version, why, entry.position)


def _encoder(*, sort_keys: bool) -> Callable[[object], str]:
    return json.JSONEncoder(
        sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode


_ENCODE: Final = _encoder(sort_keys=False)
_ENCODE_SORTED: Final = _encoder(sort_keys=True)


def _compact(value: object, *, sort_keys: bool = False) -> bytes:
    return (_ENCODE_SORTED if sort_keys else _ENCODE)(value).encode()


def _form(entry: StoredEntry, body: _Json) -> bytes:
    named = {"plan_id": entry.plan_id, "version": entry.version, "name": entry.name}
    whole = {**body, **named, "commitments": body.get("commitments", {})}
    return _compact(whole, sort_keys=True)


def _commitment(salt: bytes, pointer: str, value: object) -> str:
    digest = hashlib.sha256()
    for part in (salt, pointer.encode(), _compact(value, sort_keys=True)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _erasable_values(
    value: _Json, model: type[BaseModel], pointer: str = "/event"
) -> Iterator[_Value]:
    """The erasable values of a stored event."""
    for name, inner in _with_erasable_text(model):
        if name not in value:
            continue
        here, held = f"{pointer}/{name}", value[name]
        if inner is None:
            yield value, name, here
        elif isinstance(held, dict):
            yield from _erasable_values(held, inner, here)
        elif isinstance(held, list):
            for index, item in enumerate(held):
                if isinstance(item, dict):
                    yield from _erasable_values(item, inner, f"{here}/{index}")


@cache
def _with_erasable_text(model: type[BaseModel]) -> Sequence[tuple[str, type[BaseModel] | None]]:
    """The fields of a model that are erasable, and those that hold models with such fields."""
    found: list[tuple[str, type[BaseModel] | None]] = []
    for name, info in model.model_fields.items():
        inner = next(iter(get_args(info.annotation)), info.annotation)
        if any(isinstance(note, Erasable) for note in info.metadata):
            found.append((name, None))
        elif (
            isinstance(inner, type) and issubclass(inner, BaseModel) and _with_erasable_text(inner)
        ):
            found.append((name, inner))
    return found


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(map(str, problem["loc"]))
    return f"{path}: {problem['msg']}" if path else problem["msg"]
