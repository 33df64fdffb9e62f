"""Events stored by any released version read the same for ever.

One file an event and a schema version, added and never edited: the stored
record, and the digest of its canonical form.
"""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import pytest

from plangate.application.errors import CorruptEvent, EventTooNew, StoreTooNew
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.domain.errors import InvalidInput
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    LeaseRenewed,
    OutcomeRecorded,
    PlanArchived,
    PlanCreated,
    PlanDeleted,
    PlanErased,
    PlanEvent,
    PlannedTask,
    PlanPaused,
    PlanRestored,
    PlanResumed,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    ScoringFailed,
    TaskAdded,
    TaskChanged,
    TaskDeferred,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
    TaskUndeferred,
)
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    DeferralEnd,
    Gate,
    Judges,
    Outcome,
    OutOfRange,
    Recency,
    ScarceEvidence,
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
)
from plangate.infrastructure.stored_events.codec import EventCodec
from plangate.infrastructure.stored_events.kinds import STORED_KINDS, StoredKind

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))
UNTIL = datetime(2026, 11, 24, 10, 30, 0, tzinfo=UTC)
AT = datetime(2026, 11, 24, 9, 30, 0, 125000, tzinfo=UTC)
BEFORE = datetime(2026, 11, 23, 16, 0, 0, 250000, tzinfo=UTC)
JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="3.1")

SCHEMA = PlannedTask(
    id="schema",
    title="Design the schema",
    description="Tables, keys, money as integers.",
    metadata={"area": "billing", "estimate": 1.5},
    depends_on=("5f0c1e2a",),
    priority=7,
)
BACKFILL = PlannedTask(id="5f0c1e2a", title="Backfill – “all” of it")
FIRST_POLICY = Policy(
    prompt_weight=0.35,
    output_weight=0.65,
    decay=0.85,
    confidence_threshold=0.72,
    out_of_range=OutOfRange.CLAMP,
)
SECOND_POLICY = Policy(**FIRST_POLICY.model_dump(exclude_unset=True), gate=Gate.ADVISE)
REMEMBERING = Policy(
    order=Recency.SCORED,
    min_scored=4,
    consecutive_lows=3,
    exit_threshold=0.8,
    latch=True,
    max_replans=3,
)
JUDGING = REMEMBERING.model_copy(update={"scarce_evidence": ScarceEvidence.JUDGE})
BY_THREE = JUDGING.model_copy(update={"judges": Judges.TRIMMED, "min_judges": 3})
REVIEW = PlannedTask(id="review", title="Review", depends_on=("schema",), labels=("human",))

WRITTEN_TODAY: dict[str, PlanEvent] = {
    "plan-created": PlanCreated(
        at=AT,
        goal="Move billing to the new ledger",
        tasks=(SCHEMA, BACKFILL),
        policy=BY_THREE.whole(),
        metadata={"team": "payments", "tags": ["q4", None]},
        priority=5,
        labels=("billing",),
    ),
    "task-scored": TaskScored(
        at=AT,
        task_id="schema",
        kind=ScoreKind.OUTPUT,
        score=1.0,
        raw_score=85.0,
        scale=(0.0, 100.0),
        mark_done=True,
        scorer=JUDGE,
        rationale="Keys are right.",
        evidence={"verdict": "PASS", "confidence": 0.1},
        occurred_at=BEFORE,
    ),
    "scoring-failed": ScoringFailed(
        at=AT,
        task_id="schema",
        kind=ScoreKind.PROMPT,
        reason="timed out",
        scorer=JUDGE,
        occurred_at=BEFORE,
    ),
    "score-retracted": ScoreRetracted(
        at=AT,
        task_id="schema",
        kind=ScoreKind.OUTPUT,
        event_id="billing@3",
        reason="judged the wrong file",
    ),
    "outcome-recorded": OutcomeRecorded(
        at=AT,
        task_id="schema",
        outcome=Outcome.REJECTED,
        source="customer",
        note="Rows were lost.",
        occurred_at=BEFORE,
    ),
    "task-status-changed": TaskStatusChanged(
        at=AT,
        task_id="schema",
        old=TaskStatus.REPLANNING,
        new=TaskStatus.DONE,
        cause=StatusCause.APPROVED,
    ),
    "task-deferred": TaskDeferred(
        at=AT, task_id="schema", reason="the vendor decides", until=UNTIL
    ),
    "task-undeferred": TaskUndeferred(
        at=AT, task_id="schema", cause=DeferralEnd.UNDEFERRED, reason="the vendor decided"
    ),
    "replan-triggered": ReplanTriggered(
        at=AT, task_id="schema", rolling_confidence=0.655, threshold=0.72
    ),
    "lease-renewed": LeaseRenewed(at=AT, task_id="schema", lease_until=UNTIL),
    "gate-approved": GateApproved(
        at=AT, reason="a known flaky judge", accept=("schema", "5f0c1e2a")
    ),
    "plan-revised": PlanRevised(at=AT, reason="the goal was too wide"),
    "task-added": TaskAdded(at=AT, task=REVIEW, before="backfill"),
    "task-changed": TaskChanged(
        at=AT,
        task_id="schema",
        title="Design the new schema",
        description="",
        metadata={"area": "ledger"},
        depends_on=("review",),
        priority=-3,
        labels=(),
    ),
    "task-moved": TaskMoved(at=AT, task_id="schema"),
    "task-dropped": TaskDropped(at=AT, task_id="schema", dependants=("backfill",)),
    "task-split": TaskSplit(at=AT, task_id="schema", into=(REVIEW, PlannedTask(id="x", title="X"))),
    "task-replaced": TaskReplaced(at=AT, task_id="schema", by=REVIEW),
    "attempt-started": AttemptStarted(at=AT, task_id="schema", attempt=2, reason="try again"),
    "plan-paused": PlanPaused(at=AT, reason="budget"),
    "plan-resumed": PlanResumed(at=AT, reason="budget is back"),
    "plan-archived": PlanArchived(at=AT, reason="the quarter is over"),
    "plan-restored": PlanRestored(at=AT, reason="a new quarter"),
    "plan-deleted": PlanDeleted(at=AT, reason="superseded"),
    "plan-erased": PlanErased(at=AT),
}
WRITTEN_BEFORE: dict[str, PlanEvent] = {
    "plan-created.v1": WRITTEN_TODAY["plan-created"].model_copy(
        update={
            "tasks": (SCHEMA.model_copy(update={"depends_on": None, "priority": None}), BACKFILL),
            "policy": FIRST_POLICY,
            "priority": None,
            "labels": None,
        }
    ),
    "plan-created.v2": WRITTEN_TODAY["plan-created"].model_copy(update={"policy": SECOND_POLICY}),
    "plan-created.v3": WRITTEN_TODAY["plan-created"].model_copy(update={"policy": REMEMBERING}),
    "plan-created.v4": WRITTEN_TODAY["plan-created"].model_copy(update={"policy": JUDGING}),
    "task-scored.v1": WRITTEN_TODAY["task-scored"].model_copy(
        update={"scale": None, "occurred_at": None}
    ),
    **{
        f"{name}.v1": WRITTEN_TODAY[name].model_copy(update={"occurred_at": None})
        for name in ("scoring-failed", "outcome-recorded")
    },
    "gate-approved.v1": WRITTEN_TODAY["gate-approved"].model_copy(update={"accept": None}),
    "task-status-changed.v1": WRITTEN_TODAY["task-status-changed"].model_copy(
        update={"old": TaskStatus.IN_PROGRESS, "new": TaskStatus.REPLANNING}
        | {"cause": StatusCause.SCORED}
    ),
    "task-status-changed.v2": WRITTEN_TODAY["task-status-changed"].model_copy(
        update={"old": TaskStatus.IN_PROGRESS, "new": TaskStatus.PENDING}
        | {"cause": StatusCause.CLAIMED, "worker": "agent-7", "lease_until": UNTIL}
    ),
}


def golden(path: Path) -> tuple[str, int, dict[str, Any]]:
    """The stored name, the schema version and the content of a golden file."""
    name, _, version = path.stem.rpartition(".v")
    return name, int(version), json.loads(path.read_text(encoding="utf-8"))


def canonical_form(plan_id: str, version: int, name: str, stored: bytes) -> bytes:
    return EventCodec().canonical_form(StoredEntry(plan_id, version, None, name, stored))


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def test_every_event_has_a_stored_name() -> None:
    assert {kind.event for kind in STORED_KINDS.values()} == set(get_args(get_args(PlanEvent)[0]))


def test_every_kind_and_schema_version_has_its_golden_file() -> None:
    expected = {
        f"{name}.v{version}"
        for name, kind in STORED_KINDS.items()
        for version in range(1, kind.schema_version + 1)
    }
    assert {path.stem for path in FILES} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_reads_as_what_it_meant(path: Path) -> None:
    name, version, content = golden(path)
    recorded = EventCodec().decode(StoredEntry("billing", 7, 42, name, compact(content["stored"])))
    assert recorded.envelope.schema_version == version
    assert recorded.event == WRITTEN_BEFORE.get(path.stem, WRITTEN_TODAY[name])
    assert recorded.envelope.event_id == "billing@7"
    assert recorded.envelope.actor == "agent-7"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_may_come_into_a_store(path: Path) -> None:
    name, _, content = golden(path)
    EventCodec().require_bounds(StoredEntry("billing", 7, 42, name, compact(content["stored"])))


def test_an_event_that_is_too_large_may_not_come_into_a_store() -> None:
    stored = compact(golden(FILES[0])[2]["stored"])
    entry = StoredEntry("billing", 7, 42, golden(FILES[0])[0], stored)
    with patch("plangate.infrastructure.stored_events.codec.MAX_EVENT_BYTES", len(stored)):
        EventCodec().require_bounds(entry)
    with (
        patch("plangate.infrastructure.stored_events.codec.MAX_EVENT_BYTES", len(stored) - 1),
        pytest.raises(InvalidInput, match="must be at most 0 MiB as it is stored"),
    ):
        EventCodec().require_bounds(entry)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_same_event_is_stored_as_the_same_bytes_today(path: Path) -> None:
    name, version, content = golden(path)
    if version != STORED_KINDS[name].schema_version:
        pytest.skip("an older schema version is read, not written")
    codec = EventCodec()
    stored = compact(content["stored"])
    recorded = codec.decode(StoredEntry("billing", 7, 42, name, stored))
    with patch("secrets.token_hex", return_value=recorded.envelope.salt):
        assert codec.encode(recorded) == (name, stored)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_canonical_form_of_a_golden_event_never_changes(path: Path) -> None:
    name, _, content = golden(path)
    form = canonical_form("billing", 7, name, compact(content["stored"]))
    assert hashlib.sha256(form).hexdigest() == content["canonical_sha256"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_erasing_peoples_words_leaves_the_canonical_form_and_a_readable_event(path: Path) -> None:
    name, _, content = golden(path)
    stored = content["stored"]
    form = canonical_form("billing", 7, name, compact(stored))
    codec, before = EventCodec(), StoredEntry("billing", 7, 42, name, compact(stored))
    erased = {"event": dict(stored["event"]), "meta": dict(stored["meta"])}
    erased["commitments"] = json.loads(form)["commitments"]
    erased["meta"].pop("salt", None)
    for pointer in erased["commitments"]:
        holder: Any = erased
        *path_to, last = pointer.split("/")[1:]
        for step in path_to:
            holder = holder[int(step) if isinstance(holder, list) else step]
        del holder[last]
    assert codec.canonical_form(codec.erased(before)) == form
    assert codec.erased(codec.erased(before)) == codec.erased(before)
    assert not codec.has_erasable_text(codec.erased(before))
    assert codec.is_as_written(codec.erased(before))
    assert json.loads(codec.erased(before).state)["meta"].keys().isdisjoint({"salt"})
    assert canonical_form("billing", 7, name, compact(erased)) == form
    again = EventCodec().decode(StoredEntry("billing", 7, 42, name, compact(erased))).event
    assert "Move billing" not in again.model_dump_json()


def test_commitments_cover_what_people_wrote_and_what_could_betray_it_and_nothing_else() -> None:
    content = golden(GOLDEN / "plan-created.v1.json")[2]
    form = json.loads(canonical_form("billing", 7, "plan-created", compact(content["stored"])))
    assert sorted(form["commitments"]) == [
        "/event/goal",
        "/event/metadata",
        "/event/tasks/0/description",
        "/event/tasks/0/metadata",
        "/event/tasks/0/title",
        "/event/tasks/1/title",
        "/meta/arguments_digest",
    ]
    assert form["event"]["tasks"] == [{"id": "schema"}, {"id": "5f0c1e2a"}]
    assert "salt" not in form["meta"]


def test_the_same_words_under_another_salt_have_another_commitment() -> None:
    stored = golden(GOLDEN / "plan-deleted.v1.json")[2]["stored"]
    salted = {**stored, "meta": {**stored["meta"], "salt": "00" * 16}}
    forms = [canonical_form("p", 1, "plan-deleted", compact(s)) for s in (stored, salted)]
    assert forms[0] != forms[1]


# --- schema versions ---


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    """What an upcaster does: version 1 said `why` where version 2 says `reason`."""
    body["event"]["reason"] = body["event"].pop("why")
    body["meta"]["schema_version"] = 2
    return body


SECOND_VERSION = EventCodec({"plan-deleted": StoredKind(PlanDeleted, 2, {1: _renamed})})


def stored_deletion(schema_version: int, **facts: object) -> bytes:
    meta = {"schema_version": schema_version, "recorded_at": "2026-11-24T09:30:00Z"}
    return compact({"event": {"at": "2026-11-24T09:30:00Z", **facts}, "meta": meta})


@pytest.mark.parametrize("version, field", [(1, "why"), (2, "reason")])
def test_an_older_schema_version_is_brought_up_to_date_when_it_is_read(
    version: int, field: str
) -> None:
    stored = stored_deletion(version, **{field: "done with"})
    event = SECOND_VERSION.decode(StoredEntry("p", 1, None, "plan-deleted", stored)).event
    assert isinstance(event, PlanDeleted)
    assert event.reason == "done with"


@pytest.mark.parametrize(
    "codec, name, stored, why",
    [
        (EventCodec(), "plan-deleted", stored_deletion(0), "schema version 0"),
        (EventCodec(), "plan-deleted", stored_deletion(1, colour=1), "event.colour"),
        (EventCodec(), "plan-deleted", b"\xff", "not a stored record"),
        (SECOND_VERSION, "plan-deleted", b"[]", "not a stored record"),
        (SECOND_VERSION, "plan-deleted", b"{", "not a stored record"),
        (SECOND_VERSION, "plan-deleted", stored_deletion(1), "not a stored record"),
        (SECOND_VERSION, "plan-deleted", stored_deletion(2, colour=1), "event.colour"),
    ],
)
def test_what_cannot_be_read_says_why(
    codec: EventCodec, name: str, stored: bytes, why: str
) -> None:
    with pytest.raises(CorruptEvent, match=why) as refusal:
        codec.decode(StoredEntry("p", 4, 9, name, stored))
    assert (refusal.value.plan_id, refusal.value.version, refusal.value.position) == ("p", 4, 9)


@pytest.mark.parametrize(
    "codec, name, stored, what",
    [
        (EventCodec(), "plan-exploded", b"{}", "its name 'plan-exploded'"),
        (EventCodec(), "plan-deleted", stored_deletion(2), "its schema version 2"),
        (EventCodec(), "plan-deleted", stored_deletion(2, colour=1), "its schema version 2"),
        (SECOND_VERSION, "plan-deleted", stored_deletion(3, reason="x"), "its schema version 3"),
    ],
)
def test_an_event_of_a_newer_plangate_is_not_damaged(
    codec: EventCodec, name: str, stored: bytes, what: str
) -> None:
    entry = StoredEntry("p", 4, 9, name, stored)
    ways = [codec.decode, codec.canonical_form, codec.content_form, codec.has_erasable_text]
    for way in (*ways, codec.erased) if stored != b"{}" else (codec.decode,):
        with pytest.raises(EventTooNew) as refusal:
            way(entry)
        error = refusal.value
        assert isinstance(error, StoreTooNew)
        assert not isinstance(error, CorruptEvent)
        assert (error.plan_id, error.version, error.position) == ("p", 4, 9)
        assert str(error) == (
            f"event p@4 cannot be read: {what} is not known to this plangate; "
            "a newer one wrote it; upgrade plangate (to go on behind it: after 9)"
        )


def test_the_first_policies_keep_their_digest() -> None:
    content = golden(GOLDEN / "plan-created.v1.json")[2]
    event = (
        EventCodec()
        .decode(StoredEntry("p", 1, 1, "plan-created", compact(content["stored"])))
        .event
    )
    assert isinstance(event, PlanCreated)
    assert event.policy.digest == FIRST_POLICY.digest
    assert event.policy.digest != Policy().whole().digest


def test_a_salt_is_fresh_for_every_event_of_which_something_can_be_erased() -> None:
    codec = EventCodec()
    stored = compact(golden(GOLDEN / "plan-deleted.v1.json")[2]["stored"])
    recorded = codec.decode(StoredEntry("billing", 7, 42, "plan-deleted", stored))
    keyless = replace(recorded.envelope, arguments_digest=None)
    wordless = RecordedEvent(WRITTEN_TODAY["replan-triggered"], keyless)
    first, second = (json.loads(codec.encode(recorded)[1])["meta"]["salt"] for _ in range(2))
    assert first != second
    assert "salt" not in json.loads(codec.encode(wordless)[1])["meta"]


# --- entries as they are stored ---


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_is_as_it_would_be_written(path: Path) -> None:
    name, _, content = golden(path)
    assert EventCodec().is_as_written(StoredEntry("p", 7, 1, name, compact(content["stored"])))


OTHERWISE = {
    "no JSON": b"{",
    "no record": b"[]",
    "no meta": b'{"a":1}',
    "a space": b'{"meta":{"a": 1}}',
    "a key twice": b'{"meta":{"a":1,"a":1}}',
    "a digit too many": b'{"meta":{"a":1.50}}',
    "an escape": b'{"meta":{"a":"\\u00e4"}}',
    "a salt in capitals": b'{"meta":{"salt":"0A"}}',
    "a salt with a space": b'{"meta":{"salt":"0a 0b"}}',
    "a salt that is none": b'{"meta":{"salt":7}}',
    "far too deep": b"[" * 100_000,
}


def test_bytes_are_as_written_whatever_they_say() -> None:
    state = '{"meta":{"a":[1.5,"ä"],"salt":"0a0b"}}'.encode()
    assert EventCodec().is_as_written(StoredEntry("p", 7, 1, "plan-deleted", state))


@pytest.mark.parametrize("state", OTHERWISE.values(), ids=OTHERWISE)
def test_bytes_that_say_the_same_in_another_way_are_told_apart(state: bytes) -> None:
    assert not EventCodec().is_as_written(StoredEntry("p", 7, 1, "plan-deleted", state))


def test_an_event_that_moves_to_another_log_remembers_its_first_place() -> None:
    content = golden(GOLDEN / "plan-deleted.v1.json")[2]
    codec = EventCodec()
    here = StoredEntry("billing", 7, 42, "plan-deleted", compact(content["stored"]))
    there = codec.moved(here)
    assert there.position is None
    envelope = codec.decode(codec.moved(replace(there, position=3))).envelope
    assert (envelope.position, envelope.origin_position) == (None, 42)


@pytest.mark.parametrize(
    "state", [b"", b"[]", b"{}", b'{"meta":3}', b'{"event":{},"meta":{"salt":"x"}}']
)
def test_what_is_not_a_record_has_no_form_and_cannot_move(state: bytes) -> None:
    entry = StoredEntry("p", 7, 3, "task-scored", state)
    with pytest.raises(CorruptEvent, match="p@7"):
        EventCodec().canonical_form(entry)
    if b'"event"' not in state:
        with pytest.raises(CorruptEvent, match="p@7"):
            EventCodec().moved(entry)
