"""Plans into a bundle: one after the other, as they are stored, in flat memory."""

from collections.abc import Iterator
from typing import Final

from plangate.application.bundles.format import (
    MAX_LINE,
    MAX_PLANS,
    BundleHeader,
    BundleManifest,
    PlanDigest,
    content_digest,
    event_line,
    written,
)
from plangate.application.bundles.sealed_file import BundleTarget, SealedWriter, writing
from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.plan_selection import PlanIds, selected
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput, Problem

PAGE: Final = 1_000
"""Events that are read at a time."""


class ExportReport(Result):
    """What a new bundle holds. `content_sha256` is the same for the same plans in any store."""

    plans: int
    events: int
    bytes: int
    content_sha256: str


def export_plans(
    store: EventStore,
    target: BundleTarget,
    plan_ids: PlanIds,
    progress: Progress,
    checkpoint: str | None = None,
) -> ExportReport:
    """Write a bundle of whole plans, each as it stands when its turn comes."""
    with writing(target) as stream:
        export = _Export(store, SealedWriter(stream), checkpoint)
        return export.carried_out(selected(store, plan_ids, progress))


class _Export:
    """One bundle being written."""

    def __init__(self, store: EventStore, writer: SealedWriter, checkpoint: str | None) -> None:
        self._store = store
        self._writer = writer
        self._checkpoint = checkpoint
        self._digests: dict[str, str] = {}
        self._events = 0

    def carried_out(self, plan_ids: Iterator[str]) -> ExportReport:
        self._writer.write(written(BundleHeader()))
        for plan_id in plan_ids:
            if len(self._digests) == MAX_PLANS:
                problem = f"a bundle holds at most {MAX_PLANS} plans; name those you want"
                raise InvalidInput([Problem("plan_ids", problem)])
            self._put(plan_id)
        manifest = BundleManifest(
            plans=len(self._digests),
            events=self._events,
            content_sha256=content_digest(self._digests),
            file_sha256=self._writer.sealed(),
            checkpoint=self._checkpoint,
        )
        self._writer.end(written(manifest))
        return ExportReport(
            plans=manifest.plans,
            events=manifest.events,
            bytes=self._writer.size,
            content_sha256=manifest.content_sha256,
        )

    def _put(self, plan_id: str) -> None:
        plan = PlanDigest(plan_id, self._store.format)
        for entry in entries_of(self._store, plan_id):
            if not self._store.format.is_as_written(entry):
                why = "its stored bytes are not as plangate writes them"
                raise CorruptEvent(plan_id, entry.version, why, entry.position)
            plan.add(entry)
            line = event_line(entry)
            if len(line) > MAX_LINE:
                why = f"its line in a bundle would be longer than {MAX_LINE} bytes"
                raise CorruptEvent(plan_id, entry.version, why, entry.position)
            self._writer.write(line)
        closing = plan.closing()
        self._writer.write(written(closing))
        self._digests[plan_id] = closing.sha256
        self._events += closing.events


def entries_of(store: EventStore, plan_id: str) -> Iterator[StoredEntry]:
    """A plan's entries in order, read page by page; a whole page may be missing among them."""
    after = 0
    while page := (
        store.read_stored(plan_id, after=after, until=after + PAGE)
        or store.read_stored(plan_id, after=after)
    ):
        yield from page
        after = page[-1].version
