"""Import a bundle in two passes: verify all of it, then write what is missing.

The first pass checks every byte and what every new event holds, and compares the bundle
with the plans in the store; nothing is written if anything is refused. The second pass
writes batches of up to `BATCH_EVENTS` and `BATCH_BYTES`. Each batch is written whole and
ends with a command, so an interrupted import can be repeated.
"""

from collections.abc import Callable, Iterator
from typing import Final

from plangate.application.bundles.format import (
    FORMAT,
    MAX_PLANS,
    BundleHeader,
    BundleLine,
    BundleManifest,
    BundlePlan,
    content_digest,
    decode_line,
    format_of,
)
from plangate.application.bundles.incoming_plan import IncomingPlan
from plangate.application.bundles.sealed_file import (
    BundleTarget,
    SealedReader,
    from_start,
    open_for_reading,
)
from plangate.application.errors import (
    AlteredBundle,
    BundleTooNew,
    DecisionsDiffer,
    ErasesText,
    EventTooNew,
    HistoryDiffers,
    UnreadableEvent,
)
from plangate.application.event_store import EventStore
from plangate.application.plan_log import stored_plan_events
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.replay.check import Mismatch, MismatchKind
from plangate.application.results import Result
from plangate.domain.event_ids import event_id

BATCH_EVENTS: Final = 20_000
BATCH_BYTES: Final = 32 * 1024 * 1024
"""A batch is written when it has so many events, or bytes of events."""

MAX_LISTED: Final = 100
"""How many decisions that differ are listed; all are counted."""

_MAX_BATCH: Final = 2
"""A batch that would split a command may grow by this factor."""


class DifferingDecision(Result):
    """A recorded event that the rules do not give, as `replay.check` finds it."""

    event_id: str
    kind: MismatchKind
    why: str


class FollowedErasure(Result):
    """A plan whose text was erased here too, and from how many events."""

    plan_id: str
    events: int


class ImportReport(Result):
    """How many plans of a bundle were `added`, `extended` or `already_there`.

    `recorded` counts the new events, of all `events` in the bundle. `mismatch_count` of
    their decisions are not those that the rules make; `mismatches` lists the first 100.
    `erasures` are the plans whose text was erased here because it is in the bundle;
    `remains` says why some of it may be left. Repeat the import to erase it from the log,
    or `erase` the plan to clear free space as well.
    """

    plans: int
    events: int
    content_sha256: str
    added: int
    extended: int
    already_there: int
    recorded: int
    checkpoint: str | None = None
    mismatch_count: int = 0
    mismatches: tuple[DifferingDecision, ...] = ()
    erasures: tuple[FollowedErasure, ...] = ()
    remains: str | None = None


class BundleImport:
    """Imports bundles; `follow_erasures` erases text here, given a version for each plan."""

    def __init__(
        self,
        store: EventStore,
        announce: Callable[[], None],
        follow_erasures: Callable[[dict[str, int]], str | None],
    ) -> None:
        self._store = store
        self._announce = announce
        self._follow_erasures = follow_erasures

    def run(
        self, source: BundleTarget, progress: Progress, *, strict: bool, follow_erasures: bool
    ) -> ImportReport:
        """Verify the whole bundle, then write what is missing."""
        with open_for_reading(source) as (stream, size):
            verified = _BundleVerification(self._store)
            report = verified.report(from_start(stream, lambda read: progress(read, 2 * size)))
            if verified.text_here and not follow_erasures:
                raise ErasesText(verified.text_here)
            if strict and report.mismatches:
                first = report.mismatches[0]
                raise DecisionsDiffer(report.mismatch_count, first.event_id, first.why)
            if report.recorded:
                lines = from_start(stream, lambda read: progress(size + read, 2 * size))
                self._record(verified.missing(lines))
            erased_at = {plan_id: verified.erased_at[plan_id] for plan_id in verified.text_here}
            remains = self._follow_erasures(erased_at)
        progress(2 * size, 2 * size)
        return report.model_copy(update={"remains": remains})

    def _record(self, entries: Iterator[StoredEntry]) -> None:
        batch: list[StoredEntry] = []
        size = 0
        for entry in entries:
            full = max(len(batch) / BATCH_EVENTS, size / BATCH_BYTES)
            if full >= 1 and (full >= _MAX_BATCH or self._begins_a_command(entry)):
                self._append(batch)
                batch, size = [], 0
            batch.append(self._store.format.moved(entry))
            size += len(entry.state)
        self._append(batch)

    def _append(self, batch: list[StoredEntry]) -> None:
        self._store.append_stored(batch)
        self._announce()

    def _begins_a_command(self, entry: StoredEntry) -> bool:
        return self._store.format.decode(entry).envelope.causation_id is None


class _BundleVerification:
    """One pass over a bundle: its content, and how much of it is in the store already."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._digests: dict[str, str] = {}
        self._present: dict[str, int] = {}
        self._events = self._extended = 0
        self._plan: IncomingPlan | None = None
        self._differs: HistoryDiffers | None = None
        self._mismatches = 0
        self._listed: list[DifferingDecision] = []
        self.erased_at: dict[str, int] = {}
        self.text_here: dict[str, int] = {}

    def report(self, lines: SealedReader) -> ImportReport:
        """Verify all lines; raises `AlteredBundle`, or `HistoryDiffers` at the end."""
        begun = False
        for raw in lines:
            line = _decoded(raw, lines.number)
            if not begun and isinstance(line, BundleHeader):
                begun = True
            elif begun and isinstance(line, StoredEntry):
                self._add(line, lines.number)
            elif isinstance(line, BundlePlan) and self._plan is not None:
                self._close(self._plan, line, lines.number)
            else:
                raise AlteredBundle(lines.number, "it is not expected here")
        if not begun or self._plan is not None:
            raise AlteredBundle(lines.number, "the bundle ends too early")
        manifest = self._manifest(lines)
        if self._differs is not None:
            raise self._differs
        return ImportReport(
            plans=manifest.plans,
            events=manifest.events,
            content_sha256=manifest.content_sha256,
            added=manifest.plans - len(self._present),
            extended=self._extended,
            already_there=len(self._present) - self._extended,
            recorded=manifest.events - sum(self._present.values()),
            checkpoint=manifest.checkpoint,
            mismatch_count=self._mismatches,
            mismatches=tuple(self._listed),
            erasures=tuple(
                FollowedErasure(plan_id=plan_id, events=events)
                for plan_id, events in self.text_here.items()
            ),
        )

    def missing(self, lines: SealedReader) -> Iterator[StoredEntry]:
        """The events that the store does not have, without text that was erased later."""
        for raw in lines:
            line = _decoded(raw, lines.number)
            if not isinstance(line, StoredEntry):
                continue
            if line.version > self._present.get(line.plan_id, 0):
                later = line.version < self.erased_at.get(line.plan_id, 0)
                yield self._store.format.erased(line) if later else line

    def _add(self, entry: StoredEntry, number: int) -> None:
        plan = self._plan
        if plan is None:
            if entry.plan_id in self._digests:
                raise AlteredBundle(number, f"the plan {entry.plan_id!r} occurs twice")
            if len(self._digests) == MAX_PLANS:
                raise AlteredBundle(number, f"there are more than {MAX_PLANS} plans")
            plan = self._plan = IncomingPlan(self._store, entry.plan_id, self._list)
        if entry.plan_id != plan.plan_id:
            raise AlteredBundle(number, f"it belongs to another plan than {plan.plan_id!r}")
        try:
            is_the_same = plan.add(entry)
        except UnreadableEvent as refused:
            kind = BundleTooNew if isinstance(refused, EventTooNew) else AlteredBundle
            event = event_id(refused.plan_id, refused.version)
            raise kind(number, f"event {event} cannot be read: {refused.why}") from None
        except ValueError as refused:
            raise AlteredBundle(number, str(refused)) from None
        if not is_the_same and self._differs is None:
            self._differs = HistoryDiffers(entry.plan_id, entry.version)

    def _list(self, mismatch: Mismatch) -> None:
        self._mismatches += 1
        if len(self._listed) < MAX_LISTED:
            event_id, kind, why = mismatch.event_id, mismatch.kind, mismatch.why
            self._listed.append(DifferingDecision(event_id=event_id, kind=kind, why=why))

    def _close(self, plan: IncomingPlan, line: BundlePlan, number: int) -> None:
        try:
            closing = plan.closing()
        except ValueError as refused:
            raise AlteredBundle(number, str(refused)) from None
        if line != closing:
            raise AlteredBundle(number, f"it does not match the events of {plan.plan_id!r}")
        self._digests[plan.plan_id] = closing.sha256
        self._events += closing.events
        if plan.present:
            self._present[plan.plan_id] = plan.present
            self._extended += plan.present < closing.events
        if plan.erased_at:
            self.erased_at[plan.plan_id] = plan.erased_at
            texts = self._texts_here(plan.plan_id, plan.erased_at)
            if texts:
                self.text_here[plan.plan_id] = texts
        self._plan = None

    def _texts_here(self, plan_id: str, erased_at: int) -> int:
        """How many events in the store the erasure at that version rewrites."""
        erased = self._store.format.erased
        stored = stored_plan_events(self._store, plan_id)
        return sum(erased(entry) != entry for entry in stored if entry.version < erased_at)

    def _manifest(self, lines: SealedReader) -> BundleManifest:
        line = _decoded(lines.manifest, lines.number)
        if not isinstance(line, BundleManifest):
            raise AlteredBundle(lines.number, "it is not a manifest")
        expected = BundleManifest(
            plans=len(self._digests),
            events=self._events,
            content_sha256=content_digest(self._digests),
            file_sha256=lines.sealed,
            checkpoint=line.checkpoint,
        )
        for fact, value in expected.model_dump().items():
            if getattr(line, fact) != value:
                why = f"{fact} does not match the bundle, which gives {value}"
                raise AlteredBundle(lines.number, why)
        return line


def _decoded(raw: bytes, number: int) -> BundleLine:
    try:
        if number == 1 and format_of(raw) not in {None, FORMAT}:
            why = f"it has format {format_of(raw)}, and this plangate reads {FORMAT}"
            raise BundleTooNew(number, why)
        return decode_line(raw)
    except ValueError as refused:
        raise AlteredBundle(number, str(refused)) from None
