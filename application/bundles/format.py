"""The lines of a bundle: a header, the events of each plan, and a manifest.

A bundle is JSON Lines. After the events of a plan comes a line with their number and
digest; the manifest is last. Each line has exactly one encoding. `docs/reference/bundle.md`
describes it to the byte; `sealed_file` makes the file.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from plangate.application.event_store import EventFormat
from plangate.application.models import Model
from plangate.application.plan_log import Step, next_step
from plangate.application.recorded_event import StoredEntry
from plangate.domain.event_bounds import MAX_EVENT_BYTES
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_INTEGER, Identifier

FORMAT: Final = 1
"""The format that this version writes and reads."""

MAX_LINE: Final = MAX_EVENT_BYTES + 64 * 1024
"""The largest line, in bytes: that of the largest event."""

MAX_PLANS: Final = 1_000_000
"""How many plans a bundle may hold."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Version = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


class _Line(Model):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BundleHeader(_Line):
    """The first line: names the file type and its format."""

    line: Literal["plangate-bundle"] = "plangate-bundle"
    format: Literal[1] = FORMAT


class BundleEvent(_Line):
    """An event as it is stored; `position` is its position in the source log."""

    line: Literal["event"] = "event"
    plan_id: Identifier
    version: Version
    position: Version | None
    name: str
    record: dict[str, Any]


class BundlePlan(_Line):
    """The end of a plan: the number of its events, and a SHA-256 over their canonical forms."""

    line: Literal["plan"] = "plan"
    plan_id: Identifier
    first_version: Version
    last_version: Version
    events: Version
    sha256: Digest


class BundleManifest(_Line):
    """The last line: a summary of the bundle.

    `content_sha256` covers the digests of all plans in any order; `file_sha256` covers all
    bytes of the file before this line's part. `checkpoint` is a signed note of the source
    log.
    """

    line: Literal["manifest"] = "manifest"
    format: Literal[1] = FORMAT
    plans: Count
    events: Count
    content_sha256: Digest
    file_sha256: Digest
    checkpoint: str | None = None


BundleLine = BundleHeader | StoredEntry | BundlePlan | BundleManifest
"""A decoded line; that of an event is its stored entry."""

_AnyLine = Annotated[
    BundleHeader | BundleEvent | BundlePlan | BundleManifest, Field(discriminator="line")
]
_LINES: Final[TypeAdapter[_AnyLine]] = TypeAdapter(_AnyLine)


def encode_line(line: BundleHeader | BundlePlan | BundleManifest) -> bytes:
    """Encode a line, without its newline."""
    return _compact(line.model_dump())


def encode_event(entry: StoredEntry) -> bytes:
    """Encode an event with its stored bytes unchanged, without the newline."""
    head = {
        "line": "event",
        "plan_id": entry.plan_id,
        "version": entry.version,
        "position": entry.position,
        "name": entry.name,
    }
    return _compact(head)[:-1] + b',"record":' + entry.state + b"}"


def decode_line(line: bytes) -> BundleLine:
    """Decode a line; raises ValueError for an invalid line or another encoding."""
    try:
        return _decoded(line)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _decoded(line: bytes) -> BundleLine:
    try:
        decoded = _LINES.validate_python(json.loads(line))
    except ValidationError as refused:
        problem = refused.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, problem["loc"][1:]))
        raise ValueError(f"{field}: {problem['msg']}" if field else problem["msg"]) from None
    if isinstance(decoded, BundleEvent):
        state = _compact(decoded.record)
        result: BundleLine = StoredEntry(
            decoded.plan_id, decoded.version, decoded.position, decoded.name, state
        )
    else:
        result = decoded
    again = encode_event(result) if isinstance(result, StoredEntry) else encode_line(result)
    if again != line:
        raise ValueError("it is not encoded as the lines of a bundle are")
    return result


def format_of(line: bytes) -> int | None:
    """The format named by a bundle's first line, known or not; None for any other line."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return None
    named = isinstance(header, dict) and header.get("line") == "plangate-bundle"
    return header["format"] if named and type(header.get("format")) is int else None


class PlanDigest:
    """The digest of a plan's events, which are checked to be a valid history."""

    def __init__(self, plan_id: str, format_: EventFormat) -> None:
        self._format = format_
        self._digest = hashlib.sha256()
        self._plan = Plan(plan_id)

    def add(self, entry: StoredEntry) -> tuple[Step, bytes]:
        """Add the next event: its step, and its canonical form. Raises `CorruptEvent`."""
        step = next_step(self._plan, self._format.decode(entry))
        form = self._format.content_form(entry)
        self._plan = step.after
        self._digest.update(form)
        self._digest.update(b"\n")
        return step, form

    def closing(self) -> BundlePlan:
        """The line after the plan's events."""
        return BundlePlan(
            plan_id=self._plan.plan_id,
            first_version=1,
            last_version=self._plan.version,
            events=self._plan.version,
            sha256=self._digest.hexdigest(),
        )


def content_digest(plans: Mapping[str, str]) -> str:
    """One digest for all plans, over a line for each as `sha256sum` writes it."""
    digest = hashlib.sha256()
    for plan_id in sorted(plans, key=str.encode):
        digest.update(f"{plans[plan_id]}  {plan_id}\n".encode())
    return digest.hexdigest()


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
