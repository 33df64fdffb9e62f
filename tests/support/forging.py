"""Bundles of events that a forger wrote: sealed as any other, whatever the events hold."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from plangate.application.bundles.format import (
    BundleHeader,
    BundleManifest,
    PlanDigest,
    content_digest,
    encode_event,
    encode_line,
)
from plangate.application.bundles.sealed_file import SealedWriter
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.stored_events.codec import EventCodec

Record = tuple[str, Mapping[str, Any]]
"""An event's stored name, and its stored record."""

TIME: Final = "2020-01-01T00:00:00Z"
TASKS: Final = [{"id": "a", "title": "A"}]
_POLICY: Final = {
    "prompt_weight": 0.35,
    "output_weight": 0.65,
    "decay": 0.85,
    "confidence_threshold": 0.72,
    "out_of_range": "clamp",
}


def event(name: str, *, meta: Mapping[str, Any] | None = None, **facts: Any) -> Record:
    """An event as it is stored."""
    envelope = {"schema_version": 1, "recorded_at": TIME, **(meta or {})}
    return name, {"event": {"at": TIME, **facts}, "meta": envelope}


def created(tasks: Sequence[Mapping[str, Any]] = TASKS, **facts: Any) -> Record:
    """The creation of a plan."""
    facts = {"goal": "g", "tasks": tasks, "policy": _POLICY, **facts}
    return event("plan-created", meta={"schema_version": 3, **facts.pop("meta", {})}, **facts)


def entries(plan_id: str, records: Sequence[Record]) -> list[StoredEntry]:
    """These records as a plan's entries in a log of their own."""
    return [
        StoredEntry(plan_id, version, version, name, _compact(record))
        for version, (name, record) in enumerate(records, 1)
    ]


def forged(plans: Mapping[str, Sequence[Record]], raw: bytes | None = None) -> bytes:
    """A bundle of these plans; a `raw` line comes after them."""
    stream, codec = io.BytesIO(), EventCodec()
    writer, digests, events = SealedWriter(stream), {}, 0
    writer.write(encode_line(BundleHeader()))
    for plan_id, records in plans.items():
        digest = PlanDigest(plan_id, codec)
        for entry in entries(plan_id, records):
            writer.write(encode_event(entry))
            digest.add(entry)
        closing = digest.closing()
        writer.write(encode_line(closing))
        digests[plan_id] = closing.sha256
        events += len(records)
    if raw is not None:
        writer.write(raw)
    manifest = BundleManifest(
        plans=len(digests),
        events=events,
        content_sha256=content_digest(digests),
        file_sha256=writer.sealed(),
    )
    writer.end(encode_line(manifest))
    return stream.getvalue()


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
