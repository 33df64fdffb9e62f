"""Plans travel in bundles: whole, once, and never altered on the way."""

import errno
import io
import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from plangate.application import plan_log
from plangate.application.bundles import exporter as bundle_export
from plangate.application.bundles import importer as bundle_import
from plangate.application.bundles import sealed_file as bundle_file
from plangate.application.bundles.format import MAX_LINE
from plangate.application.bundles.sealed_file import SealedWriter, open_for_writing
from plangate.application.errors import (
    AlteredBundle,
    BundleTooNew,
    ConcurrentChange,
    CorruptEvent,
    HistoryDiffers,
    IdempotencyKeyReused,
    StoreError,
)
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.bundles import (
    content_sha256,
    exported,
    exported_with_report,
    imported,
    lines_in,
    log_of,
    packed,
    sealed,
)
from tests.support.clocks import registry_on
from tests.support.model.random_work import RandomWork
from tests.support.stores import plant

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


def another() -> PlanRegistry:
    return registry_on(memory_event_store())


@pytest.fixture
def other() -> Iterator[PlanRegistry]:
    """A registry on another store."""
    with another() as registry:
        yield registry


@pytest.fixture
def registry(registry: PlanRegistry) -> PlanRegistry:
    """Two plans; `red` has been worked on."""
    for plan_id in ("red", "blue"):
        registry.create("Göal", TASKS, plan_id=plan_id, idempotency_key=f"new-{plan_id}")
    registry.score_output("red", "a", 0.4, rationale="Ada saw it", idempotency_key="k")
    registry.retry("red", "a", "once more", actor="ada", correlation_id="run-1")
    return registry


# --- out of one store and into another ---


def test_plans_arrive_with_ids_versions_times_and_who_asked(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    other.create("First here", TASKS, plan_id="own")

    report = imported(other, exported(registry))

    assert (report.plans, report.added, report.extended, report.already_there) == (2, 2, 0, 0)
    assert report.recorded == report.events == len(log_of(registry))
    for plan_id in ("red", "blue"):
        assert other.get_status(plan_id) == registry.get_status(plan_id)
        for here, there in zip(
            other.history.of(plan_id), registry.history.of(plan_id), strict=True
        ):
            assert here.event == there.event
            old, new = there.envelope, here.envelope
            assert (new.plan_id, new.version, new.recorded_at) == (
                old.plan_id,
                old.version,
                old.recorded_at,
            )
            assert (new.actor, new.correlation_id, new.causation_id, new.idempotency_key) == (
                old.actor,
                old.correlation_id,
                old.causation_id,
                old.idempotency_key,
            )
            assert new.origin_position == old.position
    assert [plan.plan_id for plan in other.list_plans().plans] == ["own", "red", "blue"]
    assert other.history.last_position() == len(log_of(registry)) + 1


def test_exported_again_elsewhere_the_content_digest_is_the_same(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    bundle, report = exported_with_report(registry)
    imported(other, exported(registry, "blue"))
    imported(other, bundle)

    again, report_again = exported_with_report(other)

    assert again != bundle  # positions and the order of the plans are others
    assert report_again.content_sha256 == report.content_sha256
    with another() as third:
        assert imported(third, again).content_sha256 == report.content_sha256
        assert third.history.of("red")[0].envelope.origin_position == 1


def test_the_same_plans_in_the_same_store_give_the_same_bytes(registry: PlanRegistry) -> None:
    assert exported(registry) == exported(registry)


def test_the_digests_are_those_that_the_documentation_describes(registry: PlanRegistry) -> None:
    bundle, report = exported_with_report(registry)
    lines = lines_in(bundle)
    manifest = json.loads(lines[-1])
    assert manifest["content_sha256"] == report.content_sha256 == content_sha256(lines)
    assert (manifest["plans"], manifest["events"], report.bytes) == (2, report.events, len(bundle))


def test_some_plans_are_chosen_and_deleted_ones_come_along(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    registry.delete("blue")
    assert imported(other, exported(registry, "blue")).plans == 1
    assert "blue" not in {plan.plan_id for plan in other.list_plans()}
    assert len(other.history.of("blue")) == 2
    with pytest.raises(PlanNotFound):
        registry.bundles.export(io.BytesIO(), ["red", "nobody"])


def test_a_checkpoint_is_included_and_changes_no_content_digest(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    note = registry.ledger.checkpoint().note
    bundle, unsigned = io.BytesIO(), io.BytesIO()
    report = registry.bundles.export(bundle, checkpoint=note)
    assert report.content_sha256 == registry.bundles.export(unsigned).content_sha256
    bundle.seek(0)
    assert other.bundles.import_bundle(bundle).checkpoint == note


@pytest.mark.parametrize("given", ["Dear diary", "", 7])
def test_an_invalid_checkpoint_is_refused_and_leaves_no_bundle(
    registry: PlanRegistry, tmp_path: Path, given: object
) -> None:
    with pytest.raises(InvalidInput, match="checkpoint: "):
        registry.bundles.export(tmp_path / "plans.bundle", checkpoint=given)  # type: ignore[arg-type]
    assert not (tmp_path / "plans.bundle").exists()


def test_an_empty_store_makes_an_empty_bundle(other: PlanRegistry) -> None:
    with another() as empty:
        assert imported(other, exported(empty)).plans == 0
    assert other.history.last_position() == 0


def test_retries_are_recognised_where_the_plan_went(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    imported(other, exported(registry))
    before = other.history.last_position()
    status = other.score_output("red", "a", 0.4, rationale="Ada saw it", idempotency_key="k")
    assert status.version == 4
    other.create("Göal", TASKS, plan_id="red", idempotency_key="new-red")
    assert other.history.last_position() == before
    with pytest.raises(IdempotencyKeyReused):
        other.score_output("red", "a", 0.9, idempotency_key="k")


def test_views_and_queries_see_the_imported_plans(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    assert other.views.plans().plans == ()
    imported(other, exported(registry))
    assert {
        row.plan_id for row in other.views.plans(at_least=other.history.last_position()).plans
    } == {
        "red",
        "blue",
    }


# --- again ---


def test_a_repeated_import_records_nothing(registry: PlanRegistry, other: PlanRegistry) -> None:
    bundle = exported(registry)
    imported(other, bundle)
    before = log_of(other)
    report = imported(other, bundle)
    assert (report.added, report.extended, report.already_there, report.recorded) == (0, 0, 2, 0)
    assert log_of(other) == before
    assert imported(registry, bundle).already_there == 2  # where it came from, too


def test_newer_events_of_a_known_plan_are_added(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    imported(other, exported(registry))
    registry.score_output("red", "a", 0.9)
    registry.create("New", TASKS, plan_id="green")
    report = imported(other, exported(registry))
    assert (report.added, report.extended, report.already_there, report.recorded) == (1, 1, 1, 3)
    assert other.get_status("red") == registry.get_status("red")


def test_a_plan_that_went_on_here_stays_as_it_is(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    bundle = exported(registry)
    imported(other, bundle)
    other.score_output("red", "a", 0.9)
    assert imported(other, bundle).already_there == 2


def test_a_plan_with_another_history_here_is_refused_and_nothing_is_written(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    imported(other, exported(registry, "red"))
    for place, score in ((registry, 0.9), (other, 0.8)):
        place.score_output("red", "a", score)
    before = log_of(other)
    with pytest.raises(HistoryDiffers) as refusal:
        imported(other, exported(registry))
    assert (refusal.value.plan_id, refusal.value.version) == ("red", 7)
    assert log_of(other) == before
    assert "blue" not in {plan.plan_id for plan in other.list_plans()}


def test_a_gap_in_a_plan_here_is_another_history(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    entries = [other._store.format.moved(e) for e in log_of(registry) if e.plan_id == "red"]
    plant(other._store, [entries[0], entries[2]])
    with pytest.raises(HistoryDiffers) as refusal:
        imported(other, exported(registry))
    assert refusal.value.version == 2


def test_an_altered_bundle_is_called_that_although_its_plans_differ_by_it(
    registry: PlanRegistry,
) -> None:
    lines = lines_in(exported(registry))
    place = next(i for i, line in enumerate(lines) if b'"score":0.4' in line)
    lines[place] = lines[place].replace(b'"score":0.4', b'"score":0.9')
    with pytest.raises(AlteredBundle):
        imported(registry, sealed(lines))


# --- in stretches ---


def in_stretches(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    monkeypatch.setattr(bundle_import, "BATCH_EVENTS", events)
    monkeypatch.setattr(plan_log, "PAGE", 3)


def some_work(seed: int, commands: int = 60) -> PlanRegistry:
    registry = another()
    RandomWork(registry, random.Random(seed)).go_on(commands)
    return registry


def appends_of(registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    appends: list[list[str]] = []
    append = registry._store.append_stored

    def spied(entries: Sequence[StoredEntry]) -> None:
        append(entries)
        appends.append([entry.event_id for entry in entries])

    monkeypatch.setattr(registry._store, "append_stored", spied)
    return appends


def test_a_small_bundle_is_recorded_in_one_batch(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    appends = appends_of(other, monkeypatch)
    imported(other, exported(registry))
    assert [len(append) for append in appends] == [len(log_of(registry))]


@pytest.mark.parametrize("events", [1, 2, 5])
def test_a_large_bundle_is_recorded_in_batches_of_whole_commands(
    other: PlanRegistry, monkeypatch: pytest.MonkeyPatch, events: int
) -> None:
    in_stretches(monkeypatch, events)
    monkeypatch.setattr(bundle_import, "_MAX_BATCH", 1_000)
    with some_work(1) as registry:
        appends = appends_of(other, monkeypatch)
        imported(other, exported(registry))
        causes = {
            entry.envelope.event_id: entry.envelope.causation_id
            for plan_id in registry.plan_ids()
            for entry in registry.history.of(plan_id)
        }
    assert len(appends) > 3
    assert all(causes[append[0]] is None for append in appends)
    assert all(len(append) >= events for append in appends[:-1])


def test_a_command_without_end_does_not_fill_the_memory(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_stretches(monkeypatch, 1)
    appends = appends_of(other, monkeypatch)
    imported(other, exported(registry, "red"))
    assert max(len(append) for append in appends) == 2
    assert other.get_status("red") == registry.get_status("red")


@pytest.mark.parametrize("broken_off_after", range(5))
def test_an_import_that_was_broken_off_is_completed_by_the_next(
    other: PlanRegistry, monkeypatch: pytest.MonkeyPatch, broken_off_after: int
) -> None:
    in_stretches(monkeypatch, 5)
    with some_work(2) as registry:
        bundle, report = exported_with_report(registry)
        with monkeypatch.context() as patched:
            append, done = other._store.append_stored, 0

            def failing(entries: object) -> None:
                nonlocal done
                if done == broken_off_after:
                    raise StoreError("the disk is gone")
                append(entries)  # type: ignore[arg-type]
                done += 1

            patched.setattr(other._store, "append_stored", failing)
            with pytest.raises(StoreError, match="the disk is gone"):
                imported(other, bundle)

        imported(other, bundle)

        assert exported_with_report(other)[1].content_sha256 == report.content_sha256
        with another() as undisturbed:
            imported(undisturbed, bundle)
            assert log_of(undisturbed) == log_of(other)


def test_a_concurrent_writer_is_not_overwritten(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, append = exported(registry), other._store.append_stored

    def late(entries: object) -> None:
        other.create("Mine", TASKS, plan_id="blue")
        append(entries)  # type: ignore[arg-type]

    monkeypatch.setattr(other._store, "append_stored", late)
    with pytest.raises(ConcurrentChange):
        imported(other, bundle)
    assert [plan.goal for plan in other.list_plans().plans] == ["Mine"]


def test_progress_is_reported_to_the_end(registry: PlanRegistry, other: PlanRegistry) -> None:
    result: list[tuple[int, int]] = []
    stream = io.BytesIO()
    registry.bundles.export(stream, progress=lambda done, total: result.append((done, total)))
    assert result[-1] == (registry.history.last_position(),) * 2
    for _first_and_again in range(2):
        result.clear()
        other.bundles.import_bundle(
            stream, progress=lambda done, total: result.append((done, total))
        )
        assert result == sorted(result)
        assert result[-1] == (2 * len(stream.getvalue()),) * 2


# --- erased text ---


def test_an_erased_plan_is_exported_without_its_text(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    registry.erase("red")
    bundle, report = exported_with_report(registry)
    assert "Ada saw it" not in b"".join(lines_in(bundle)).decode()
    imported(other, bundle)
    assert exported_with_report(other)[1].content_sha256 == report.content_sha256


@pytest.mark.parametrize("broken_off", [False, True], ids=["at once", "broken off"])
def test_an_erasure_elsewhere_is_followed_here(
    registry: PlanRegistry,
    other: PlanRegistry,
    monkeypatch: pytest.MonkeyPatch,
    *,
    broken_off: bool,
) -> None:
    imported(other, exported(registry))
    registry.erase("red", actor="dpo", idempotency_key="gdpr-1")
    registry.score_output("red", "a", 0.9, rationale="Bob says so")
    bundle, report = exported_with_report(registry)
    if broken_off:
        with monkeypatch.context() as patched:
            patched.setattr(other.bundles._bundle_import, "_follow_erasures", failing_to_follow)
            with pytest.raises(StoreError):
                imported(other, bundle, follow_erasures=True)
    assert imported(other, bundle, follow_erasures=True).remains is None
    words = [entry.state for entry in log_of(other)]
    assert not any(b"Ada saw it" in state for state in words)
    assert any(b"Bob says so" in state for state in words)
    assert other.get_status("red").goal is None
    assert exported_with_report(other)[1].content_sha256 == report.content_sha256
    assert imported(other, bundle).recorded == 0


def failing_to_follow(_erased_at: object) -> None:
    raise StoreError("the disk is gone")


def test_the_report_says_where_erased_text_may_be_left(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(other, exported(registry))
    registry.erase("red")

    def busy() -> None:
        raise StoreError("another process reads an older state")

    monkeypatch.setattr(other._store, "scrub", busy)
    report = imported(other, exported(registry), follow_erasures=True)
    assert report.remains == "another process reads an older state"
    assert other.erase("red").remains == "another process reads an older state"


def test_the_report_says_that_text_cannot_be_erased_until_it_can(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(other, exported(registry))
    registry.erase("red")
    bundle = exported(registry)

    def never(*_entries: object) -> None:
        raise StoreError("it never changes what it recorded")

    with monkeypatch.context() as patched:
        patched.setattr(other._store, "rewrite", never)
        for _ in range(2):
            report = imported(other, bundle, follow_erasures=True)
            assert report.remains == "it never changes what it recorded"
    assert imported(other, bundle, follow_erasures=True).remains is None
    assert not any(b"Ada saw it" in entry.state for entry in log_of(other))


def test_text_of_an_erased_plan_is_not_imported(
    registry: PlanRegistry, other: PlanRegistry
) -> None:
    """As when the erasure came while the plan was being exported."""
    wordy = [line for line in lines_in(exported(registry, "red")) if b'"line":"event"' in line]
    registry.erase("red")
    lines = lines_in(exported(registry, "red"))
    lines[1 : 1 + len(wordy)] = wordy
    imported(other, sealed(lines))
    assert not any(b"Ada saw it" in entry.state for entry in log_of(other))
    assert other.get_status("red") == registry.get_status("red")


# --- altered bundles ---


def refused(bundle: bytes) -> AlteredBundle:
    """The refusal of a bundle that must leave an empty store empty."""
    with another() as empty:
        with pytest.raises(AlteredBundle) as refusal:
            imported(empty, bundle)
        assert empty.history.last_position() == 0
    return refusal.value


def test_every_byte_of_the_file_is_guarded(registry: PlanRegistry) -> None:
    bundle = exported(registry)
    chance = random.Random(5)
    for place in range(len(bundle)):
        altered = bytearray(bundle)
        altered[place] ^= 1 << chance.randrange(8)
        refused(bytes(altered))


def test_a_file_that_lost_or_won_bytes_is_refused(registry: PlanRegistry) -> None:
    bundle = exported(registry)
    chance = random.Random(6)
    for _ in range(150):
        place = chance.randrange(len(bundle))
        refused(bundle[:place])
        refused(bundle[:place] + bundle[place + 1 :])
        refused(bundle[:place] + bytes([chance.randrange(256)]) + bundle[place:])
    for more in (b"\0", b"\n", bundle, b"x" * 600_000):
        refused(bundle + more)
        refused(more + bundle)


def test_lines_removed_doubled_or_swapped_are_refused_even_under_a_new_seal(
    registry: PlanRegistry,
) -> None:
    lines = lines_in(exported(registry))
    assert imported(registry, sealed(lines)).already_there == 2
    for place in range(len(lines)):
        refused(sealed([*lines[:place], *lines[place + 1 :]]) if place else packed(b""))
        refused(sealed([*lines[:place], lines[place], *lines[place:]]))
        for with_ in range(place):
            swapped = [*lines]
            swapped[place], swapped[with_] = swapped[with_], swapped[place]
            refused(sealed(swapped))


def test_bytes_altered_in_a_line_are_refused_even_under_a_new_seal() -> None:
    """All but positions in the log it came from, which are not part of a plan's content."""
    chance = random.Random(7)
    with some_work(3, commands=30) as registry:
        lines = lines_in(exported(registry))
        log = [registry._store.format.content_form(entry) for entry in log_of(registry)]
    passed = 0
    for _ in range(600):
        altered = [bytearray(line) for line in lines]
        line = altered[chance.randrange(len(altered))]
        place = chance.randrange(len(line))
        match chance.randrange(3):
            case 0:
                line[place] ^= 1 << chance.randrange(8)
            case 1:
                del line[place]
            case _:
                line.insert(place, chance.choice(b' 0123456789"{}[],:\\ntru\xc3'))
        if [*map(bytes, altered)] == lines:
            continue
        with another() as empty:
            try:
                imported(empty, sealed([*map(bytes, altered)]))
            except AlteredBundle:
                assert empty.history.last_position() == 0
                continue
            passed += 1
            form = empty._store.format.content_form
            assert sorted(map(form, log_of(empty))) == sorted(log)
    assert passed < 30


@pytest.mark.parametrize(
    "place, old, new, complaint",
    [
        (0, b'"format":1', b'"format":1.0', "line 1: it is not encoded as the lines"),
        (0, b"plangate-bundle", b"bundle", "line 1: Input tag 'bundle'"),
        (1, b'"version":1', b'"version":2', "line 2: event red@1 cannot be read: it is missing"),
        (1, b'"version":1', b'"version":true', "version: Input should be a valid integer"),
        (1, b'"plan_id":"red"', b'"plan_id":" "', "must not be blank"),
        (1, b"plan-created", b"plan-dreamt", "its name 'plan-dreamt' is not known"),
        (1, b'"schema_version":', b'"schema_version":9', "is not known to this plangate"),
        (1, b'"goal":"G', b'"goal":"X","goal":"G', "not encoded as the lines of a bundle are"),
        (1, b'"line":"event",', b'"line":"event", ', "not encoded as the lines of a bundle are"),
        (1, b'"name"', b'"title"', "line 2: name: Field required"),
        (2, b'"score":0.4', b'"score":NaN', "line 3: Out of range float"),
        (2, b'"score":0.4', b'"score":0.5', "does not match the events of 'red'"),
        (2, b'"plan_id":"red"', b'"plan_id":"blu"', "belongs to another plan than 'red'"),
        (2, b'"score":0.4', b'"score":' + b"9" * 5_000, "line 3: Exceeds the limit"),
        (2, b'"score":0.4', b'"score":' + b"[" * 100_000, "line 3: it is nested too deep"),
        (2, b"Ada saw it", b"Ada \\ud800 it", "line 3: "),
        (2, b'"score":0.4', b"\xff", "line 3: 'utf-8' codec can't decode"),
        (7, b'"events":6', b'"events":5', "line 8: it does not match the events of 'red'"),
        (-1, b'"events":7', b'"events":8', "events does not match the bundle, which gives 7"),
        (-1, b'"plans":2', b'"plans":3', "plans does not match the bundle, which gives 2"),
        (-1, b'{"line":"manifest"', b'["', "line 11: "),
    ],
)
def test_a_refusal_has_a_reason_and_a_line(
    registry: PlanRegistry, place: int, old: bytes, new: bytes, complaint: str
) -> None:
    lines = lines_in(exported(registry))
    assert old in lines[place], lines[place]
    lines[place] = lines[place].replace(old, new, 1)
    assert complaint in str(refused(sealed(lines)))


@pytest.mark.parametrize(
    "lines, complaint",
    [
        ([], "the bundle ends too early"),
        ([b"[]"], "line 1: "),
        ([b'{"line":"plangate-bundle","format":1}'] * 2, "line 2: it is not expected here"),
    ],
)
def test_lines_that_make_no_bundle_are_refused(lines: list[bytes], complaint: str) -> None:
    manifest = lines_in(exported(another()))[-1]
    assert complaint in str(refused(sealed([*lines, manifest])))


def test_an_unclosed_or_repeated_plan_is_refused(registry: PlanRegistry) -> None:
    header, *blue, manifest = lines_in(exported(registry, "blue"))
    assert "ends too early" in str(refused(sealed([header, blue[0], manifest])))
    twice = sealed([header, *blue, *blue, manifest])
    assert "the plan 'blue' occurs twice" in str(refused(twice))
    assert "it is not a manifest" in str(refused(sealed([header, *blue, header])))


@pytest.mark.parametrize(
    "header",
    [b'{"line":"plangate-bundle","format":2}', b'{"line":"plangate-bundle","format":9,"new":[]}'],
)
def test_a_newer_format_is_refused_as_such(header: bytes) -> None:
    manifest = lines_in(exported(another()))[-1]
    refusal = refused(sealed([header, manifest]))
    assert isinstance(refusal, BundleTooNew)
    assert "and this plangate reads 1" in refusal.why


@pytest.mark.parametrize(
    "content, complaint",
    [
        (b"", "ends too early"),
        (b"PK\3\4 something else", "the file is damaged, or is not a bundle"),
        (packed(b""), "the manifest, which ends the file, is missing or damaged"),
    ],
)
def test_other_files_are_refused(content: bytes, complaint: str) -> None:
    assert complaint in str(refused(content))


def test_a_bomb_without_a_line_is_refused_long_before_it_is_unpacked() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    too_long = f"longer than {MAX_LINE} bytes"
    tracemalloc.start()
    try:
        with another() as empty, pytest.raises(AlteredBundle, match=too_long):
            empty.bundles.import_bundle(io.BytesIO(bomb))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MAX_LINE < peak < 3 * MAX_LINE


def test_more_plans_than_a_bundle_may_hold_are_refused_on_both_sides(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = exported(registry)
    monkeypatch.setattr(bundle_import, "MAX_PLANS", 1)
    assert "there are more than 1 plans" in str(refused(bundle))
    monkeypatch.setattr(bundle_export, "MAX_PLANS", 1)
    with pytest.raises(InvalidInput, match="a bundle holds at most 1 plans; name those you want"):
        exported(registry)


def test_a_last_line_without_an_end_is_refused(registry: PlanRegistry) -> None:
    bundle = exported(registry)
    manifest = bundle[bundle.rindex(b"\x1f\x8b\x08") :]
    assert "line 1: it has no newline" in str(refused(packed(b'{"line":') + manifest))


# --- what cannot be exported ---


def test_an_event_that_cannot_be_read_or_is_written_otherwise_is_named(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = log_of(registry)[0]
    spaced = replace(entry, state=entry.state + b" ")
    monkeypatch.setattr(registry._store, "read_stored", lambda *_a, after=0, **_k: [spaced][after:])
    with pytest.raises(CorruptEvent, match="red@1 cannot be read: its stored bytes are not"):
        exported(registry, "red")


def test_a_line_that_would_be_too_long_to_read_again_is_not_written(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_export, "MAX_LINE", 500)
    with pytest.raises(CorruptEvent, match="would be longer than 500 bytes"):
        exported(registry)


# --- the file ---


def test_a_file_appears_whole_or_not_at_all(
    registry: PlanRegistry, other: PlanRegistry, tmp_path: Path
) -> None:
    with pytest.raises(PlanNotFound):
        registry.bundles.export(tmp_path / "plans.bundle", "nobody")
    assert list(tmp_path.iterdir()) == []
    registry.bundles.export(tmp_path / "plans.bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["plans.bundle"]
    assert other.bundles.import_bundle(str(tmp_path / "plans.bundle")).added == 2


def test_nothing_is_ever_written_over(registry: PlanRegistry, tmp_path: Path) -> None:
    target = tmp_path / "plans.bundle"
    target.write_text("mine")
    with pytest.raises(InvalidInput, match=r"target: .* exists already"):
        registry.bundles.export(target)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"target: .* exists already"):
        registry.bundles.export(tmp_path / "link")
    late = tmp_path / "late"
    with pytest.raises(InvalidInput, match="File exists"), open_for_writing(late):
        late.write_text("theirs")
    assert target.read_text() == "mine"
    assert late.read_text() == "theirs"
    assert {path.name for path in tmp_path.iterdir()} == {"plans.bundle", "link", "late"}


def test_a_file_system_without_links_will_do(
    registry: PlanRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_here(*_paths: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", none_here)
    registry.bundles.export(tmp_path / "plans.bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["plans.bundle"]
    late = tmp_path / "late"
    with pytest.raises(InvalidInput, match="not permitted"), open_for_writing(late):
        late.write_text("theirs")
    assert late.read_text() == "theirs"


def test_a_missing_folder_or_file_is_named(registry: PlanRegistry, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"target: .*: there is no folder '.*nowhere'$"):
        registry.bundles.export(tmp_path / "nowhere" / "plans.bundle")
    with pytest.raises(InvalidInput, match=r"source: .* No such file .*plans\.bundle"):
        registry.bundles.import_bundle(tmp_path / "plans.bundle")
    with pytest.raises(InvalidInput, match=r"source: .* Is a directory"):
        registry.bundles.import_bundle(tmp_path)


def test_any_program_that_knows_gzip_reads_a_bundle(registry: PlanRegistry) -> None:
    stream = io.BytesIO()
    writer = SealedWriter(stream)
    writer.write(b"one")
    assert len(writer.sealed()) == 64
    writer.end(b"two")
    assert lines_in(stream.getvalue()) == [b"one", b"two"]
    assert stream.getvalue()[4:8] == bytes(4)  # no time: the same plans, the same bytes
    assert json.loads(lines_in(exported(registry))[0])["line"] == "plangate-bundle"


@pytest.mark.parametrize("size", [1, 13, 200, 399, 1_000])
def test_however_few_bytes_are_read_at_a_time_it_is_the_same_bundle(
    registry: PlanRegistry, other: PlanRegistry, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(bundle_file, "_CHUNK", size)
    bundle = exported(registry)
    assert imported(other, bundle).recorded == len(log_of(registry))
    refused(bundle[:-1])
    refused(bundle + b"\n")


def test_ids_are_only_data(other: PlanRegistry) -> None:
    with another() as registry:
        registry.create("Odd", TASKS, plan_id="../../etc/passwd; DROP TABLE 🚢")
        imported(other, exported(registry))
    assert other.get_status("../../etc/passwd; DROP TABLE 🚢").goal == "Odd"


def test_any_history_arrives_with_the_same_content_digest(
    other: PlanRegistry,
) -> None:
    for seed in range(10, 18):
        with some_work(seed) as registry, another() as place:
            bundle, report = exported_with_report(registry)
            imported(place, bundle)
            assert exported_with_report(place)[1].content_sha256 == report.content_sha256
            now = registry._executor.handler.now()
            for one in (registry, place):
                one._plans.clock = lambda now=now: now  # type: ignore[misc]
            assert place.list_plans() == registry.list_plans()
    assert other.history.last_position() == 0
