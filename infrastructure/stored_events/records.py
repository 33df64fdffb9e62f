"""What a stored record holds: compact UTF-8 JSON, `{"event": {…}, "meta": {…}}`.

That is the fact, and the part of its envelope that no column holds.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model, model_validator

from plangate.application.models import Model
from plangate.application.uninterrupted import uninterrupted
from plangate.domain.event_bounds import bounded
from plangate.domain.event_ids import MAX_EVENT_ID
from plangate.domain.events import Fact, PlanEvent
from plangate.domain.vocabulary import MAX_INTEGER, Identifier, Moment

_Event = TypeVar("_Event", bound=Fact)


class Meta(Model):
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


class StoredRecord(Model, Generic[_Event]):
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


class _BoundedMeta(Model):
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
def bounded_record(event: type[PlanEvent]) -> type[BaseModel]:
    """The model of a record that comes into a store from elsewhere."""
    commitments = dict[Annotated[str, Field(pattern="^/(event|meta)/[a-z0-9_/]{1,100}$")], _Digest]
    return create_model(
        "BoundedRecord",
        __config__=ConfigDict(frozen=True, extra="forbid", strict=True),
        event=(bounded(event), ...),
        meta=(_BoundedMeta, ...),
        commitments=(commitments | None, None),
    )


@cache
def record_model(event: type[PlanEvent]) -> type[StoredRecord[Any]]:
    """The model of the records of an event."""
    return uninterrupted(lambda: StoredRecord[event])  # type: ignore[valid-type]


def _encoder(*, sort_keys: bool) -> Callable[[object], str]:
    return json.JSONEncoder(
        sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode


_ENCODE: Final = _encoder(sort_keys=False)
_ENCODE_SORTED: Final = _encoder(sort_keys=True)


def compact(value: object, *, sort_keys: bool = False) -> bytes:
    """A value as compact JSON, in the bytes that are stored or hashed."""
    return (_ENCODE_SORTED if sort_keys else _ENCODE)(value).encode()
