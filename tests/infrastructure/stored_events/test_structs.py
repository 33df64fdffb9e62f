"""Records are read fast, and exactly as the models read them."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from plangate.application.errors import UnreadableEvent
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.infrastructure.stored_events.codec import EventCodec
from plangate.infrastructure.stored_events.structs import REFUSED
from tests.schema.test_golden_events import FILES
from tests.support.properties import repeatable

FAST, BY_MODELS = EventCodec(), EventCodec()
BY_MODELS._fast = {}

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 7, 1.0, 1.5, -0.0, 1e300, 10**30, "", "1", "x", "done", []),
    *([0, 1], ["a"], {}, {"a": 1}, "2026-01-01", "2026-01-01T00:00Z", "2026-01-01T00:00:00"),
    *("2026-01-01 00:00:00z", "2026-01-01T00:00:00.9999999Z", "2026-01-01T00:00:00,5Z"),
    *("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z"),
    *("\u0000", "\U0001f600", 1_700_000_000, float("nan"), float("inf")),
]


def record(path: Path) -> tuple[str, int, dict[str, Any]]:
    """The stored name, the schema version and the stored object of a golden file."""
    name, _, version = path.stem.rpartition(".v")
    return name, int(version), json.loads(path.read_text(encoding="utf-8"))["stored"]


def entry(name: str, state: bytes) -> StoredEntry:
    return StoredEntry("p", 1, 1, name, state)


def read(codec: EventCodec, there: StoredEntry) -> RecordedEvent | str:
    try:
        return codec.decode(there)
    except UnreadableEvent as error:
        return f"{type(error).__name__}: {error}"


def same(there: StoredEntry) -> None:
    fast, expected = read(FAST, there), read(BY_MODELS, there)
    assert repr_of(fast) == repr_of(expected)
    if isinstance(fast, RecordedEvent) and isinstance(expected, RecordedEvent):
        assert fast.event.model_dump_json() == expected.event.model_dump_json()
        assert type(fast.event) is type(expected.event)


def repr_of(found: RecordedEvent | str) -> object:
    """What differs for values of different types, and makes NaN equal to itself."""
    if isinstance(found, str):
        return found
    return repr(found.event.model_dump(mode="json")), found.envelope


def of_today() -> list[Path]:
    newest = {name: kind.schema_version for name, kind in FAST._kinds.items()}
    return [path for path in FILES if record(path)[1] == newest[record(path)[0]]]


@pytest.mark.parametrize("path", of_today(), ids=lambda path: path.stem)
def test_a_record_of_today_needs_no_model(path: Path) -> None:
    """Free JSON alone is left to the models, whose numbers it keeps."""
    name, _, body = record(path)
    for holder in (body["event"], *body["event"].get("tasks", ()), *body["event"].get("into", ())):
        for free in ("metadata", "evidence"):
            holder.pop(free, None)
    for inner in ("task", "by"):
        body["event"].get(inner, {}).pop("metadata", None)
    state = json.dumps(body).encode()
    try:
        decode, revive, _, versions = FAST._fast[name]
        decoded = decode(state)
    except REFUSED as refused:
        pytest.fail(str(refused))
    assert decoded.meta.schema_version in versions
    assert revive(decoded.event) == BY_MODELS.decode(entry(name, state)).event
    same(entry(name, state))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_record_is_read_as_by_the_models(path: Path) -> None:
    name, _, body = record(path)
    same(entry(name, json.dumps(body).encode()))


def holders(value: Any) -> list[Any]:
    """All objects and lists in a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value] if isinstance(value, dict | list) and value else []
    return [*here, *(found for one in inner for found in holders(one))]


@settings(repeatable, max_examples=150)
@for_all(st.sampled_from(FILES), st.data())
def test_an_altered_record_is_read_or_refused_as_by_the_models(
    path: Path, data: st.DataObject
) -> None:
    name, _, body = record(path)
    for _ in range(data.draw(st.integers(1, 2))):
        holder = data.draw(st.sampled_from(holders(body)))
        key = data.draw(st.sampled_from([*holder] if isinstance(holder, dict) else [0]))
        how = data.draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if how == "drop":
            del holder[key]
        elif how == "replace" or isinstance(holder, list):
            holder[key] = deepcopy(data.draw(st.sampled_from(ODD)))
        else:
            holder["colour"] = "red"
        if not body:
            break
    same(entry(name, json.dumps(body).encode()))


@settings(repeatable, max_examples=300)
@for_all(
    st.sampled_from(FILES), st.integers(0, 10_000), st.sampled_from(b'0"{}[],:.eE+-Z \\\xff\x00')
)
@example(FILES[0], 0, ord("["))
def test_a_record_with_another_byte_is_read_or_refused_as_by_the_models(
    path: Path, at: int, byte: int
) -> None:
    name, _, body = record(path)
    state = bytearray(json.dumps(body).encode())
    state[at % len(state)] = byte
    same(entry(name, bytes(state)))


@pytest.mark.parametrize("state", [None, 7, "{}", b"", b"[" * 100_000])
def test_what_is_not_json_is_refused_as_by_the_models(state: Any) -> None:
    same(entry("task-scored", state))
