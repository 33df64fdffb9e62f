"""A bundle into a store: seen through to its end first, and only then written.

The bundle is read twice. The first time everything in it is checked, and held against
the plans that are there already: one altered byte, or one plan that went on differently
here, and nothing is written. The second time what is lacking is recorded, up to
`BATCH_EVENTS` and `BATCH_BYTES` at once: all of it or none where it is no more than
that; else stretch by stretch, each of them whole commands, so that whatever interrupts
it, the same import completes it.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from plangate.application.bundles.exporter import entries_of
from plangate.application.bundles.format import (
    FORMAT,
    MAX_PLANS,
    BundleHeader,
    BundleLine,
    BundleManifest,
    BundlePlan,
    PlanDigest,
    content_digest,
    format_of,
    read_line,
)
from plangate.application.bundles.sealed_file import BundleTarget, SealedReader, reading
from plangate.application.errors import (
    AlteredBundle,
    BundleTooNew,
    CorruptEvent,
    HistoryDiffers,
)
from plangate.application.event_store import EventStore
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.results import Result

BATCH_EVENTS: Final = 20_000
BATCH_BYTES: Final = 32 * 1024 * 1024
"""From how many events, or bytes of events, on what is lacking is recorded in stretches."""

_AT_MOST: Final = 2
"""So many times as much, where a command is so large that no stretch ends before."""


class ImportReport(Result):
    """What came of a bundle: of its plans so many were `added`, `extended` or `already_there`.

    `recorded` counts the events that are new here, of all `events` in the bundle. Where
    words that the bundle tells erased were here still, they were erased too; `remains`
    says if something of them may be left, and why. Another import goes on with what is
    left in the log, `erase` of the plan also with what is left in free space.
    """

    plans: int
    events: int
    content_sha256: str
    added: int
    extended: int
    already_there: int
    recorded: int
    checkpoint: str | None = None
    remains: str | None = None


class BundleImport:
    """Takes bundles in. `follow_erasures` erases here what is told to be erased by a version."""

    def __init__(
        self,
        store: EventStore,
        announce: Callable[[], None],
        follow_erasures: Callable[[dict[str, int]], str | None],
    ) -> None:
        self._store = store
        self._announce = announce
        self._follow_erasures = follow_erasures

    def take_in(self, source: BundleTarget, progress: Progress) -> ImportReport:
        """Check the whole bundle, then record what is lacking of it."""
        with reading(source) as stream:
            size = stream.seek(0, 2)
            survey = _Survey(self._store)
            report = survey.of(_from_start(stream, lambda read: progress(read, 2 * size)))
            if report.recorded:
                lines = _from_start(stream, lambda read: progress(size + read, 2 * size))
                self._record(survey.lacking(lines))
            remains = self._follow_erasures(survey.erased_at)
        progress(2 * size, 2 * size)
        return report.model_copy(update={"remains": remains})

    def _record(self, entries: Iterator[StoredEntry]) -> None:
        batch: list[StoredEntry] = []
        held = 0
        for entry in entries:
            full = max(len(batch) / BATCH_EVENTS, held / BATCH_BYTES)
            if full >= 1 and (full >= _AT_MOST or self._begins_a_command(entry)):
                self._append(batch)
                batch, held = [], 0
            batch.append(self._store.format.moved(entry))
            held += len(entry.state)
        self._append(batch)

    def _append(self, batch: list[StoredEntry]) -> None:
        self._store.append_stored(batch)
        self._announce()

    def _begins_a_command(self, entry: StoredEntry) -> bool:
        return self._store.format.decode(entry).envelope.causation_id is None


class _Survey:
    """One bundle seen through: what it holds, and how much of that is there already."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._digests: dict[str, str] = {}
        self._there: dict[str, int] = {}
        self._events = self._extended = 0
        self._plan: _PlanInHand | None = None
        self._differs: HistoryDiffers | None = None
        self.erased_at: dict[str, int] = {}

    def of(self, lines: SealedReader) -> ImportReport:
        """See all lines through; raises `AlteredBundle`, and `HistoryDiffers` at their end."""
        begun = False
        for raw in lines:
            line = _understood(raw, lines.number)
            if not begun and isinstance(line, BundleHeader):
                begun = True
            elif begun and isinstance(line, StoredEntry):
                self._take(line, lines.number)
            elif isinstance(line, BundlePlan) and self._plan is not None:
                self._close(self._plan, line, lines.number)
            else:
                raise AlteredBundle(lines.number, "it is out of place")
        if not begun or self._plan is not None:
            raise AlteredBundle(lines.number, "the bundle ends too early")
        manifest = self._manifest(lines)
        if self._differs is not None:
            raise self._differs
        return ImportReport(
            plans=manifest.plans,
            events=manifest.events,
            content_sha256=manifest.content_sha256,
            added=manifest.plans - len(self._there),
            extended=self._extended,
            already_there=len(self._there) - self._extended,
            recorded=manifest.events - sum(self._there.values()),
            checkpoint=manifest.checkpoint,
        )

    def lacking(self, lines: SealedReader) -> Iterator[StoredEntry]:
        """What of the bundle is not there yet; without words, where they were erased later."""
        for raw in lines:
            line = _understood(raw, lines.number)
            if not isinstance(line, StoredEntry):
                continue
            if line.version > self._there.get(line.plan_id, 0):
                later = line.version < self.erased_at.get(line.plan_id, 0)
                yield self._store.format.erased(line) if later else line

    def _take(self, entry: StoredEntry, number: int) -> None:
        plan = self._plan
        if plan is None:
            if entry.plan_id in self._digests:
                raise AlteredBundle(number, f"the plan {entry.plan_id!r} is there twice")
            if len(self._digests) == MAX_PLANS:
                raise AlteredBundle(number, f"there are more than {MAX_PLANS} plans")
            plan = self._plan = _PlanInHand(self._store, entry.plan_id)
        if entry.plan_id != plan.plan_id:
            raise AlteredBundle(number, f"it belongs to another plan than {plan.plan_id!r}")
        try:
            form = plan.digest.add(entry)
        except CorruptEvent as refused:
            raise AlteredBundle(number, str(refused)) from None
        if not plan.is_as_here(entry, form) and self._differs is None:
            self._differs = HistoryDiffers(entry.plan_id, entry.version)

    def _close(self, plan: "_PlanInHand", line: BundlePlan, number: int) -> None:
        closing = plan.digest.closing()
        if line != closing:
            raise AlteredBundle(number, f"it is not what the events of {plan.plan_id!r} come to")
        self._digests[plan.plan_id] = closing.sha256
        self._events += closing.events
        if plan.there:
            self._there[plan.plan_id] = plan.there
            self._extended += plan.there < closing.events
        if plan.digest.erased_at:
            self.erased_at[plan.plan_id] = plan.digest.erased_at
        self._plan = None

    def _manifest(self, lines: SealedReader) -> BundleManifest:
        line = _understood(lines.manifest, lines.number)
        if not isinstance(line, BundleManifest):
            raise AlteredBundle(lines.number, "it is no manifest")
        expected = BundleManifest(
            plans=len(self._digests),
            events=self._events,
            content_sha256=content_digest(self._digests),
            file_sha256=lines.sealed,
            checkpoint=line.checkpoint,
        )
        for fact, value in expected.model_dump().items():
            if getattr(line, fact) != value:
                why = f"{fact} is not what the bundle comes to, which is {value}"
                raise AlteredBundle(lines.number, why)
        return line


class _PlanInHand:
    """A plan of the bundle beside the same plan as it is here, if it is."""

    def __init__(self, store: EventStore, plan_id: str) -> None:
        self.plan_id = plan_id
        self.digest = PlanDigest(plan_id, store.format)
        self.there = 0
        self._content_form = store.format.content_form
        self._here = entries_of(store, plan_id)

    def is_as_here(self, entry: StoredEntry, form: bytes) -> bool:
        """Whether nothing else is here in the place of an event; to be asked for each in turn."""
        here = next(self._here, None)
        if here is None:
            return True
        self.there += 1
        return here.version == entry.version and self._content_form(here) == form


def _understood(raw: bytes, number: int) -> BundleLine:
    try:
        if number == 1 and format_of(raw) not in {None, FORMAT}:
            why = f"it has format {format_of(raw)}, and this plangate reads {FORMAT}"
            raise BundleTooNew(number, why)
        return read_line(raw)
    except ValueError as refused:
        raise AlteredBundle(number, str(refused)) from None


def _from_start(stream: BinaryIO, progress: Callable[[int], None]) -> SealedReader:
    stream.seek(0)
    return SealedReader(stream, progress)
