"""What a bundle says, line by line: whole plans, each closed by its digest, and a manifest.

A bundle is JSON Lines: a header; for each plan its events in order and then a line that
counts them and says their digest; at the end the manifest. Every line has one way
only to be written. `docs/reference/bundle.md` describes it to the byte; `bundle_file` makes
the file of it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from plangate.application.event_store import EventFormat
from plangate.application.plan_log import require_next
from plangate.application.recorded_event import StoredEntry
from plangate.domain.events import PlanErased
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Identifier

FORMAT: Final = 1
"""The format that is written and read today."""

MAX_LINE: Final = 32 * 1024 * 1024
"""The most bytes a line may have."""

MAX_PLANS: Final = 1_000_000
"""The most plans that a bundle may hold."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Version = Annotated[int, Field(ge=1, le=2**63 - 1)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BundleHeader(_Line):
    """The first line: what this is, and in which format."""

    line: Literal["plangate-bundle"] = "plangate-bundle"
    format: Literal[1] = FORMAT


class BundleEvent(_Line):
    """An event as it is stored. `position` is where it stood in the log it was taken from."""

    line: Literal["event"] = "event"
    plan_id: Identifier
    version: Version
    position: Version | None
    name: str
    record: dict[str, Any]


class BundlePlan(_Line):
    """The end of a plan: how many events it has, and the SHA-256 over their canonical forms."""

    line: Literal["plan"] = "plan"
    plan_id: Identifier
    first_version: Version
    last_version: Version
    events: Version
    sha256: Digest


class BundleManifest(_Line):
    """The last line: what the bundle holds.

    `content_sha256` is made of the digests of all plans, whatever their order;
    `file_sha256` of all bytes of the file before the part that holds this line.
    `checkpoint` is a signed note of the log that the plans were taken from.
    """

    line: Literal["manifest"] = "manifest"
    format: Literal[1] = FORMAT
    plans: Count
    events: Count
    content_sha256: Digest
    file_sha256: Digest
    checkpoint: str | None = None


BundleLine = BundleHeader | StoredEntry | BundlePlan | BundleManifest
"""What a line can be: an event's is known as the stored entry that it carries."""

_Written = Annotated[
    BundleHeader | BundleEvent | BundlePlan | BundleManifest, Field(discriminator="line")
]
_LINES: Final[TypeAdapter[_Written]] = TypeAdapter(_Written)


def written(line: BundleHeader | BundlePlan | BundleManifest) -> bytes:
    """A line as it stands in a bundle, without its end."""
    return _compact(line.model_dump())


def event_line(entry: StoredEntry) -> bytes:
    """The line of an event, without its end: what is stored stands in it as it is."""
    head = {
        "line": "event",
        "plan_id": entry.plan_id,
        "version": entry.version,
        "position": entry.position,
        "name": entry.name,
    }
    return _compact(head)[:-1] + b',"record":' + entry.state + b"}"


def read_line(line: bytes) -> BundleLine:
    """What a line says; raises ValueError where it is none, or is written another way."""
    try:
        said = _LINES.validate_python(json.loads(line))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValidationError as refused:
        problem = refused.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"][1:]))
        raise ValueError(f"{place}: {problem['msg']}" if place else problem["msg"]) from None
    if isinstance(said, BundleEvent):
        state = _compact(said.record)
        entry = StoredEntry(said.plan_id, said.version, said.position, said.name, state)
        read: BundleLine = entry
        again = event_line(entry)
    else:
        read, again = said, written(said)
    if again != line:
        raise ValueError("it is not written as the lines of a bundle are")
    return read


def format_of(line: bytes) -> int | None:
    """The format that a bundle's first line names, known or not; None if it is no such line."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    named = isinstance(said, dict) and said.get("line") == "plangate-bundle"
    return said["format"] if named and type(said.get("format")) is int else None


class PlanDigest:
    """The events of one plan as they come by, seen to be a plan's history, and their digest."""

    def __init__(self, plan_id: str, written_as: EventFormat) -> None:
        self._format = written_as
        self._digest = hashlib.sha256()
        self._plan = Plan(plan_id)
        self.erased_at = 0

    def add(self, entry: StoredEntry) -> bytes:
        """One more event, and its form that counts; raises `CorruptEvent` if it cannot be it."""
        recorded = self._format.decode(entry)
        form = self._format.content_form(entry)
        require_next(self._plan, recorded)
        self._plan = evolve(self._plan, recorded.event)
        self._digest.update(form)
        self._digest.update(b"\n")
        if isinstance(recorded.event, PlanErased):
            self.erased_at = entry.version
        return form

    def closing(self) -> BundlePlan:
        """The line that ends the plan."""
        return BundlePlan(
            plan_id=self._plan.plan_id,
            first_version=1,
            last_version=self._plan.version,
            events=self._plan.version,
            sha256=self._digest.hexdigest(),
        )


def content_digest(plans: Mapping[str, str]) -> str:
    """One digest for those of all plans: over a line for each, as `sha256sum` writes them."""
    digest = hashlib.sha256()
    for plan_id in sorted(plans, key=str.encode):
        digest.update(f"{plans[plan_id]}  {plan_id}\n".encode())
    return digest.hexdigest()


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
